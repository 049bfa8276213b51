import { z } from "zod";
import { LotusError } from "../../common/errors.ts";
import { isContentFault, isModelFault } from "../../lake/faults.ts";
import { advanceFence, readFence } from "../../lake/fence.ts";
import type { Lake } from "../../lake/lake.ts";
import type { Session } from "../../lake/session.ts";
import { lastCommittedSnapshot } from "../../lake/snapshots.ts";
import { literal } from "../../lake/sql.ts";
import { missingColumns, tableColumns } from "../../lake/tables.ts";
import { commitSnapshot, mayPlanAgain } from "../../lake/transaction.ts";
import type { Backlog, MisplacedObject } from "../../sensors/backlog.ts";
import type { WaitingFile } from "../../sensors/batch-plan.ts";
import type { ObjectStore } from "../../sensors/object-store.ts";
import { comparePlaces, rawPrefix, readPlace } from "../../sensors/raw-layout.ts";
import type { Column, Stream } from "../definitions.ts";
import { modelFault } from "../model-fault.ts";
import { fitFiles } from "./fit.ts";
import { readFilesSql, reconcileLanding, registerFiles } from "./landing.ts";
import { convertFile, isReadablePath, readablePath } from "./own-copies.ts";
import { type Culprits, findUnreadable, findUnregistrable, readEverythingSql } from "./probe.ts";
import { checkUniqueKey, freeRows, keepRows, mergeRows, modelRows } from "./processed.ts";
import {
  chooseCaching,
  type InspectedFile,
  inspectFiles,
  isMissing,
  type RejectedFile,
  warmFooters,
} from "./raw-files.ts";
import type { RunnableModel } from "./runnable-model.ts";
import { findChanged } from "./unchanged.ts";

/** What a stream's writer works with. */
export interface FeederContext {
  lake: Lake;
  store: ObjectStore;
  stream: Stream;
  backlog: Backlog;
  model: RunnableModel;
  /** Settles when the footers of the batch to come have been read ahead, with the keys of its files. */
  readAhead?: Promise<ReadonlySet<string>>;
}

export interface FeedRequest {
  /** Chosen by the caller, so that a second attempt finds what the first committed. */
  batchId: string;
  runId: string;
  /** Whether an earlier attempt may have committed this batch. */
  retried: boolean;
  /** Aborting it interrupts the running statement. */
  signal?: AbortSignal;
}

export interface FeedOutcome {
  batchId: string;
  files: number;
  rows: number;
  bytes: number;
  quarantined: number;
  /** Files known to wait after this batch. */
  remaining: number;
  /** The snapshot of this batch; null when nothing was there to feed. */
  snapshot: number | null;
}

/**
 * Plans and commits a stream's next batch: its files registered, its rows merged into the processed table, its
 * ledger, its cursor, in one snapshot. Files that cannot be read are set aside in the same snapshot.
 * Losing against another writer, it plans again. Only landing is fed for an `overwrite` stream, whose processed
 * table is published when its backlog is drained (publish-generation.ts).
 * @throws LotusError MODEL_FAILED when the stream's model is at fault: nothing is written, nothing set aside.
 */
export async function feedBatch(context: FeederContext, request: FeedRequest): Promise<FeedOutcome> {
  const atFault = new Map<string, RejectedFile>();
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await context.lake.withSession(
        (session) =>
          attemptBatch(context, { ...request, retried: request.retried || attempt > 0 }, session, atFault),
        request.signal,
      );
    } catch (error) {
      if (error instanceof FilesAtFault) {
        for (const file of error.culprits.rejected) atFault.set(file.key, file);
        context.backlog.forget(error.culprits.vanished);
        continue;
      }
      if (!mayPlanAgain(error, attempt)) throw error;
    }
  }
}

/** Raised inside an attempt when registering or reading found files at fault; the next attempt goes without them. */
class FilesAtFault extends Error {
  readonly culprits: Culprits;

