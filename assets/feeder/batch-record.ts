import { z } from "zod";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import type { MisplacedObject } from "../../sensors/backlog.ts";
import type { LedgerRecord } from "../../sensors/ledger.ts";
import type { ObjectStore, StoredObject } from "../../sensors/object-store.ts";
import { comparePlaces, rawPrefix, readPlace } from "../../sensors/raw-layout.ts";
import type { Stream } from "../definitions.ts";
import type { FeederContext, FeedOutcome, FeedRequest } from "./feed-batch.ts";
import type { InspectedFile, RejectedFile } from "./raw-files.ts";

/** What a batch writes about itself. */
export interface Batch {
  fed: InspectedFile[];
  setAside: (RejectedFile | MisplacedObject)[];
  /** Fed files that waited in the quarantine before. */
  released: InspectedFile[];
  /** Keys that were fed and whose rows leave landing. */
  lost: readonly string[];
  rows: number;
  bytes: number;
  firstKey: string | null;
  lastKey: string | null;
  cursorPath: string | null;
}

/** What a batch comes to: its rows, bytes, first and last key, and where it leaves the cursor. */
export function summarise(
  { stream, store, backlog }: FeederContext,
  fed: InspectedFile[],
  setAside: (RejectedFile | MisplacedObject)[],
  cursorKey: string | null,
  lost: readonly string[] = [],
): Batch {
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
    released: fed.filter((file) => backlog.ledger.isSetAside(file.key)),
    lost,
    rows: fed.reduce((rows, file) => rows + file.rows, 0),
    bytes: fed.reduce((bytes, file) => bytes + file.size, 0),
    firstKey: ordered[0]?.key ?? null,
    lastKey: last?.key ?? null,
    cursorPath: nextCursor === null ? null : store.url(nextCursor),
  };
}

/** Writes a batch's row, its ledger and its quarantine entries. */
export function ledgerSql(
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
  if (batch.lost.length > 0) {
    // What was fed stays on record, and by which batch; only its state changes.
    statements.push(`INSERT INTO lakehouse.meta.feeder_file_log
      SELECT source, stream, key, etag, size, rows, batch, 'lost', registered_path, ${epoch}, now()
      FROM lakehouse.meta.feeder_files WHERE source = ${who[0]} AND stream = ${who[1]} AND state = 'fed'
        AND key IN (${batch.lost.map((key) => literal(key)).join(", ")})`);
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

/** What the ledger in memory learns from a batch that was committed. */
export function ledgerRecords({ fed, setAside, released }: Batch, store: ObjectStore): LedgerRecord[] {
  const record = ({ key, etag }: StoredObject, state: LedgerRecord["state"]) => ({ key, etag, state });
  return [
    ...released.map((file) => record(file, "released")),
    ...fed.map((file) => ({
      ...record(file, "fed"),
      raw: file.rows > 0 && file.path === store.url(file.key),
    })),
    ...setAside.map((file) => record(file, "waiting")),
  ];
}

const batchRow = z.object({
  files: z.coerce.number(),
  rows: z.coerce.number(),
  bytes: z.coerce.number(),
  quarantined: z.coerce.number(),
});

/** A batch that another attempt committed, or null. */
export async function findBatch(session: Session, batchId: string): Promise<FeedOutcome | null> {
  const [row] = await session.query(
    batchRow,
    `SELECT files, rows, bytes, quarantined FROM lakehouse.meta.feeder_batches WHERE id = ${literal(batchId)}`,
  );
  // How many files wait is not known any more: 1 makes the caller look again.
  return row ? { batchId, ...row, replaced: 0, lost: 0, remaining: 1, snapshot: null } : null;
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
