import { LotusError } from "../../common/errors.ts";
import { readFence } from "../../lake/fence.ts";
import type { Session } from "../../lake/session.ts";
import { untilCommitted } from "../../lake/transaction.ts";
import { rawPrefix, readPlace } from "../../sensors/raw-layout.ts";
import { ledgerRecords, readCursorKey } from "../feeder/batch-record.ts";
import { commitFiles } from "../feeder/commit-files.ts";
import type { FeederContext } from "../feeder/feed-batch.ts";
import { FilesAtFault } from "../feeder/land-files.ts";
import { prepareFiles } from "../feeder/prepare.ts";
import type { RejectedFile } from "../feeder/raw-files.ts";
import { refuseHeld } from "../holds.ts";
import { filesOf } from "./chunks.ts";
import { ledgerFiles } from "./plan.ts";
import { chunkStateSql } from "./record.ts";
import { type ChunkOutcome, type ChunkRequest, findChunk } from "./reprocess.ts";

/**
 * Feeds a chunk's files once more, which retention removed and which are back in S3: as copies, since a path is never
 * registered twice. Of a row of which the table has the same or a later version, the table's stays. One batch, with
 * a ledger, and that the chunk is done in the same snapshot; or that it failed, where a file cannot be fed: its next
 * attempt takes what is left.
 * @throws LotusError MODEL_FAILED, ASSET_HELD, NOT_FOUND; FILE_UNREADABLE when not one file can be fed
 */
export async function refeedChunk(context: FeederContext, request: ChunkRequest): Promise<ChunkOutcome> {
  const atFault = new Map<string, RejectedFile>();
  const gone = new Set<string>();
  return untilCommitted(context.lake, (session) => attempt(context, request, session, { atFault, gone }), {
    signal: request.signal,
    cure: async (error) => {
      if (!(error instanceof FilesAtFault)) return false;
      for (const file of error.culprits.rejected) atFault.set(file.key, file);
      for (const file of error.culprits.vanished) gone.add(file.key);
      return true;
    },
  });
}

async function attempt(
  context: FeederContext,
  request: ChunkRequest,
  session: Session,
  known: { atFault: ReadonlyMap<string, RejectedFile>; gone: ReadonlySet<string> },
): Promise<ChunkOutcome> {
  const { stream, store, backlog } = context;
  const { asset } = stream.processed;
  const startedAt = new Date();
  const epoch = await readFence(session, asset);
  const chunk = await findChunk(session, request);
  if (chunk.state === "done") return { changedRows: 0 };
  await refuseHeld(session, asset);
  await backlog.ledger.refresh(session);
  const prefix = rawPrefix(stream.source, stream.stream);
  const [first, last] = [chunk.files?.firstKey, chunk.files?.lastKey].map((key) =>
    readPlace(prefix, key ?? ""),
  );
  const removed = await ledgerFiles(session, stream, "removed");
  const files =
    !first || !last || "reason" in first || "reason" in last
      ? []
      : filesOf(removed, first, last)
          .filter((file) => !known.gone.has(file.key))
          .map((file) => ({ ...file, replaces: backlog.ledger.fedAt(file.key) }));
  const { landing, rejected, added } = await prepareFiles(context, session, files, known.atFault);
  const cursorKey = await readCursorKey(session, store, stream);
  const { runId } = request;
  const batchId = `backfill/${request.backfill}/${request.number}/${chunk.attempt}`;
  const changedRows = landing.reduce((sum, file) => sum + file.rows, 0);
  const fault = faultOf(rejected);
  if (fault && landing.length === 0) throw fault;
  const outcome = fault
    ? ({ state: "failed", message: `${fault.message} [${fault.code}]` } as const)
    : ({ state: "done" } as const);
  const committed = await commitFiles(context, { batchId, runId }, session, {
    landing,
    added,
    setAside: [],
    cursorKey,
    epoch,
    startedAt,
    also: chunkStateSql(request.backfill, chunk, { ...outcome, changedRows, run: runId }),
  });
  backlog.ledger.advance(committed.epoch, ledgerRecords(committed, store));
  return { changedRows };
}

/** They were fed once, and are the same: it is landing that does not take them any more. They are not set aside. */
function faultOf(rejected: readonly RejectedFile[]): LotusError | null {
  const [first] = rejected;
  if (!first) return null;
  const more = rejected.length > 1 ? `, and ${rejected.length - 1} more` : "";
  return new LotusError(
    "FILE_UNREADABLE",
    `${first.key}: ${first.reason}${more}. Correct that, and retry the chunk: it takes what is not fed yet.`,
  );
}
