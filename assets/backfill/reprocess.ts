import { LotusError } from "../../common/errors.ts";
import { isModelFault } from "../../lake/faults.ts";
import { advanceFence, readFence } from "../../lake/fence.ts";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import { commitSnapshot, untilCommitted } from "../../lake/transaction.ts";
import { rawPrefix, readPlace } from "../../sensors/raw-layout.ts";
import type { FeederContext } from "../feeder/feed-batch.ts";
import { readLandingSql, reconcileLanding } from "../feeder/landing.ts";
import { mendLanding } from "../feeder/mend.ts";
import { checkUniqueKey, freeRows, keepRows, mergeRows, modelRows } from "../feeder/processed.ts";
import { refuseHeld } from "../holds.ts";
import { modelFault } from "../model-fault.ts";
import { filesOf } from "./chunks.ts";
import { ledgerFiles } from "./plan.ts";
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
 * @throws LotusError MODEL_FAILED, ASSET_HELD, NOT_FOUND for a chunk that nobody planned
 */
export async function reprocessChunk(context: FeederContext, request: ChunkRequest): Promise<ChunkOutcome> {
  return untilCommitted(context.lake, (session) => attempt(context, request, session), {
    signal: request.signal,
    cure: (error) => mendLanding(context, error, request),
  });
}

async function attempt(
  context: FeederContext,
  request: ChunkRequest,
  session: Session,
): Promise<ChunkOutcome> {
  const { stream } = context;
  const { asset } = stream.processed;
  const epoch = await readFence(session, asset);
  const chunk = await findChunk(session, request);
  if (chunk.state === "done") return { changedRows: 0 };
  await refuseHeld(session, asset);
  return commitSnapshot(session, async () => {
    const changedRows = await mergeAgain(context, session, chunk);
    await advanceFence(session, asset, epoch);
    await session.execute(
      chunkStateSql(request.backfill, chunk, { state: "done", changedRows, run: request.runId }),
    );
    return {
      result: { changedRows },
      note: {
        author: `feeder_${stream.source}_${stream.stream}`,
        message: `reprocess ${chunk.files?.files ?? 0} files, ${changedRows} rows changed in ${asset}`,
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

async function mergeAgain(
  { stream, model }: FeederContext,
  session: Session,
  { files }: Chunk,
): Promise<number> {
  const prefix = rawPrefix(stream.source, stream.stream);
  const [first, last] = [readPlace(prefix, files?.firstKey ?? ""), readPlace(prefix, files?.lastKey ?? "")];
  if ("reason" in first || "reason" in last) return 0;
  const landing = await reconcileLanding(session, stream);
  const paths = filesOf(await ledgerFiles(session, stream, "fed"), first, last).map(({ path }) => path);
  if (paths.length === 0) return 0;
  const source = `${readLandingSql(stream, landing)} WHERE filename IN (${paths.map((path) => literal(path)).join(", ")})`;
  try {
    const rows = await keepRows(session, await modelRows(session, stream, model, source, landing));
    if (stream.processed.head.unique_key) await checkUniqueKey(session, stream, rows);
    const changed = await mergeRows(session, stream, rows, "different");
    await freeRows(session, stream);
    return changed;
  } catch (error) {
    if (!isModelFault(error)) throw error;
    throw modelFault(stream.processed.asset, stream.processed.file, error);
  }
}
