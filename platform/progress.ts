import { messageOf } from "../common/errors.ts";

/** Takes one line of progress for people to read. */
export type Report = (line: string) => void;

const heartbeatMilliseconds = 15_000;

/**
 * Runs one step of work that may take long: a line when it starts, one every 15 seconds while it lasts, and one
 * with the seconds it took when it ends. What the work throws is passed on.
 */
export async function step<T>(report: Report, title: string, work: () => Promise<T>): Promise<T> {
  const start = Date.now();
  const seconds = () => ((Date.now() - start) / 1000).toFixed(1);
  report(`${title} ...`);
  const heartbeat = setInterval(
    () => report(`${title}: still working, ${Math.round((Date.now() - start) / 1000)} s`),
    heartbeatMilliseconds,
  );
  try {
    const result = await work();
    report(`${title}: done in ${seconds()} s`);
    return result;
  } catch (error) {
    report(`${title}: failed after ${seconds()} s: ${firstLine(messageOf(error))}`);
    throw error;
  } finally {
    clearInterval(heartbeat);
  }
}

/** The first line of a text that says something, for reasons in one line. */
export function firstLine(text: string): string {
  return (
    text
      .split("\n")
      .map((line) => line.trim())
      .find((line) => line !== "") ?? ""
  );
}
