import { z } from "zod";
import { LotusError } from "../common/errors.ts";
import { advanceFence, readFence } from "../lake/fence.ts";
import type { Lake } from "../lake/lake.ts";
import type { Session } from "../lake/session.ts";
import { resolveSnapshot } from "../lake/snapshot-point.ts";
import { lastCommittedSnapshot, tableAt } from "../lake/snapshots.ts";
import { identifier, identifiers, literal } from "../lake/sql.ts";
import { lakeTable, type TableName, tableColumns } from "../lake/tables.ts";
import { commitSnapshot, untilCommitted } from "../lake/transaction.ts";
import { appendAssetState } from "./asset-states.ts";
import { findColumn } from "./columns.ts";
import type { Column, ModelHead, Project, Stream } from "./definitions.ts";
import { rebuildGap } from "./feeder/rebuild.ts";
import { PARTITION, unquoted } from "./model-output.ts";
import { feederAssetKey, LANDING_ASSET } from "./names.ts";
import { replaceRows } from "./replace-rows.ts";
import { shapeTable } from "./shape-table.ts";
import { unknownTable } from "./unknown-table.ts";

export interface RollBackRequest {
  /** A processed or an enriched table. */
  asset: string;
  snapshot: number;
  runId: string;
  /** Aborting it interrupts the running statement. */
  signal?: AbortSignal;
}

export interface RollBackOutcome {
  asset: string;
  /** Rows in the table afterwards. */
  rows: number;
  /** Rows deleted, updated or inserted. */
  changedRows: number;
  /** The snapshot that this made. */
  snapshot: number;
}

const PAST = "lotus_past";
const rowsRow = z.object({ rows: z.coerce.number() });
const beganRow = z.object({ began: z.coerce.number().nullable() });
const timesRow = z.object({ now: z.string(), past: z.string() });

/**
 * Gives a table the columns and the rows that it had at a snapshot, in place and in one snapshot together with its
 * hold (assets/holds.ts): what reads it sees the rows that were undone in its change feed, and follows. Repeating it,
 * also for another snapshot, is fine; so is going forward again.
 * @throws LotusError NOT_FOUND (no such table, no such snapshot), ROLLBACK_REFUSED (a landing table or a feeder; no
 * such table then) or LANDING_INCOMPLETE (it could not be released).
 */
export async function rollBack(
  lake: Lake,
  project: Project,
  request: RollBackRequest,
): Promise<RollBackOutcome> {
  const target = rollBackTarget(project, request.asset);
  return untilCommitted(lake, (session) => attemptRollBack(session, target, request), request);
}

async function attemptRollBack(
  session: Session,
  target: RollBackTarget,
  request: RollBackRequest,
): Promise<RollBackOutcome> {
  const { table, codeHash } = target;
  const asset = table.name;
  const epoch = await readFence(session, asset);
  const columns = await columnsAt(session, target, request.snapshot);
  const layout = await layoutOver(session, target.head, columns);
  const outcome = await commitSnapshot(session, async () => {
    await refuseEndlessHold(session, target);
    const present = await tableColumns(session, table);
    const past = tableAt(table, request.snapshot);
    await session.execute(`CREATE OR REPLACE TEMP TABLE ${PAST} AS SELECT * FROM ${past}`);
    await shapeTable(session, table, layout, present, columns);
    const changedRows = await replaceRows(session, {
      table,
      fresh: PAST,
      columns: columns.map((column) => column.name),
      key: await usableKey(session, target.key, columns),
    });
    await session.execute(`DROP TABLE ${PAST}`);
    const { rows } = await session.queryOne(rowsRow, `SELECT count(*) AS rows FROM ${lakeTable(table)}`);
    await advanceFence(session, asset, epoch);
    const message = await holdMessage(session, asset, request.snapshot);
    await appendAssetState(session, { asset, state: "held", message, codeHash, run: request.runId });
    return {
      result: { asset, rows, changedRows },
      note: {
        author: target.writer,
        message: `roll ${asset} back to snapshot ${request.snapshot}: ${changedRows} rows`,
        details: { runId: request.runId, asset, work: "rollback", to: request.snapshot },
      },
    };
  });
  return { ...outcome, snapshot: await lastCommittedSnapshot(session) };
}

/** A table that can be rolled back, and what is known of it. */
export interface RollBackTarget {
  table: TableName;
  key: readonly string[];
  head: ModelHead;
  codeHash: string;
  /** The asset whose writer writes it. */
  writer: string;
  /** Of a processed table. */
  stream: Stream | null;
}

