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
  /** When it was made, in microseconds: another lake's snapshots have the same numbers. */
  snapshotTime: string;
}

/** In a client's session: the records of tables ($1), when the transaction goes on to see what it sees now. */
export const RECORDS_QUERY = `SELECT CASE WHEN pg_catalog.current_setting('transaction_isolation')
  IN ('repeatable read', 'serializable') THEN lotus_gateway.served_tables($1) END`;

const records = z.array(
  z.object({ relid: z.number(), table: z.number(), snapshot: z.number(), snapshotTime: z.string() }),
);

/** Reads the one value of RECORDS_QUERY. */
export function readRecords(value: string | null): ServedRecord[] {
  return value === null ? [] : records.parse(JSON.parse(value));
}

/**
 * Whether the rows that were recorded are those of a snapshot: read at it, or before it and after the table's last
 * change. False where it is not known.
 */
export function isCurrent(
  record: ServedRecord,
  table: ShadowTable,
  snapshot: Pick<PinnedSnapshot, "id" | "lastChangeOf">,
): boolean {
  const change = snapshot.lastChangeOf(table);
  return (
    change !== null &&
    record.table === change.table &&
    change.snapshot <= record.snapshot &&
    record.snapshot <= snapshot.id
  );
}

const recordRow = z.object({
  table: z.coerce.number(),
  snapshot: z.coerce.number(),
  snapshotTime: z.string(),
});

/** A table's record, where it counts. */
export async function readRecord(client: pg.ClientBase, relid: number): Promise<ServedRecord | null> {
  const { rows } = await client.query(
    `SELECT table_id AS table, snapshot, snapshot_time AS "snapshotTime" FROM lotus_gateway.served
     WHERE relid = $1 AND filenode = pg_relation_filenode(relid)`,
    [relid],
  );
  return rows[0] ? { relid, ...recordRow.parse(rows[0]) } : null;
}

export async function writeRecord(client: pg.ClientBase, record: ServedRecord): Promise<void> {
  await client.query(
    `INSERT INTO lotus_gateway.served (relid, filenode, table_id, snapshot, snapshot_time)
     VALUES ($1::oid, pg_relation_filenode($1::oid), $2, $3, $4)
     ON CONFLICT (relid) DO UPDATE SET filenode = excluded.filenode, table_id = excluded.table_id,
       snapshot = excluded.snapshot, snapshot_time = excluded.snapshot_time`,
    [record.relid, record.table, record.snapshot, record.snapshotTime],
  );
}

/** How old the record of a table that does not change may become: a feed cannot begin at a snapshot that has expired. */
const RENEW_MS = 3_600_000;
const MOST_KNOWN = 10_000;

/**
 * Records that this gateway has held against the lake since it began. Others are not believed: in a catalog that was
 * restored from a backup, snapshots are counted anew.
 */
export class KnownRecords {
  /** And when; the latest last. */
  readonly #records = new Map<string, number>();

  add(record: ServedRecord): void {
    const key = keyOf(record);
    this.#records.delete(key);
    this.#records.set(key, performance.now());
    const [oldest] = this.#records.keys();
    if (oldest !== undefined && this.#records.size > MOST_KNOWN) this.#records.delete(oldest);
  }

  has(record: ServedRecord | undefined): record is ServedRecord {
    return record !== undefined && this.#records.has(keyOf(record));
  }

  /** Whether it need not be looked at again for a while. */
  isFresh(record: ServedRecord): boolean {
    const at = this.#records.get(keyOf(record));
    return at !== undefined && performance.now() < at + RENEW_MS;
  }
}

function keyOf({ relid, table, snapshot, snapshotTime }: ServedRecord): string {
  return `${relid} ${table} ${snapshot} ${snapshotTime}`;
}
