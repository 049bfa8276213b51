import { LotusError } from "../common/errors.ts";
import type { Lake } from "./lake.ts";
import type { Session } from "./session.ts";
import { literal } from "./sql.ts";

export interface CommitNote {
  /** Who: the asset whose writer commits. */
  author: string;
  /** One line for a person. */
  message: string;
  /** For programs; kept as JSON in the snapshot's extra info. */
  details: Record<string, string | number | null>;
}

/**
 * Runs `work` in one DuckLake transaction and commits it as one snapshot with `note`; on any failure nothing of
 * it stays. The note is made after the work, so that it can say what was done.
 * @throws LotusError LAKE_CONFLICT when another transaction won; the caller plans and tries again.
 */
export async function commitSnapshot<T>(
  session: Session,
  work: () => Promise<{ result: T; note: CommitNote }>,
): Promise<T> {
  await session.execute("BEGIN TRANSACTION");
  try {
    const { result, note } = await work();
    await session.execute(
      `CALL ducklake_set_commit_message('lakehouse', ${literal(note.author)}, ${literal(note.message)},
        extra_info => ${literal(JSON.stringify(note.details))})`,
    );
    await inCommitTurn(() => session.execute("COMMIT"));
    return result;
  } catch (error) {
    await session.rollback().catch(() => {});
    throw error;
  }
}

let commitTurn: Promise<unknown> = Promise.resolve();

/**
 * Commits are serial across a lake: two at once make DuckLake wait and retry, each time longer. So those of one
 * process queue up here instead.
 */
function inCommitTurn<T>(commit: () => Promise<T>): Promise<T> {
  const result = commitTurn.then(commit);
  commitTurn = result.catch(() => {});
  return result;
}

/**
 * Runs `attempt` until it is through: it is planned again, in another session, when another writer was faster, or when
 * `cure` did something about what it failed over.
 * @throws what the last attempt failed with; FENCE_LOST or LAKE_CONFLICT when others were faster again and again.
 */
export async function untilCommitted<T>(
  lake: Lake,
  attempt: (session: Session) => Promise<T>,
  options: { signal?: AbortSignal | undefined; cure?: (error: unknown) => Promise<boolean> },
): Promise<T> {
  for (let count = 0; ; count += 1) {
    try {
      return await lake.withSession(attempt, options.signal);
    } catch (error) {
      if (mayPlanAgain(error, count)) continue;
      if (!(await options.cure?.(error))) throw error;
    }
  }
}

/** How often work that lost against another writer is planned again before its caller hears of it. */
const ATTEMPTS_AFTER_LOSS = 8;

/** Whether work whose attempt number `attempt` (from 0) failed should be planned again: another writer won. */
export function mayPlanAgain(error: unknown, attempt: number): boolean {
  const lost = error instanceof LotusError && (error.code === "FENCE_LOST" || error.code === "LAKE_CONFLICT");
  return lost && attempt < ATTEMPTS_AFTER_LOSS;
}

/** Runs `work` over one snapshot of the lake, and never writes. */
export async function readSnapshot<T>(session: Session, work: () => Promise<T>): Promise<T> {
  // A bracketed read leaves no Postgres session idle in transaction.
  await session.execute("BEGIN TRANSACTION");
  try {
    return await work();
  } finally {
    await session.rollback().catch(() => {});
  }
}
