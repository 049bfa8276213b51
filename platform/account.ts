import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";

/** Whom Postgres runs as when we are root, which it refuses. */
export interface Account {
  uid: number;
  gid: number;
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * The account for Postgres: null (ourselves) unless we are root; then the owner of its existing data, or the
 * system's `postgres`, or `nobody`.
 */
export function postgresAccount(dataFolder: string): Account | null {
  if (!isRoot()) return null;
  if (existsSync(dataFolder)) {
    const { uid, gid } = statSync(dataFolder);
    if (uid !== 0) return { uid, gid };
  }
  return systemAccount("postgres") ?? systemAccount("nobody") ?? { uid: 65534, gid: 65534 };
}

function systemAccount(name: string): Account | null {
  const accounts = existsSync("/etc/passwd") ? readFileSync("/etc/passwd", "utf8") : "";
  const line = accounts.split("\n").find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return Number(uid) > 0 && Number(gid) >= 0 ? { uid: Number(uid), gid: Number(gid) } : null;
}

/** Whether the account can enter the folder; tried, since permissions have more to them than mode bits. */
export function canEnter(account: Account | null, folder: string): boolean {
  if (account === null) return true;
  const tried = spawnSync("/bin/sh", ["-c", 'cd "$1"', "sh", folder], {
    ...account,
    cwd: "/",
    stdio: "ignore",
  });
  return tried.status === 0;
}

/** Whether the account can run the program. */
export function canRun(account: Account | null, program: string): boolean {
  const tried = spawnSync(program, ["--version"], { ...(account ?? {}), cwd: "/", env: {}, stdio: "ignore" });
  return tried.status === 0;
}
