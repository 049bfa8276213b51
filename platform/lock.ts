import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { z } from "zod";
import { processStart } from "./processes.ts";

/**
 * A lock file that names its holder. It is held while that process lives: a crash frees it, and a process that
 * happens to get the same pid later is told apart by its start time.
 */
const holderSchema = z.object({
  pid: z.number().int(),
  started: z.string().nullable(),
  host: z.string(),
  /** Makes each taking of the lock distinct. */
  token: z.string(),
});

export type Holder = z.infer<typeof holderSchema>;

export type LockAttempt = { held: true; release: () => void } | { held: false; by: Holder };

/** Takes the lock if nobody living holds it. Never waits. */
export function tryLock(file: string): LockAttempt {
  const mine: Holder = {
    pid: process.pid,
    started: processStart(process.pid),
    host: hostname(),
    token: randomBytes(8).toString("hex"),
  };
  const prepared = `${file}.${mine.token}`;
  writeFileSync(prepared, `${JSON.stringify(mine)}\n`, { mode: 0o600 });
  try {
    for (;;) {
      if (linkIfAbsent(prepared, file)) {
        return { held: true, release: () => releaseIfMine(file, mine) };
      }
      const holder = readHolder(file);
      if (holder === "absent") continue;
      if (holder !== "unreadable" && isHeld(holder)) return { held: false, by: holder };
      setAside(file, holder === "unreadable" ? null : holder.token);
    }
  } finally {
    rmSync(prepared, { force: true });
  }
}

/** Who holds the lock now; null when nobody living does. */
export function lockHolder(file: string): Holder | null {
  const holder = readHolder(file);
  return typeof holder === "object" && isHeld(holder) ? holder : null;
}

/** A lock from another machine (a shared folder) cannot be checked from here: it counts as held. */
function isHeld(holder: Holder): boolean {
  if (holder.host !== hostname()) return true;
  const started = processStart(holder.pid);
  return started !== null && (holder.started === null || started === holder.started);
}

function readHolder(file: string): Holder | "absent" | "unreadable" {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "absent" : "unreadable";
  }
}

/** link() is atomic and refuses to replace, and the content is there from the first instant. */
function linkIfAbsent(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Moves a dead holder's lock away. If somebody else took it in between, theirs is put back. */
function setAside(file: string, deadToken: string | null): void {
  const aside = `${file}.dead-${randomBytes(8).toString("hex")}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const moved = readHolder(aside);
  const isTheDeadOne = typeof moved === "object" ? moved.token === deadToken : deadToken === null;
  if (!isTheDeadOne) linkIfAbsent(aside, file);
  rmSync(aside, { force: true });
}

function releaseIfMine(file: string, mine: Holder): void {
  const holder = readHolder(file);
  if (typeof holder === "object" && holder.token === mine.token) rmSync(file, { force: true });
}
