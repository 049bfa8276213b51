import { advanceFence } from "../../lake/fence.ts";
import type { Session } from "../../lake/session.ts";
import { commitSnapshot } from "../../lake/transaction.ts";
import type { MisplacedObject } from "../../sensors/backlog.ts";
import type { Column } from "../definitions.ts";
import { type Batch, ledgerSql, summarise } from "./batch-record.ts";
import type { FeederContext, FeedRequest } from "./feed-batch.ts";
import { landFiles, mergeFiles } from "./land-files.ts";
import { reconcileLanding } from "./landing.ts";
import { freeRows } from "./processed.ts";
import type { InspectedFile, RejectedFile } from "./raw-files.ts";

/** Files that are ready, and what stands around them. */
export interface FilesToCommit {
  landing: InspectedFile[];
  /** Columns that they bring anew. */
  added: readonly Column[];
  setAside: (RejectedFile | MisplacedObject)[];
  cursorKey: string | null;
  /** The fence's, as it was read before anything was planned. */
  epoch: number;
  startedAt: Date;
  /** Called after the files were read, before anything is decided. */
  check?: () => Promise<void>;
  /** A statement that is part of the same snapshot, by how many rows of the processed table it writes. */
  also?: (changedRows: number) => string | null;
}

/**
 * A batch's one snapshot: its files registered, its rows merged into the processed table, its ledger, its cursor.
 * @throws LotusError FENCE_LOST or LAKE_CONFLICT when another writer won, FilesAtFault for files that turn out bad.
 */
export async function commitFiles(
  context: FeederContext,
  request: FeedRequest,
  session: Session,
  files: FilesToCommit,
): Promise<Batch & { epoch: number; changedRows: number }> {
  const { stream } = context;
  const { asset } = stream.processed;
  return commitSnapshot(session, async () => {
    const columns = await reconcileLanding(session, stream, files.added);
    let changedRows = 0;
    if (files.landing.length > 0) {
      await landFiles(context, session, files.landing, files.added);
      changedRows = await mergeFiles(context, session, files.landing, columns);
    }
    await freeRows(session, stream);
    await files.check?.();
    const epoch = await advanceFence(session, asset, files.epoch);
    const batch = summarise(context, files.landing, files.setAside, files.cursorKey);
    await session.execute(ledgerSql(request, stream, batch, epoch, files.startedAt));
    const also = files.also?.(changedRows) ?? null;
    if (also !== null) await session.execute(also);
    return {
      result: { ...batch, epoch, changedRows },
      note: {
        author: `feeder_${stream.source}_${stream.stream}`,
        message: `feed ${batch.fed.length} files, ${batch.rows} rows into ${asset}`,
        details: {
          runId: request.runId,
          batchId: request.batchId,
          asset,
          quarantined: batch.setAside.length,
        },
      },
    };
  });
}
