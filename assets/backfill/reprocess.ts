import { LotusError } from "../../common/errors.ts";
import { isModelFault } from "../../lake/faults.ts";
import { advanceFence, readFence } from "../../lake/fence.ts";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import { commitSnapshot } from "../../lake/transaction.ts";
import type { WaitingFile } from "../../sensors/batch-plan.ts";
import { rawPrefix, readPlace } from "../../sensors/raw-layout.ts";
import type { Stream } from "../definitions.ts";
import type { FeederContext } from "../feeder/feed-batch.ts";
import { mergeSource } from "../feeder/land-files.ts";
import { readLandingSql, reconcileLanding } from "../feeder/landing.ts";
import { mendLanding } from "../feeder/mend.ts";
import { freeRows } from "../feeder/processed.ts";
import { refuseHeld } from "../holds.ts";
import { modelFault } from "../model-fault.ts";
import { filesOf } from "./chunks.ts";
import { inPieces, nextPiece, type Piece, type Progress } from "./in-pieces.ts";
import { type LedgerFile, ledgerFiles } from "./plan.ts";
import { type Chunk, chunkStateSql, readChunks } from "./record.ts";

/** Which piece of which backfill, and for whom. */
export interface ChunkRequest {
  backfill: string;
  number: number;
  runId: string;
  signal?: AbortSignal;
}

export interface ChunkOutcome {
  changedRows: number;
}

/**
 * Runs the processed model again over a chunk's rows, as landing holds them, and merges what differs; a row of which
 * the table has a later version stays. That the chunk is done is written in the same snapshot.
 * @throws LotusError MODEL_FAILED, ASSET_HELD, NOT_FOUND for a chunk that nobody planned, OUT_OF_MEMORY
 */
export async function reprocessChunk(context: FeederContext, request: ChunkRequest): Promise<ChunkOutcome> {
  const options = {
    signal: request.signal,
    cure: (error: unknown) => mendLanding(context, error, request),
  };
  return inPieces(context, options, (session, progress) => attempt(context, request, session, progress));
}

async function attempt(
  context: FeederContext,
  request: ChunkRequest,
  session: Session,
  progress: Progress,
): Promise<Piece> {
  const { stream } = context;
  const { asset } = stream.processed;
  const epoch = await readFence(session, asset);
  const chunk = await findChunk(session, request);
  if (chunk.state === "done") return { changedRows: 0, upTo: null };
  await refuseHeld(session, asset);
  const files = filesOfChunk(stream, chunk, await ledgerFiles(session, stream, "fed"));
  const { piece, last } = nextPiece(context, files, progress);
  return commitSnapshot(session, async () => {
    const changedRows = piece.length === 0 ? 0 : await mergeAgain(context, session, piece);
    await advanceFence(session, asset, epoch);
    if (last) {
      const done = { state: "done", changedRows: progress.changedRows + changedRows } as const;
      await session.execute(chunkStateSql(request.backfill, chunk, { ...done, run: request.runId }));
    }
    return {
      result: { changedRows, upTo: last ? null : (piece.at(-1)?.place ?? null) },
      note: {
        author: `feeder_${stream.source}_${stream.stream}`,
        message: `reprocess ${piece.length} files, ${changedRows} rows changed in ${asset}`,
        details: {
          work: "reprocess",
          runId: request.runId,
          backfill: request.backfill,
          chunk: request.number,
          asset,
        },
      },
    };
  });
}

/** @throws LotusError NOT_FOUND */
export async function findChunk(session: Session, { backfill, number }: ChunkRequest): Promise<Chunk> {
  const [chunk] = await readChunks(session, backfill, number);
  if (chunk) return chunk;
  throw new LotusError("NOT_FOUND", `Backfill ${backfill} has no chunk ${number}.`);
}

/** Those of the files that a chunk holds, in feeding order. */
export function filesOfChunk<T extends WaitingFile>(
  { source, stream }: Stream,
  { files }: Chunk,
  all: readonly T[],
): T[] {
  const prefix = rawPrefix(source, stream);
  const [first, last] = [readPlace(prefix, files?.firstKey ?? ""), readPlace(prefix, files?.lastKey ?? "")];
  return "reason" in first || "reason" in last ? [] : filesOf(all, first, last);
}

async function mergeAgain(
  context: FeederContext,
  session: Session,
  files: readonly LedgerFile[],
): Promise<number> {
  const { stream } = context;
  const landing = await reconcileLanding(session, stream);
  const paths = files.map(({ path }) => literal(path)).join(", ");
  const source = `${readLandingSql(stream, landing)} WHERE filename IN (${paths})`;
  try {
    const changed = await mergeSource(context, session, source, landing, "different");
    await freeRows(session, stream);
    return changed;
  } catch (error) {
    if (!isModelFault(error)) throw error;
    throw modelFault(stream.processed.asset, stream.processed.file, error);
  }
}
