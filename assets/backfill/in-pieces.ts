import { LotusError } from "../../common/errors.ts";
import type { Session } from "../../lake/session.ts";
import { untilCommitted } from "../../lake/transaction.ts";
import { nextBatchLength, type WaitingFile } from "../../sensors/batch-plan.ts";
import { comparePlaces, type RawPlace } from "../../sensors/raw-layout.ts";
import type { FeederContext } from "../feeder/feed-batch.ts";

/** What of a chunk is done, in this process: the files up to a place. */
export interface Progress {
  upTo: RawPlace | null;
  changedRows: number;
}

/** What one piece did; `upTo`: its last file's place where there are more, null where it was the last. */
export interface Piece {
  changedRows: number;
  upTo: RawPlace | null;
}

/**
 * Does a chunk: in one piece, or where memory runs out in ever smaller ones, as a batch is (sensors/appetite.ts). The
 * last piece says that the chunk is done; a chunk that was left half-way is begun anew, and finds what is done.
 * @throws LotusError OUT_OF_MEMORY when a single file is too large.
 */
export async function inPieces(
  { lake, stream, backlog: { appetite } }: FeederContext,
  options: Parameters<typeof untilCommitted>[2],
  attempt: (session: Session, progress: Progress) => Promise<Piece>,
): Promise<{ changedRows: number }> {
  const progress: Progress = { upTo: null, changedRows: 0 };
  for (;;) {
    const next = () => untilCommitted(lake, (session) => attempt(session, progress), options);
    try {
      const { changedRows, upTo } = await (appetite.parts > 1 ? lake.withOneThread(next) : next());
      appetite.grow();
      progress.changedRows += changedRows;
      if (upTo === null) return { changedRows: progress.changedRows };
      progress.upTo = upTo;
    } catch (error) {
      if (!(error instanceof LotusError) || error.code !== "OUT_OF_MEMORY") throw error;
      if (!appetite.shrink(stream.primaryKey.length > 0)) throw error;
    }
  }
}

/** The files of the next piece, of those of a chunk in feeding order, and whether it is the last one. */
export function nextPiece<T extends WaitingFile>(
  { stream, backlog: { appetite } }: FeederContext,
  files: readonly T[],
  { upTo }: Progress,
): { piece: T[]; last: boolean } {
  const rest = upTo === null ? files : files.filter(({ place }) => comparePlaces(place, upTo) > 0);
  const piece = rest.slice(0, nextBatchLength(rest, appetite.limits(stream.feeder)));
  appetite.take(piece);
  return { piece, last: piece.length === rest.length };
}
