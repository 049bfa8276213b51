import type { PoolClient } from "pg";
import { z } from "zod";

/** When tables changed last, as a snapshot knows it. Made anew for each, and never changed. */
export interface TableVersions {
  /** Tables by `schema.name`. */
  ids: ReadonlyMap<string, number>;
  /** The last snapshot that touched a table, where that is later than `since`. */
  changed: ReadonlyMap<number, number>;
  /** Before this one nothing is known: as if every table had changed then. */
  since: number;
  snapshot: number;
  /** When that was made. */
  time: string;
  schemaVersion: number;
  /** A snapshot's number means the same as where this is the same: a catalog that was restored counts anew. */
  history: number;
}

const tableRows = z.array(z.object({ id: z.coerce.number(), schema: z.string(), name: z.string() }));
const changeRows = z.array(
  z.object({ id: z.coerce.number(), time: z.string(), changes: z.string().nullable() }),
);

const TABLES = `SELECT t.table_id::text AS id, s.schema_name AS schema, t.table_name AS name
  FROM ducklake.ducklake_table t JOIN ducklake.ducklake_schema s ON s.schema_id = t.schema_id AND s.end_snapshot IS NULL
  WHERE t.end_snapshot IS NULL`;
const CHANGES = `SELECT s.snapshot_id::text AS id, s.snapshot_time::text AS time, c.changes_made AS changes
  FROM ducklake.ducklake_snapshot s LEFT JOIN ducklake.ducklake_snapshot_changes c USING (snapshot_id)
  WHERE s.snapshot_id >= $1 AND s.snapshot_id <= $2 ORDER BY s.snapshot_id`;

/** What is known of tables in a snapshot, by what was known in an earlier one. In the snapshot's own transaction. */
export async function readTableVersions(
  client: PoolClient,
  snapshot: { id: number; time: string; schemaVersion: number },
  earlier: TableVersions | null,
): Promise<TableVersions> {
  const { id, time, schemaVersion } = snapshot;
  const steps = earlier ? changeRows.parse((await client.query(CHANGES, [earlier.snapshot, id])).rows) : [];
  const [first, ...later] = steps;
  // Snapshots have consecutive numbers: of one that has expired nobody knows what it changed.
  const isKnown = earlier && first?.time === earlier.time && later.length === id - earlier.snapshot;
  if (!isKnown) {
    const history = (earlier?.history ?? 0) + 1;
    const ids = await readTables(client);
    return { ids, changed: new Map(), since: id, snapshot: id, time, schemaVersion, history };
  }
  const ids = earlier.schemaVersion === schemaVersion ? earlier.ids : await readTables(client);
  const changed = new Map(earlier.changed);
  for (const { id: at, changes } of later) {
    // `inserted_into_table:7,deleted_from_table:7,inlined_insert:9,...`
    for (const [, table] of (changes ?? "").matchAll(/:(\d+)/g)) {
      changed.set(Number(table), Math.max(at, changed.get(Number(table)) ?? 0));
    }
  }
  return { ...earlier, ids, changed, snapshot: id, time, schemaVersion };
}

async function readTables(client: PoolClient): Promise<Map<string, number>> {
  const rows = tableRows.parse((await client.query(TABLES)).rows);
  return new Map(rows.map((row) => [`${row.schema}.${row.name}`, row.id]));
}

/** A table's last change, as far as it is known. */
export interface TableChange {
  /** The table's number in the catalog. */
  table: number;
  /** No later snapshot, up to the one that is read, has changed it. */
  snapshot: number;
}

/** Null for no table of the lake. */
export function lastChangeOf(
  versions: TableVersions,
  table: { schema: string; name: string },
): TableChange | null {
  const id = versions.ids.get(`${table.schema}.${table.name}`);
  return id === undefined ? null : { table: id, snapshot: versions.changed.get(id) ?? versions.since };
}

/** A name for what a table holds in a snapshot: the same as long as it does not change. Null for no table of the lake. */
export function versionOf(versions: TableVersions, table: { schema: string; name: string }): string | null {
  const change = lastChangeOf(versions, table);
  return change && `${change.table}_${change.snapshot}_${versions.history}`;
}
