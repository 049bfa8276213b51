import { z } from "zod";
import type { Session } from "./session.ts";
import { identifier, literal } from "./sql.ts";
import type { TableName } from "./tables.ts";

const snapshotRow = z.object({ id: z.coerce.number() });
const changeRow = z.object({ name: z.string(), snapshot: z.coerce.number() });

/** The snapshot that the running transaction reads. */
export async function currentSnapshot(session: Session): Promise<number> {
  return (await session.queryOne(snapshotRow, "SELECT id FROM ducklake_current_snapshot('lakehouse')")).id;
}

/** The snapshot that this session's last commit made. Never the newest: others commit too. */
export async function lastCommittedSnapshot(session: Session): Promise<number> {
  return (await session.queryOne(snapshotRow, "SELECT id FROM ducklake_last_committed_snapshot('lakehouse')"))
    .id;
}

/**
 * For each table of schema `main` that changed after snapshot `since`: the last snapshot that changed its rows or
 * its columns, or created it anew. Compaction and flushes change neither and are left out. What an expired snapshot
 * did is not known any more, so that one after `since` counts as a change of every table.
 */
export async function changedTables(session: Session, since: number): Promise<Map<string, number>> {
  const rows = await session.query(changeRow, changedTablesSql(since));
  return new Map(rows.map((row) => [row.name, row.snapshot]));
}

// The catalog's own log of changes, read through the attached metadata database so that Postgres applies the
// filter: entries look like `inserted_into_table:7,deleted_from_table:7,altered_table:9`. Snapshots have consecutive
// numbers, so that a gap is what expired.
function changedTablesSql(since: number): string {
  const catalog = "__ducklake_metadata_lakehouse.ducklake";
  return `
    WITH entries AS (
      SELECT snapshot_id, unnest(string_split(changes_made, ',')) AS entry
      FROM ${catalog}.ducklake_snapshot_changes WHERE snapshot_id > ${literal(since)} AND NOT ${IS_COMPACTION}
    ), changes AS (
      SELECT snapshot_id, TRY_CAST(split_part(entry, ':', 2) AS BIGINT) AS table_id
      FROM entries
      WHERE split_part(entry, ':', 1) IN ('inserted_into_table', 'deleted_from_table', 'inlined_insert',
        'inlined_delete', 'altered_table')
    ), kept AS (
      SELECT snapshot_id FROM ${catalog}.ducklake_snapshot WHERE snapshot_id > ${literal(since)}
    ), after_gap AS (
      SELECT snapshot_id FROM kept ANTI JOIN (SELECT snapshot_id + 1 AS snapshot_id FROM kept) USING (snapshot_id)
      WHERE snapshot_id > ${literal(since + 1)}
    ), tables AS (
      SELECT t.table_id, t.table_name, t.begin_snapshot FROM ${catalog}.ducklake_table t
      JOIN ${catalog}.ducklake_schema s ON s.schema_id = t.schema_id AND s.schema_name = 'main' AND s.end_snapshot IS NULL
      WHERE t.end_snapshot IS NULL)
    SELECT table_name AS name, max(snapshot_id) AS snapshot FROM (
      SELECT table_name, snapshot_id FROM changes JOIN tables USING (table_id)
      UNION ALL
      SELECT table_name, begin_snapshot FROM tables WHERE begin_snapshot > ${literal(since)}
      UNION ALL
      SELECT table_name, snapshot_id - 1 FROM tables, after_gap)
    GROUP BY table_name`;
}

/** `table_changes` of a table over snapshots `after`+1 to `until`, as a FROM item with every image of each row. */
export function changeFeed(table: TableName, after: number, until: number): string {
  return `ducklake_table_changes('lakehouse', ${literal(table.schema)}, ${literal(table.name)}, ${literal(after + 1)}, ${literal(until)})`;
}

/**
 * The change feed over snapshots `after`+1 to `until` without what compaction did: it moves rows from file to file,
 * which shows as deletes and inserts. A FROM item of the table's columns, or null where nothing but compaction lies in the range.
 *
 * The range is cut at those snapshots, so that nothing of them is read. A condition on `snapshot_id` would not do:
 * pushed down into the feed, it loses deletes of files that went later in the range.
 */
export async function rowChanges(
  session: Session,
  table: TableName,
  after: number,
  until: number,
): Promise<string | null> {
  const skipped = await session.query(snapshotRow, compactionsSql(table, after, until));
  const parts: string[] = [];
  let last = after;
  for (const { id } of [...skipped, { id: until + 1 }]) {
    if (id > last + 1)
      parts.push(`SELECT ${TABLE_COLUMNS} FROM ${changeFeed(table, last, id - 1)} ${FEED_ALIAS}`);
    last = id;
  }
  // By name: a part that ends before a column was added lacks it.
  return parts.length === 0 ? null : `(${parts.join(" UNION ALL BY NAME ")})`;
}

// The feed's own columns come first, and would hide columns of the table that are called as they are.
const FEED_ALIAS = "AS feed (lotus_snapshot, lotus_row, lotus_change)";
const TABLE_COLUMNS = "* EXCLUDE (lotus_snapshot, lotus_row, lotus_change)";

function compactionsSql({ schema, name }: TableName, after: number, until: number): string {
  const catalog = "__ducklake_metadata_lakehouse.ducklake";
  return `
    SELECT c.snapshot_id AS id FROM ${catalog}.ducklake_snapshot_changes c
    JOIN ${catalog}.ducklake_table t ON t.table_name = ${literal(name)} AND t.end_snapshot IS NULL
      AND contains(concat(c.changes_made, ','), concat(':', t.table_id, ','))
    JOIN ${catalog}.ducklake_schema s ON s.schema_id = t.schema_id AND s.schema_name = ${literal(schema)}
      AND s.end_snapshot IS NULL
    WHERE c.snapshot_id > ${literal(after)} AND c.snapshot_id <= ${literal(until)} AND ${IS_COMPACTION}
    ORDER BY 1`;
}

/**
 * A condition on `ducklake_snapshot_changes`: the snapshot only moved rows. Its note says so (lake/compaction.ts), or
 * somebody ran DuckLake's own rewrite, which cannot stand in one transaction with anything else.
 */
const IS_COMPACTION = `(changes_made LIKE 'rewrite_delete:%'
  OR CASE WHEN json_valid(commit_extra_info)
    THEN coalesce(json_extract_string(commit_extra_info, '$.work') = 'compact', false) ELSE false END)`;

/** A table as it was at a snapshot. */
export function tableAt(table: TableName, snapshot: number): string {
  return `lakehouse.${identifier(table.schema)}.${identifier(table.name)} AT (VERSION => ${literal(snapshot)})`;
}
