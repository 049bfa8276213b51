import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const schema = z.object({ dir: z.string() });

function file(stateDir: string): string {
  return join(stateDir, "project.json");
}

/** Notes which project the lake on this state folder runs, so that other commands find it. */
export function rememberProject(stateDir: string, dir: string): void {
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(file(stateDir), `${JSON.stringify({ dir })}\n`);
}

/** The project that was last started on this state folder, or null. */
export function rememberedProject(stateDir: string): string | null {
  try {
    return schema.parse(JSON.parse(readFileSync(file(stateDir), "utf8"))).dir;
  } catch {
    return null;
  }
}
