import type pg from "pg";
import { z } from "zod";
import type { ShadowTable } from "../shadow/shadow-table.ts";
import type { PinnedSnapshot } from "../snapshots.ts";

/** Which rows a table of Postgres holds. */
export interface ServedRecord {
  /** Its OID. */
  relid: number;
  /** The number of the lake's table. */
  table: number;
  /** The snapshot at which the rows were read. */
  snapshot: number;
}

/** In a client's session: the records of tables ($1), when the transaction goes on to see what it sees now. */
export const RECORDS_QUERY = `SELECT CASE WHEN pg_catalog.current_setting('transaction_isolation')
  IN ('repeatable read', 'serializable') THEN lotus_gateway.served_tables($1) END`;

const records = z.array(z.object({ relid: z.number(), table: z.number(), snapshot: z.number() }));

/** Reads the one value of RECORDS_QUERY. */
export function readRecords(value: string | null): ServedRecord[] {
  return value === null ? [] : records.parse(JSON.parse(value));
}

/**
 * Whether the rows that were recorded are those of a snapshot: read at it, or before it and after the table's last
 * change. False where it is not known.
 */
export function isCurrent(
  record: ServedRecord | null | undefined,
  table: ShadowTable,
  snapshot: Pick<PinnedSnapshot, "id" | "lastChangeOf">,
): boolean {
  const change = snapshot.lastChangeOf(table);
  return (
    record != null &&
    change !== null &&
    record.table === change.table &&
    change.snapshot <= record.snapshot &&
    record.snapshot <= snapshot.id
  );
}

/** A record as its writer sees it. */
export interface FullRecord extends ServedRecord {
  /** When the snapshot was made, in microseconds: another lake's snapshots have the same numbers. */
  snapshotTime: string;
}

const fullRecord = z.object({
  table: z.coerce.number(),
  snapshot: z.coerce.number(),
  snapshotTime: z.string(),
});

/** A table's record, where it counts. */
export async function readRecord(client: pg.ClientBase, relid: number): Promise<FullRecord | null> {
  const { rows } = await client.query(
    `SELECT table_id AS table, snapshot, snapshot_time AS "snapshotTime" FROM lotus_gateway.served
     WHERE relid = $1 AND filenode = pg_relation_filenode(relid)`,
    [relid],
  );
  return rows[0] ? { relid, ...fullRecord.parse(rows[0]) } : null;
}

export async function writeRecord(client: pg.ClientBase, record: FullRecord): Promise<void> {
  await client.query(
    `INSERT INTO lotus_gateway.served (relid, filenode, table_id, snapshot, snapshot_time)
     VALUES ($1::oid, pg_relation_filenode($1::oid), $2, $3, $4)
     ON CONFLICT (relid) DO UPDATE SET filenode = excluded.filenode, table_id = excluded.table_id,
       snapshot = excluded.snapshot, snapshot_time = excluded.snapshot_time`,
    [record.relid, record.table, record.snapshot, record.snapshotTime],
  );
}
