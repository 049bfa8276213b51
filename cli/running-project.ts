import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const schema = z.object({
  /** The project's folder; null where only an API was started. */
  dir: z.string().nullable().default(null),
  /** Where the API listens; null while it does not. */
  api: z.string().nullable().default(null),
  /** Where it listened last. */
  apiPort: z.number().nullable().default(null),
});

type Running = z.infer<typeof schema>;

function file(stateDir: string): string {
  return join(stateDir, "project.json");
}

function read(stateDir: string): Running {
  try {
    return schema.parse(JSON.parse(readFileSync(file(stateDir), "utf8")));
  } catch {
    return { dir: null, api: null, apiPort: null };
  }
}

function note(stateDir: string, change: Partial<Running>): void {
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(file(stateDir), `${JSON.stringify({ ...read(stateDir), ...change })}\n`);
}

/** Notes which project the lake on this state folder runs, so that other commands take the same. */
export function rememberProject(stateDir: string, dir: string): void {
  note(stateDir, { dir });
}

/** The folder of the project that was last started on this state folder, or null. */
export function rememberedProject(stateDir: string): string | null {
  return read(stateDir).dir;
}

/** Notes where the API of the lake on this state folder listens, so that commands find it. */
export function rememberApi(stateDir: string, url: string): void {
  note(stateDir, { api: url, apiPort: Number(new URL(url).port) });
}

/** Notes that it does not listen any more; its port is kept, for the next start. */
export function forgetApi(stateDir: string, url: string): void {
  if (read(stateDir).api === url) note(stateDir, { api: null });
}

/** Where the API of the lake on this state folder listens, or null. */
export function rememberedApi(stateDir: string): string | null {
  return read(stateDir).api;
}

/** The port that the API of this state folder listened on last, or null. */
export function lastApiPort(stateDir: string): number | null {
  return read(stateDir).apiPort;
}
