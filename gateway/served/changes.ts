import { z } from "zod";
import type { Lake } from "../../lake/lake.ts";
import type { Session } from "../../lake/session.ts";
import { rowChanges } from "../../lake/snapshots.ts";
import { literal } from "../../lake/sql.ts";
import { readSnapshot } from "../../lake/transaction.ts";
import type { ShadowTable } from "../shadow/shadow-table.ts";
import type { ServedRecord } from "./records.ts";

/** What became of a table's rows since they were recorded. */
export type Changes =
  /** The record is of another lake or table, the columns have changed, or the lake has forgotten: read all rows. */
  | { kind: "unknown" }
  | { kind: "none" }
  /** `feed`: the change feed, a FROM item of the table's columns. */
  | { kind: "rows"; feed: string };

/** The state of a table that Postgres's rows are to be brought to. */
export interface Target {
  /** The number of the lake's table. */
  table: number;
  snapshot: number;
}

/** Compares a record with the lake. The target's snapshot is pinned. */
export function changesSince(
  lake: Lake,
  table: ShadowTable,
  record: ServedRecord | null,
  target: Target,
): Promise<{ snapshotTime: string; changes: Changes }> {
  return lake.withSession((session) =>
    readSnapshot(session, async () => {
      const recorded = record?.snapshot ?? target.snapshot;
      const times = await snapshotTimes(session, [target.snapshot, recorded]);
      const snapshotTime = times.get(target.snapshot);
      if (snapshotTime === undefined) throw new Error(`the lake has no snapshot ${target.snapshot}`);
      const known = record?.table === target.table && times.get(record.snapshot) === record.snapshotTime;
      const changes: Changes =
        record && known ? await changesBetween(session, table, record, target) : { kind: "unknown" };
      return { snapshotTime, changes };
    }),
  );
}

async function changesBetween(
  session: Session,
  table: ShadowTable,
  record: ServedRecord,
  target: Target,
): Promise<Changes> {
  if (record.snapshot >= target.snapshot) return { kind: "none" };
  if (await isAltered(session, record, target)) return { kind: "unknown" };
  const feed = await rowChanges(session, table, record.snapshot, target.snapshot);
  if (feed === null) return { kind: "none" };
  const first = await session.queryRaw(`SELECT 1 FROM ${feed} LIMIT 1`);
  return first.length === 0 ? { kind: "none" } : { kind: "rows", feed };
}

const CATALOG = "__ducklake_metadata_lakehouse.ducklake";
const timeRows = z.array(z.object({ id: z.coerce.number(), time: z.string() }));

/** When snapshots were made, in microseconds; of those that are kept. */
async function snapshotTimes(session: Session, ids: readonly number[]): Promise<Map<number, string>> {
  const rows = await session.queryRaw(
    `SELECT snapshot_id AS id, epoch_us(snapshot_time)::VARCHAR AS time FROM ${CATALOG}.ducklake_snapshot
     WHERE snapshot_id IN (${ids.map((id) => literal(id)).join(", ")})`,
  );
  return new Map(timeRows.parse(rows).map(({ id, time }) => [id, time]));
}

/** A column that changes may read otherwise in rows that do not: a field is added to a struct. */
async function isAltered(session: Session, record: ServedRecord, target: Target): Promise<boolean> {
  const within = (column: string) =>
    `${column} > ${literal(record.snapshot)} AND ${column} <= ${literal(target.snapshot)}`;
  const altered = await session.queryRaw(
    `SELECT 1 FROM ${CATALOG}.ducklake_column WHERE table_id = ${literal(target.table)}
       AND ((${within("begin_snapshot")}) OR (${within("end_snapshot")})) LIMIT 1`,
  );
  return altered.length > 0;
}