/** @throws LotusError NOT_FOUND, or ROLLBACK_REFUSED for an asset that is never rolled back. */
export function rollBackTarget(project: Project, asset: string): RollBackTarget {
  const stream = project.streams.find((candidate) => candidate.processed.asset === asset);
  const model = project.models.find((candidate) => candidate.asset === asset);
  const made = stream?.processed ?? model;
  if (made) {
    const { uniqueKey: key, head, codeHash } = made;
    const writer = stream ? feederAssetKey(stream.source, stream.stream) : asset;
    return { table: { schema: "main", name: asset }, key, head, codeHash, writer, stream: stream ?? null };
  }
  const landing = project.streams.find(
    (candidate) =>
      candidate.landing.table === asset || feederAssetKey(candidate.source, candidate.stream) === asset,
  );
  if (landing || asset === LANDING_ASSET) {
    const instead = landing?.processed.asset ?? "the stream's int_* table";
    throw new LotusError(
      "ROLLBACK_REFUSED",
      `${asset} is not rolled back: landing is what the files in S3 hold, and the ledger says that they were fed. ` +
        `Roll back ${instead}; a file that should not be there belongs removed from S3.`,
    );
  }
  throw unknownTable(project, asset);
}

/**
 * The columns that the table had at a snapshot.
 * @throws LotusError NOT_FOUND when the snapshot is not there, ROLLBACK_REFUSED when the table was not.
 */
export async function columnsAt(
  session: Session,
  { table }: RollBackTarget,
  snapshot: number,
): Promise<Column[]> {
  await resolveSnapshot(session, String(snapshot));
  const { began } = await session.queryOne(beganRow, firstSnapshotSql(table));
  if (began === null) {
    throw new LotusError(
      "NOT_FOUND",
      `${table.name} has no table yet: nothing can be rolled back. Feed or materialize it first.`,
    );
  }
  if (snapshot < began) {
    throw new LotusError(
      "ROLLBACK_REFUSED",
      `${table.name} was created in snapshot ${began}: it did not exist at snapshot ${snapshot}. Name ${began} or a later one.`,
    );
  }
  return session.describe(`SELECT * FROM ${tableAt(table, snapshot)}`);
}

function firstSnapshotSql({ schema, name }: TableName): string {
  const catalog = "__ducklake_metadata_lakehouse.ducklake";
  return `SELECT min(t.begin_snapshot) AS began FROM ${catalog}.ducklake_table t
    JOIN ${catalog}.ducklake_schema s ON s.schema_id = t.schema_id AND s.schema_name = ${literal(schema)}
      AND s.end_snapshot IS NULL
    WHERE t.table_name = ${literal(name)} AND t.end_snapshot IS NULL`;
}

/**
 * Releasing a processed table rebuilds it from landing; without a key that needs all of landing.
 * @throws LotusError LANDING_INCOMPLETE
 */
async function refuseEndlessHold(session: Session, { table, key, stream }: RollBackTarget): Promise<void> {
  if (stream === null || key.length > 0) return;
  const gap = await rebuildGap(session, stream);
  if (gap === null) return;
  throw new LotusError(
    "LANDING_INCOMPLETE",
    `${table.name} has no key, and landing no longer holds ${gap.files} of the files that were fed: once rolled back it ` +
      "could not be rebuilt. Nothing was written; read what it was with `lotus sql --at`.",
  );
}

/** The head's layout as far as these columns allow it. */
async function layoutOver(session: Session, head: ModelHead, columns: readonly Column[]): Promise<ModelHead> {
  const layout: ModelHead = {};
  const partitions = (head.partitioned_by ?? []).map((item) => PARTITION.exec(item)?.[1] ?? item);
  if (head.partitioned_by && partitions.every((name) => findColumn(columns, unquoted(name))))
    layout.partitioned_by = head.partitioned_by;
  if (head.sorted_by && (await sorts(session, head.sorted_by, columns))) layout.sorted_by = head.sorted_by;
  return layout;
}

/** Whether these sort expressions can be evaluated over these columns. */
async function sorts(
  session: Session,
  sortedBy: readonly string[],
  columns: readonly Column[],
): Promise<boolean> {
  const empty = columns.map((column) => `NULL::${column.type} AS ${identifier(column.name)}`).join(", ");
  try {
    await session.describe(`SELECT 1 FROM (SELECT ${empty}) ORDER BY ${sortedBy.join(", ")}`);
    return true;
  } catch {
    return false;
  }
}

/** The key by which rows are recognised; none where the table had no such columns then, or several rows to a key. */
async function usableKey(
  session: Session,
  key: readonly string[],
  columns: readonly Column[],
): Promise<readonly string[]> {
  if (key.length === 0 || !key.every((name) => findColumn(columns, name))) return [];
  const [repeated] = await session.queryRaw(
    `SELECT 1 FROM ${PAST} GROUP BY ${identifiers(key)} HAVING count(*) > 1 LIMIT 1`,
  );
  return repeated ? [] : key;
}

async function holdMessage(session: Session, asset: string, snapshot: number): Promise<string> {
  const format = "'%Y-%m-%d %H:%M:%S UTC'";
  const { now, past } = await session.queryOne(
    timesRow,
    `SELECT strftime(now() AT TIME ZONE 'UTC', ${format}) AS now,
       strftime(snapshot_time AT TIME ZONE 'UTC', ${format}) AS past
     FROM __ducklake_metadata_lakehouse.ducklake.ducklake_snapshot WHERE snapshot_id = ${literal(snapshot)}`,
  );
  return `rolled back to snapshot ${snapshot} (${past}) and held since ${now}; \`lotus release ${asset}\` lets it go on`;
}
