import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { step } from "../../platform/progress.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const BY_HAND =
  "The console's tests need Chromium. Install it (Debian: apt-get install chromium; macOS: brew install --cask " +
  "chromium), or set LOTUS_CHROMIUM to the program of a Chromium or Chrome that is there.";

/**
 * The path of a Chromium: LOTUS_CHROMIUM, one on PATH, or Debian's package, installed now where we are root there.
 * @throws Error that says what to install by hand.
 */
export async function provideChromium(): Promise<string> {
  const given = process.env.LOTUS_CHROMIUM;
  if (given) {
    if (isProgram(given)) return given;
    throw new Error(
      `LOTUS_CHROMIUM names ${given}, which is no program that can be run. Correct or unset it.`,
    );
  }
  const there = onPath();
  if (there) return there;
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) throw new Error(BY_HAND);
  const report = (line: string) => process.stderr.write(`${line}\n`);
  const apt = (...args: string[]) =>
    execa("apt-get", args, { env: { DEBIAN_FRONTEND: "noninteractive" }, stdin: "ignore", timeout: 300_000 });
  try {
    await step(report, "installing Debian's Chromium for the console's tests", async () => {
      await apt("update");
      await apt("install", "--yes", "--no-install-recommends", "chromium");
    });
  } catch (error) {
    throw new Error(BY_HAND, { cause: error });
  }
  const installed = onPath();
  if (!installed) throw new Error(BY_HAND);
  return installed;
}

function onPath(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
