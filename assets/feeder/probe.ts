import { firstLine, isContentFault, isInternalFault, refusedAllocation } from "../../lake/faults.ts";
import type { Lake } from "../../lake/lake.ts";
import { bytesOf, memoryLimit } from "../../lake/memory.ts";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import type { WaitingFile } from "../../sensors/batch-plan.ts";
import type { Column, Stream } from "../definitions.ts";
import { reconcileLanding, registerFiles } from "./landing.ts";
import { type InspectedFile, isMissing, type RejectedFile, unreadableReason } from "./raw-files.ts";

/** Files that are to blame for a failure. */
export interface Culprits {
  rejected: RejectedFile[];
  /** No longer in S3. */
  vanished: WaitingFile[];
}

/** A SELECT that reads every value of `source`, a FROM item, and answers with one row. */
export function readEverythingSql(source: string): string {
  return `SELECT max(hash(COLUMNS(*))) FROM ${source}`;
}

/** Reads every value of a file. */
export function readFile(session: Session, { path }: { path: string }): Promise<void> {
  return session.execute(readEverythingSql(`read_parquet(${literal([path])}, hive_partitioning = false)`));
}

/**
 * Reads every value of each file by itself, to tell a file's fault from a model's. A footer can be whole while the
 * pages behind it are not.
 */
export async function findUnreadable(lake: Lake, files: readonly InspectedFile[]): Promise<Culprits> {
  return findCulprits(lake, files, readFile, unreadableReason);
}

/** Tries to register each file by itself, in a transaction that is rolled back. */
export async function findUnregistrable(
  lake: Lake,
  stream: Stream,
  files: readonly InspectedFile[],
  added: readonly Column[],
): Promise<Culprits> {
  const reason = (error: unknown) => `cannot be registered: ${firstLine(error)}; correct the file's columns`;
  const register = async (session: Session, file: InspectedFile) => {
    await session.execute("BEGIN TRANSACTION");
    try {
      await reconcileLanding(session, stream, added);
      await registerFiles(session, stream, [file.path]);
    } finally {
      await session.rollback().catch(() => {});
    }
  };
  return findCulprits(lake, files, register, reason);
}

/** A page of a file that asks for more than this share of the memory is the file's fault, not that of many files. */
const MEMORY_SHARE = 2;
/** The same where the file stands alone and nothing more can be done to spare memory. */
const LAST_MEMORY_SHARE = 8;
/** What a sound file may well ask for, however little memory there is, bytes. */
const USUAL_REQUEST = 64 * 1024 ** 2;

/**
 * After a statement ran out of memory: the files of which a single page, or column of a row group, takes too much of
 * it, be it that they say so or that they are damaged. Nothing is read unless the failed request was that large.
 */
export async function findTooLarge(
  lake: Lake,
  files: readonly InspectedFile[],
  error: unknown,
  options: { last: boolean },
): Promise<RejectedFile[]> {
  if (refusedAllocation(error) === null) return [];
  const share = options.last ? LAST_MEMORY_SHARE : MEMORY_SHARE;
  const limit = Math.max((await lake.withSession(memoryLimit)) / share, USUAL_REQUEST);
  if (!isTooLarge(error, limit)) return [];
  const rejected: RejectedFile[] = [];
  for (const file of files) {
    try {
      await lake.withSession((session) => readFile(session, file));
    } catch (fault) {
      if (isTooLarge(fault, limit)) rejected.push({ ...file, reason: tooLargeReason(fault) });
    }
  }
  return rejected;
}

function isTooLarge(error: unknown, limit: number): boolean {
  const asked = refusedAllocation(error);
  return asked !== null && bytesOf(asked) > limit;
}

function tooLargeReason(error: unknown): string {
  return (
    `cannot be read: it asks for ${refusedAllocation(error)} of memory at once; if it is not damaged, write it with ` +
    "smaller pages and row groups, or raise LOTUS_MEMORY_LIMIT and retry it"
  );
}

/** Each in a session of its own: what DuckDB fails over in itself takes the session with it. */
async function findCulprits(
  lake: Lake,
  files: readonly InspectedFile[],
  attempt: (session: Session, file: InspectedFile) => Promise<void>,
  reason: (error: unknown) => string,
): Promise<Culprits> {
  const culprits: Culprits = { rejected: [], vanished: [] };
  for (const file of files) {
    try {
      await lake.withSession((session) => attempt(session, file));
    } catch (error) {
      if (isMissing(error)) culprits.vanished.push(file);
      else if (isContentFault(error) || isInternalFault(error)) {
        culprits.rejected.push({ ...file, reason: reason(error) });
      } else throw error;
    }
  }
  return culprits;
}
