import { LotusError } from "../../common/errors.ts";
import { readFence } from "../../lake/fence.ts";
import type { Lake } from "../../lake/lake.ts";
import { memoryLimit } from "../../lake/memory.ts";
import type { Session } from "../../lake/session.ts";
import { lastCommittedSnapshot } from "../../lake/snapshots.ts";
import { mayPlanAgain } from "../../lake/transaction.ts";
import type { Backlog } from "../../sensors/backlog.ts";
import type { WaitingFile } from "../../sensors/batch-plan.ts";
import type { ObjectStore } from "../../sensors/object-store.ts";
import type { Stream } from "../definitions.ts";
import { isHeld } from "../holds.ts";
import { isPaused } from "../pauses.ts";
import { findBatch, ledgerRecords, readCursorKey } from "./batch-record.ts";
import { commitFiles } from "./commit-files.ts";
import { lookAtFooters, type SoundFile } from "./footers.ts";
import { FilesAtFault } from "./land-files.ts";
import { isReadablePath } from "./own-copies.ts";
import { prepareFiles } from "./prepare.ts";
import { type RejectedFile, warmFooters } from "./raw-files.ts";
import { replaceChanged } from "./replace.ts";
import type { RunnableModel } from "./runnable-model.ts";
import { findChanged } from "./unchanged.ts";

/** What a stream's writer works with. */
export interface FeederContext {
  lake: Lake;
  store: ObjectStore;
  stream: Stream;
  backlog: Backlog;
  model: RunnableModel;
  /** Settles when the footers of the batch to come have been read ahead, with its files by key. */
  readAhead?: Promise<ReadonlyMap<string, SoundFile>>;
}

export interface FeedRequest {
  /**
   * Chosen by the caller, so that an attempt finds what another committed: a first one, too, since it may begin late,
   * in a process that stood still while a second one did the work.
   */
  batchId: string;
  runId: string;
  /** Only deals with objects that changed after they were fed; where the table is held, its rows stay. Default: no. */
  mending?: boolean;
  /** Aborting it interrupts the running statement. */
  signal?: AbortSignal;
}

export interface FeedOutcome {
  batchId: string;
  files: number;
  rows: number;
  bytes: number;
  quarantined: number;
  /** Those of the files that came in for what was fed under their keys before. */
  replaced: number;
  /** Objects that were deleted, or spoilt, after they were fed: their rows left landing. */
  lost: number;
  /** Files known to wait after this batch. */
  remaining: number;
  /** The snapshot of this batch; null when nothing was there to feed. */
  snapshot: number | null;
}

/**
 * Plans and commits a stream's next batch: its files registered, its rows merged into the processed table, its
 * ledger, its cursor, in one snapshot. Files that cannot be read are set aside in the same snapshot.
 * Losing against another writer, it plans again; running out of memory, it plans a smaller one (appetite.ts), and the
 * rest goes on waiting. Only landing is fed for an `overwrite` stream, whose processed table is published when its
 * backlog is drained (publish-generation.ts).
 * @throws LotusError MODEL_FAILED when the stream's model is at fault: nothing is written, nothing set aside;
 * OUT_OF_MEMORY when a single file is too large.
 */
export async function feedBatch(context: FeederContext, request: FeedRequest): Promise<FeedOutcome> {
  const { lake, stream, backlog } = context;
  const { appetite } = backlog;
  const atFault = new Map<string, RejectedFile>();
  for (let attempt = 0; ; attempt += 1) {
    const tryOnce = () =>
      lake.withSession((session) => attemptBatch(context, request, session, atFault), request.signal);
    try {
      const outcome = await (appetite.parts > 1 ? lake.withOneThread(tryOnce) : tryOnce());
      if (outcome.files > 0) appetite.grow();
      return outcome;
    } catch (error) {
      if (error instanceof LotusError && error.code === "OUT_OF_MEMORY") {
        if (appetite.shrink(stream.primaryKey.length > 0)) continue;
        throw error;
      }
      if (error instanceof FilesAtFault) {
        for (const file of error.culprits.rejected) atFault.set(file.key, file);
        context.backlog.forget(error.culprits.vanished);
        continue;
      }
      if (!mayPlanAgain(error, attempt)) throw error;
    }
  }
}