  constructor(culprits: Culprits) {
    super(`${culprits.rejected.length + culprits.vanished.length} files at fault`);
    this.culprits = culprits;
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
  if (request.retried) {
    const done = await findBatch(session, request.batchId);
    if (done) return done;
  }
  if (backlog.ledger.epoch !== epoch) {
    await backlog.ledger.refresh(session);
    backlog.ledger.advance(epoch, []);
  }
  const cursorKey = await readCursorKey(session, store, stream);
  let next = await backlog.next(stream.feeder);
  if (next.files.length + next.misplaced.length === 0) {
    await backlog.scan(session, { cursorKey });
    next = await backlog.next(stream.feeder);
  }
  if (next.files.length + next.misplaced.length === 0) return nothingToFeed(request.batchId);

  const waiting = next.files.filter((file) => !atFault.has(file.key));
  const located = await Promise.all(
    waiting.map(async (file) => ({
      ...file,
      path: await readablePath(store, stream, file, backlog.sawOther(file.key)),
    })),
  );
  const readable = located.flatMap(({ path, ...file }) => (path === null ? [] : [{ ...file, path }]));
  const readBefore = await context.readAhead;
  await chooseCaching(session, readable);
  const { inspected, rejected, vanished } = await inspectFiles(session, readable);
  // While this batch is registered and committed, S3 and the other core have time for the next one's footers.
  context.readAhead = readAhead(context, next.following);
  backlog.forget([...vanished, ...located.filter((file) => file.path === null)]);
  const present = (await tableColumns(session, { schema: "staging", name: stream.landing.table })) ?? [];
  const declared = [...present, ...missingColumns(stream.landing.columns, present)];
  const fit = fitFiles(inspected, declared, stream.feeder.onNewColumn);
  const landing: InspectedFile[] = [...fit.register];
  rejected.push(...fit.rejected, ...next.files.flatMap((file) => atFault.get(file.key) ?? []));
  for (const { file, misfits } of fit.convert) {
    const converted = await convertFile(session, store, stream, file, misfits);
    if ("reason" in converted) rejected.push(converted);
    else landing.push(converted);
  }

  if (landing.length + rejected.length + next.misplaced.length === 0) {
    // Everything planned is gone from S3; there may be more behind it.
    return { ...nothingToFeed(request.batchId), remaining: next.remaining };
  }
  const committed = await commitSnapshot(session, async () => {
    // A file that is set aside brings no column.
    const brought = landing.flatMap((file) => file.columns);
    const added = fit.added.filter((column) => missingColumns([column], brought).length === 0);
    const columns = await reconcileLanding(session, stream, added);
    if (landing.length > 0) {
      await register(context, session, landing, added);
      await merge(context, session, landing, columns);
    }
    await freeRows(session, stream);
    const changed = await findChanged(
      store,
      landing.filter((file) => readBefore?.has(file.key)),
    );
    if (changed.length > 0) throw new FilesAtFault({ rejected: [], vanished: changed });
    const nextEpoch = await advanceFence(session, asset, epoch);
    const batch = {
      ...summarise(stream, store, landing, [...rejected, ...next.misplaced], cursorKey),
      released: landing.filter((file) => backlog.ledger.isSetAside(file.key)),
    };
    await session.execute(ledgerSql(request, stream, batch, nextEpoch, startedAt));
    return {
      result: { ...batch, epoch: nextEpoch },
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
  backlog.ledger.advance(committed.epoch, [
    ...committed.released.map((file) => ({ key: file.key, etag: file.etag, state: "released" as const })),
    ...committed.fed.map((file) => ({ key: file.key, etag: file.etag, state: "fed" as const })),
    ...committed.setAside.map((file) => ({ key: file.key, etag: file.etag, state: "waiting" as const })),
  ]);
  return {
    batchId: request.batchId,
    files: committed.fed.length,
    rows: committed.rows,
    bytes: committed.bytes,
    quarantined: committed.setAside.length,
    remaining: next.remaining,
    snapshot: await lastCommittedSnapshot(session),
  };
}

/** Never fails: what cannot be read shows when its batch is fed. */
async function readAhead(
  { lake, store, backlog }: FeederContext,
  files: WaitingFile[],
): Promise<ReadonlySet<string>> {
  const plain = files.filter((file) => isReadablePath(file.key) && !backlog.sawOther(file.key));
  const paths = plain.map((file) => store.url(file.key));
  await lake.withSession((session) => warmFooters(session, paths)).catch(() => {});
  return new Set(plain.map((file) => file.key));
}

/** Registers the batch's files. Those that the lake refuses are found one by one. */
async function register(
  context: FeederContext,
  session: Session,
  files: InspectedFile[],
  added: readonly Column[],
): Promise<void> {
  const { stream, lake } = context;
  try {
    await registerFiles(
      session,
      stream,
      files.map((file) => file.path),
    );
  } catch (error) {
    if (!isMissing(error) && !isContentFault(error)) throw error;
    const culprits = await lake.withSession((probe) => findUnregistrable(probe, stream, files, added));
    if (culprits.rejected.length + culprits.vanished.length > 0) throw new FilesAtFault(culprits);
    throw error;
  }
}

/**
 * Runs the model over the batch's rows and merges them. A failure is put down to the files or to the model. The rows
 * of an `overwrite` stream are read to the end only, so that nothing unreadable waits for their publication.
 */
async function merge(
  context: FeederContext,
  session: Session,
  files: InspectedFile[],
  landing: { name: string; type: string }[],
): Promise<void> {
  const { stream, model } = context;
  const source = readFilesSql(files, landing);
  try {
    if (stream.destinationSyncMode === "overwrite") {
      await session.execute(readEverythingSql(`(${source})`));
      return;
    }
    let rows = await modelRows(session, stream, model, source, landing);
    if (stream.processed.head.unique_key) {
      rows = await keepRows(session, rows);
      await checkUniqueKey(session, stream, rows);
    }
    await mergeRows(session, stream, rows);
  } catch (error) {
    if (error instanceof LotusError && (error.retryable || error.code === "CANCELLED")) throw error;
    const culprits = await context.lake.withSession((probe) => findUnreadable(probe, files));
    if (culprits.rejected.length + culprits.vanished.length > 0) throw new FilesAtFault(culprits);
    if (!isModelFault(error)) throw error;
    throw modelFault(stream.processed.asset, stream.processed.file, error);
  }
}

interface Batch {
  fed: InspectedFile[];
  setAside: (RejectedFile | MisplacedObject)[];
  /** Fed files that waited in the quarantine before. */
  released: InspectedFile[];
  rows: number;
  bytes: number;
  firstKey: string | null;
  lastKey: string | null;
  cursorPath: string | null;
}

function summarise(
  stream: Stream,
  store: ObjectStore,
  fed: InspectedFile[],
  setAside: (RejectedFile | MisplacedObject)[],
  cursorKey: string | null,
): Omit<Batch, "released"> {
  const ordered = [...fed].sort((left, right) => comparePlaces(left.place, right.place));
  const last = ordered.at(-1) ?? null;
  const cursor = cursorKey === null ? null : readPlace(rawPrefix(stream.source, stream.stream), cursorKey);
  // The cursor never moves back: a late file leaves it where it is.
  const moves =
    last !== null && (cursor === null || "reason" in cursor || comparePlaces(last.place, cursor) > 0);
  const nextCursor = moves ? last.key : cursorKey;
  return {
    fed,
    setAside,
    rows: fed.reduce((rows, file) => rows + file.rows, 0),
    bytes: fed.reduce((bytes, file) => bytes + file.size, 0),
    firstKey: ordered[0]?.key ?? null,
    lastKey: last?.key ?? null,
    cursorPath: nextCursor === null ? null : store.url(nextCursor),
  };
}

function ledgerSql(
  request: FeedRequest,
  stream: Stream,
  batch: Batch,
  epoch: number,
  startedAt: Date,
): string {
  const who = [literal(stream.source), literal(stream.stream)];
  const at = `TIMESTAMPTZ ${literal(startedAt.toISOString())}`;
  const statements = [
    `INSERT INTO lakehouse.meta.feeder_batches VALUES (${[
      literal(request.batchId),
      ...who,
      batch.fed.length,
      batch.rows,
      batch.bytes,
      literal(batch.firstKey),
      literal(batch.lastKey),
      batch.setAside.length,
      literal(batch.cursorPath),
      literal(request.runId),
      epoch,
      at,
      "now()",
    ].join(", ")})`,
  ];
  if (batch.fed.length > 0) {
    const rows = batch.fed.map(
      (file) =>
        `(${[...who, literal(file.key), literal(file.etag), file.size, file.rows, literal(request.batchId), "'fed'", literal(file.path), epoch, "now()"].join(", ")})`,
    );
    statements.push(`INSERT INTO lakehouse.meta.feeder_file_log VALUES ${rows.join(", ")}`);
  }
  if (batch.setAside.length > 0) {
    const rows = batch.setAside.map(
      (file) =>
        `(${[...who, literal(file.key), literal(file.etag), file.size, literal(file.reason), "'waiting'", epoch, "now()"].join(", ")})`,
    );
    statements.push(`INSERT INTO lakehouse.meta.quarantine_log VALUES ${rows.join(", ")}`);
  }
  if (batch.released.length > 0) {
    const rows = batch.released.map(
      (file) =>
        `(${[...who, literal(file.key), literal(file.etag), file.size, "NULL", "'released'", epoch, "now()"].join(", ")})`,
    );
    statements.push(`INSERT INTO lakehouse.meta.quarantine_log VALUES ${rows.join(", ")}`);
  }
  return statements.join(";\n");
}

const batchRow = z.object({
  files: z.coerce.number(),
  rows: z.coerce.number(),
  bytes: z.coerce.number(),
  quarantined: z.coerce.number(),
});

/** A batch that an earlier attempt committed, or null. */
async function findBatch(session: Session, batchId: string): Promise<FeedOutcome | null> {
  const [row] = await session.query(
    batchRow,
    `SELECT files, rows, bytes, quarantined FROM lakehouse.meta.feeder_batches WHERE id = ${literal(batchId)}`,
  );
  // How many files wait is not known any more: 1 makes the caller look again.
  return row ? { batchId, ...row, remaining: 1, snapshot: null } : null;
}

const cursorRow = z.object({ cursor_path: z.string() });

/** The key of the stream's cursor, or null before its first batch. */
export async function readCursorKey(
  session: Session,
  store: ObjectStore,
  stream: Stream,
): Promise<string | null> {
  const [row] = await session.query(
    cursorRow,
    `SELECT cursor_path FROM lakehouse.meta.feeder_cursors
     WHERE source = ${literal(stream.source)} AND stream = ${literal(stream.stream)}`,
  );
  return row ? row.cursor_path.slice(store.url("").length) : null;
}

function nothingToFeed(batchId: string): FeedOutcome {
  return { batchId, files: 0, rows: 0, bytes: 0, quarantined: 0, remaining: 0, snapshot: null };
}
