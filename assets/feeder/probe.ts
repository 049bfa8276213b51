import { firstLine, isContentFault } from "../../lake/faults.ts";
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

/**
 * Reads every value of each file by itself, to tell a file's fault from a model's. A footer can be whole while the
 * pages behind it are not.
 */
export async function findUnreadable(session: Session, files: readonly InspectedFile[]): Promise<Culprits> {
  return findCulprits(files, unreadableReason, (file) =>
    session.execute(readEverythingSql(`read_parquet(${literal([file.path])}, hive_partitioning = false)`)),
  );
}

/** Tries to register each file by itself, in a transaction that is rolled back. */
export async function findUnregistrable(
  session: Session,
  stream: Stream,
  files: readonly InspectedFile[],
  added: readonly Column[],
): Promise<Culprits> {
  const reason = (error: unknown) => `cannot be registered: ${firstLine(error)}; correct the file's columns`;
  return findCulprits(files, reason, async (file) => {
    await session.execute("BEGIN TRANSACTION");
    try {
      await reconcileLanding(session, stream, added);
      await registerFiles(session, stream, [file.path]);
    } finally {
      await session.execute("ROLLBACK").catch(() => {});
    }
  });
}

async function findCulprits(
  files: readonly InspectedFile[],
  reason: (error: unknown) => string,
  attempt: (file: InspectedFile) => Promise<void>,
): Promise<Culprits> {
  const culprits: Culprits = { rejected: [], vanished: [] };
  for (const file of files) {
    try {
      await attempt(file);
    } catch (error) {
      if (isMissing(error)) culprits.vanished.push(file);
      else if (isContentFault(error)) culprits.rejected.push({ ...file, reason: reason(error) });
      else throw error;
    }
  }
  return culprits;
}