async function attemptBatch(
  context: FeederContext,
  request: FeedRequest,
  session: Session,
  atFault: ReadonlyMap<string, RejectedFile>,
): Promise<FeedOutcome> {
  const { stream, backlog, store } = context;
  const asset = stream.processed.asset;
  const startedAt = new Date();
  const epoch = await readFence(session, asset);
  const done = await findBatch(session, request.batchId);
  if (done) return done;
  // What lands waits until the table is released.
  const held = await isHeld(session, asset);
  if ((held || (await isPaused(session, stream))) && !request.mending) return nothingToFeed(request.batchId);
  if (backlog.ledger.epoch !== epoch) {
    await backlog.ledger.refresh(session);
    backlog.ledger.advance(epoch, []);
  }
  const cursorKey = await readCursorKey(session, store, stream);
  const limits = backlog.appetite.limits(stream.feeder);
  let next = await backlog.next(limits);
  if (next.files.length + next.misplaced.length === 0) {
    await backlog.scan(session, { cursorKey });
    next = await backlog.next(limits);
  }
  const plan = { epoch, cursorKey, startedAt, atFault, held };
  const replaced = await replaceChanged(context, request, session, plan);
  if (replaced) return replaced;
  if (request.mending || next.files.length + next.misplaced.length === 0)
    return nothingToFeed(request.batchId);

  backlog.appetite.take(next.files);
  const readBefore = await context.readAhead;
  const { landing, rejected, added } = await prepareFiles(context, session, next.files, atFault, readBefore);
  // While this batch is registered and committed, S3 and the other core have time for the next one's footers.
  context.readAhead = readAhead(context, next.following);
  if (landing.length + rejected.length + next.misplaced.length === 0) {
    // Everything planned is gone from S3; there may be more behind it.
    return { ...nothingToFeed(request.batchId), remaining: next.remaining };
  }
  const committed = await commitFiles(context, request, session, {
    ...plan,
    landing,
    added,
    setAside: [...rejected, ...next.misplaced],
    check: async () => {
      const changed = await findChanged(
        store,
        landing.filter((file) => readBefore?.has(file.key)),
      );
      if (changed.length > 0) throw new FilesAtFault({ rejected: [], vanished: changed });
    },
  });
  backlog.ledger.advance(committed.epoch, ledgerRecords(committed, store));
  return {
    batchId: request.batchId,
    files: committed.fed.length,
    rows: committed.rows,
    bytes: committed.bytes,
    quarantined: committed.setAside.length,
    replaced: 0,
    lost: 0,
    remaining: next.remaining,
    snapshot: await lastCommittedSnapshot(session),
  };
}

/** Never fails: what cannot be read shows when its batch is fed. */
async function readAhead(
  { lake, store, backlog }: FeederContext,
  files: WaitingFile[],
): Promise<ReadonlyMap<string, SoundFile>> {
  const plain = files.filter((file) => isReadablePath(file.key) && !backlog.sawOther(file.key));
  try {
    return await lake.withSession(async (session) => {
      const { sound } = await lookAtFooters(store, plain, await memoryLimit(session));
      const paths = sound.map((file) => store.url(file.key));
      await warmFooters(session, paths);
      return new Map(sound.map((file) => [file.key, file]));
    });
  } catch {
    return new Map();
  }
}

function nothingToFeed(batchId: string): FeedOutcome {
  return {
    batchId,
    files: 0,
    rows: 0,
    bytes: 0,
    quarantined: 0,
    replaced: 0,
    lost: 0,
    remaining: 0,
    snapshot: null,
  };
}
