import { mkdir, readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { LotusError, messageOf } from "../common/errors.ts";

const FOLDER = /^duckdb-(.+)-(\d+)-(\d+)$/;
const made = new Set<string>();

/**
 * A folder for the spill files of one DuckDB instance, inside `spillDir`: two instances in one folder would write over
 * each other's files. DuckDB makes it when it first spills and deletes it at the end; what processes of this machine
 * that are no longer alive left behind is deleted here.
 * @throws LotusError SETTINGS_INVALID when the folder cannot be made.
 */
export async function claimSpillFolder(spillDir: string): Promise<string> {
  try {
    await mkdir(spillDir, { recursive: true });
  } catch (error) {
    throw new LotusError(
      "SETTINGS_INVALID",
      `The spill folder cannot be made: ${messageOf(error)}. Set LOTUS_STATE_DIR to a folder that can be written.`,
      { cause: error },
    );
  }
  await removeLeftovers(spillDir);
  const folder = join(spillDir, `duckdb-${hostname()}-${process.pid}-${made.size + 1}`);
  made.add(folder);
  return folder;
}

async function removeLeftovers(spillDir: string): Promise<void> {
  for (const name of await readdir(spillDir)) {
    const folder = join(spillDir, name);
    const [, host, pid] = FOLDER.exec(name) ?? [];
    // Whether a process of another machine (a shared folder) is alive cannot be known here.
    if (host !== hostname() || made.has(folder)) continue;
    // A container's next process has the same pid as its last one: what bears ours and is not ours is a leftover.
    if (Number(pid) !== process.pid && isAlive(Number(pid))) continue;
    await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
