import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { homedir, hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { LotusError } from "../common/errors.ts";
import { tryLock } from "./lock.ts";
import type { Report } from "./progress.ts";

/**
 * The folder for what was downloaded or built once. Nothing in it is secret, and all of it can be had again.
 * One per operating system and architecture, since home folders are shared between machines.
 */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const base =
    environment.LOTUS_CACHE_DIR ||
    (environment.XDG_CACHE_HOME
      ? join(environment.XDG_CACHE_HOME, "lotus")
      : join(homeFolder(), ".cache", "lotus"));
  return join(base, `${process.platform}-${process.arch}`);
}

/**
 * Service accounts often have a home that does not exist: they get a folder in the temporary one, and only one
 * that nobody else could have prepared, since programs are run from it.
 */
function homeFolder(): string {
  const home = homedir();
  if (existsSync(home)) return home;
  const owner = process.getuid?.() ?? 0;
  const substitute = join(tmpdir(), `lotus-home-${owner}`);
  mkdirSync(substitute, { recursive: true, mode: 0o700 });
  const found = lstatSync(substitute);
  if (!found.isDirectory() || found.uid !== owner) {
    throw new LotusError(
      "PROVISION_FAILED",
      `${substitute} belongs to somebody else. Set LOTUS_CACHE_DIR to a folder of your own.`,
    );
  }
  return substitute;
}

/**
 * Makes `target` (a file or folder in the cache) unless it is there: `build` gets an empty folder beside it and
 * returns the path inside that is renamed to `target`, so a half-made one is never seen. Of two processes at
 * once, one builds and the other waits for it.
 */
export async function cached(
  target: string,
  report: Report,
  build: (workFolder: string) => Promise<string>,
): Promise<string> {
  if (existsSync(target)) return target;
  mkdirSync(dirname(target), { recursive: true });
  const unlock = await lockOrWait(`${target}.lock`, report);
  try {
    if (existsSync(target)) return target;
    sweepOldWork(dirname(target));
    const workFolder = mkdtempSync(join(dirname(target), ".work-"));
    try {
      const made = await build(workFolder);
      publish(made, target);
      return target;
    } finally {
      removeFolder(workFolder);
    }
  } finally {
    unlock();
  }
}

/** Renames into place; somebody else's finished copy, which is the same, is as good. */
function publish(made: string, target: string): void {
  try {
    renameSync(made, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  }
}

/** A holder on another machine may be long dead: then both work, and the first to finish wins. */
async function lockOrWait(file: string, report: Report): Promise<() => void> {
  let told = false;
  for (;;) {
    const attempt = tryLock(file);
    if (attempt.held) return attempt.release;
    if (attempt.by.host !== hostname()) return () => {};
    if (!told)
      report(`waiting for process ${attempt.by.pid}, which is making ${file.replace(/\.lock$/, "")}`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Work folders that a killed process left behind, once they are a day old. */
function sweepOldWork(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(".work-")) continue;
    const path = join(folder, name);
    if (Date.now() - statSync(path).mtimeMs > 86_400_000) removeFolder(path);
  }
}

function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 2 });
}
