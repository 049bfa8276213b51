import { LotusError } from "../../common/errors.ts";
import { readFence } from "../../lake/fence.ts";
import type { Session } from "../../lake/session.ts";
import { ledgerRecords, readCursorKey } from "../feeder/batch-record.ts";
import { commitFiles } from "../feeder/commit-files.ts";
import type { FeederContext } from "../feeder/feed-batch.ts";
import { FilesAtFault } from "../feeder/land-files.ts";
import { prepareFiles } from "../feeder/prepare.ts";
import type { RejectedFile } from "../feeder/raw-files.ts";
import { refuseHeld } from "../holds.ts";
import { inPieces, nextPiece, type Piece, type Progress } from "./in-pieces.ts";
import { ledgerFiles } from "./plan.ts";
import { chunkStateSql } from "./record.ts";
import { type ChunkOutcome, type ChunkRequest, filesOfChunk, findChunk } from "./reprocess.ts";

/**
 * Feeds a chunk's files once more, which retention removed and which are back in S3: as copies, since a path is never
 * registered twice. Of a row of which the table has the same or a later version, the table's stays. One batch, with
 * a ledger, and that the chunk is done in the same snapshot; or that it failed, where a file cannot be fed: its next
 * attempt takes what is left.
 * @throws LotusError MODEL_FAILED, ASSET_HELD, NOT_FOUND; FILE_UNREADABLE when not one file can be fed
 */
export async function refeedChunk(context: FeederContext, request: ChunkRequest): Promise<ChunkOutcome> {
  const known: Known = { atFault: new Map(), gone: new Set() };
  const cure = async (error: unknown) => {
    if (!(error instanceof FilesAtFault)) return false;
    for (const file of error.culprits.rejected) known.atFault.set(file.key, file);
    for (const file of error.culprits.vanished) known.gone.add(file.key);
    return true;
  };
  return inPieces(context, { signal: request.signal, cure }, (session, progress) =>
    attempt(context, request, session, { known, progress }),
  );
}

/** What earlier attempts learnt of the chunk's files. */
interface Known {
  atFault: Map<string, RejectedFile>;
  gone: Set<string>;
}

async function attempt(
  context: FeederContext,
  request: ChunkRequest,
  session: Session,
  { known, progress }: { known: Known; progress: Progress },
): Promise<Piece> {
  const { stream, store, backlog } = context;
  const { asset } = stream.processed;
  const startedAt = new Date();
  const epoch = await readFence(session, asset);
  const chunk = await findChunk(session, request);
  if (chunk.state === "done") return { changedRows: 0, upTo: null };
  await refuseHeld(session, asset);
  await backlog.ledger.refresh(session);
  const removed = filesOfChunk(stream, chunk, await ledgerFiles(session, stream, "removed"));
  const present = removed.filter((file) => !known.gone.has(file.key));
  const { piece, last } = nextPiece(context, present, progress);
  const files = piece.map((file) => ({ ...file, replaces: backlog.ledger.fedAt(file.key) }));
  const { landing, rejected, added } = await prepareFiles(context, session, files, known.atFault);
  for (const file of rejected) known.atFault.set(file.key, file);
  const fault = faultOf([...known.atFault.values()]);
  const upTo = last ? null : (piece.at(-1)?.place ?? null);
  if (landing.length === 0 && !last) return { changedRows: 0, upTo };
  if (landing.length === 0 && fault) throw fault;
  const { runId } = request;
  const committed = await commitFiles(
    context,
    // A chunk may take several, in several attempts: each has an epoch of its own.
    { batchId: `backfill/${request.backfill}/${request.number}/${epoch}`, runId },
    session,
    {
      landing,
      added,
      setAside: [],
      cursorKey: await readCursorKey(session, store, stream),
      epoch,
      startedAt,
      also: (changedRows) => {
        const changed = progress.changedRows + changedRows;
        return last
          ? chunkStateSql(request.backfill, chunk, { ...endOf(fault), changedRows: changed, run: runId })
          : null;
      },
    },
  );
  backlog.ledger.advance(committed.epoch, ledgerRecords(committed, store));
  return { changedRows: committed.changedRows, upTo };
}

function endOf(fault: LotusError | null): { state: "done" } | { state: "failed"; message: string } {
  return fault ? { state: "failed", message: `${fault.message} [${fault.code}]` } : { state: "done" };
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
