import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const schema = z.object({
  dir: z.string(),
  /** Where its API listens; null while it does not. */
  api: z.string().nullable().default(null),
});

export type Running = z.infer<typeof schema>;

function file(stateDir: string): string {
  return join(stateDir, "project.json");
}

/** Notes which project the lake on this state folder runs, and where its API is, so that other commands find them. */
export function rememberRunning(stateDir: string, running: Running): void {
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(file(stateDir), `${JSON.stringify(running)}\n`);
}

/** What was last started on this state folder, or null. */
export function rememberedRunning(stateDir: string): Running | null {
  try {
    return schema.parse(JSON.parse(readFileSync(file(stateDir), "utf8")));
  } catch {
    return null;
  }
}
