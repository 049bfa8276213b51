import { z } from "zod";
import type { Session } from "./session.ts";
import { literal } from "./sql.ts";

/** A snapshot as a person looks for it. */
export interface SnapshotEntry {
  id: number;
  /** UTC, ISO 8601 to the microsecond: what `lotus sql --at` takes. */
  time: string;
  /** The asset whose writer made it; null for one that no Lotus made. */
  author: string | null;
  message: string | null;
  /** Tables of landing and of schema `main` whose rows or columns it changed. Compaction changes neither. */
  tables: string[];
  /** `{workflow id}/{run id}`; null where none made it. */
  run: string | null;
}

const entryRow = z.object({
  id: z.coerce.number(),
  time: z.string(),
  author: z.string().nullable(),
  message: z.string().nullable(),
  details: z.string().nullable(),
  tables: z.array(z.string()).nullable(),
});
const detailsSchema = z.object({ runId: z.string() });

/**
 * The newest snapshots first, at most `limit`; with `tables` only those that changed one of them, with `before` only
 * those of lower numbers.
 */
export async function listSnapshots(
  session: Session,
  options: { tables: readonly string[] | null; limit: number; before?: number | null },
): Promise<SnapshotEntry[]> {
  const rows = await session.query(entryRow, listSql(options.tables, options.limit, options.before ?? null));
  return rows.map(({ details, tables, ...row }) => ({ ...row, tables: tables ?? [], run: runOf(details) }));
}

/** Whether the catalog knows a table of this name, now or in a snapshot that is kept. */
export async function everExisted(session: Session, table: string): Promise<boolean> {
  const [row] = await session.queryRaw(
    `SELECT 1 FROM ${CATALOG}.ducklake_table WHERE lower(table_name) = lower(${literal(table)}) LIMIT 1`,
  );
  return row !== undefined;
}

const CATALOG = "__ducklake_metadata_lakehouse.ducklake";

// The catalog's own log of changes, as in snapshots.ts. A table's name and schema may have changed since: those of
// that snapshot count.
function listSql(tables: readonly string[] | null, limit: number, before: number | null): string {
  const lower = tables?.map((name) => name.toLowerCase());
  return `
    WITH entries AS (
      SELECT snapshot_id, unnest(string_split(changes_made, ',')) AS entry
      FROM ${CATALOG}.ducklake_snapshot_changes
    ), changes AS (
      SELECT snapshot_id, TRY_CAST(split_part(entry, ':', 2) AS BIGINT) AS table_id
      FROM entries
      WHERE split_part(entry, ':', 1) IN ('inserted_into_table', 'deleted_from_table', 'inlined_insert',
        'inlined_delete', 'altered_table')
    ), tables AS (
      SELECT t.table_id, t.table_name, t.begin_snapshot, coalesce(t.end_snapshot, ${literal(Number.MAX_SAFE_INTEGER)}) AS end_snapshot
      FROM ${CATALOG}.ducklake_table t
      JOIN ${CATALOG}.ducklake_schema s ON s.schema_id = t.schema_id AND s.schema_name IN ('main', 'staging')
    ), changed AS (
      SELECT snapshot_id, table_name FROM changes
      JOIN tables ON tables.table_id = changes.table_id
        AND snapshot_id >= begin_snapshot AND snapshot_id < end_snapshot
      UNION
      SELECT begin_snapshot, table_name FROM tables
    ), named AS (
      SELECT snapshot_id, list(table_name ORDER BY table_name) AS names FROM changed GROUP BY snapshot_id
    )
    SELECT s.snapshot_id AS id, strftime(s.snapshot_time AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') AS time,
      c.author, c.commit_message AS message, c.commit_extra_info AS details, n.names AS tables
    FROM ${CATALOG}.ducklake_snapshot s
    LEFT JOIN ${CATALOG}.ducklake_snapshot_changes c USING (snapshot_id)
    LEFT JOIN named n USING (snapshot_id)
    WHERE ${before === null ? "TRUE" : `snapshot_id < ${literal(before)}`}
    ${lower ? `AND snapshot_id IN (SELECT snapshot_id FROM changed WHERE list_contains(${literal(lower)}, lower(table_name)))` : ""}
    ORDER BY id DESC LIMIT ${literal(limit)}`;
}

function runOf(details: string | null): string | null {
  if (details === null) return null;
  try {
    return detailsSchema.parse(JSON.parse(details)).runId;
  } catch {
    // Somebody else's snapshot, with notes of their own.
    return null;
  }
}
