import { generateSample, type Put } from "./samples/generate.ts";

/** Sample data for an empty bucket: a year of a small shop. `lotus up` calls this; see also `lotus sample --help`. */
export async function generate(options: { put: Put; report: (line: string) => void }): Promise<void> {
  await generateSample({ seed: 1, size: "small", ...options });
}
