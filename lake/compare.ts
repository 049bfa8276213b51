import { z } from "zod";
import { messageOf } from "../common/errors.ts";
import { firstLine } from "./faults.ts";
import type { Session } from "./session.ts";
import { literal } from "./sql.ts";

/** What became of a table's rows between two snapshots. */
export interface TableComparison {
  table: string;
  /** Rows that are there now and were not. */
  added: number;
  changed: number;
  deleted: number;
  /** Why there are no counts; null: there are. */
  note: string | null;
}

const tableRow = z.object({ schema: z.string(), name: z.string() });
const countsRow = z.object({
  added: z.coerce.number(),
  changed: z.coerce.number(),
  deleted: z.coerce.number(),
});

const CATALOG = "__ducklake_metadata_lakehouse.ducklake";

/**
 * Counts what two snapshots differ by, of each table that changed in between. A row that came and went does not count,
 * and one that was changed several times counts once.
 */
export async function compareSnapshots(
  session: Session,
  options: { from: number; to: number; table: string | null },
): Promise<TableComparison[]> {
  const { from, to } = options;
  if (from === to) return [];
  const tables = await changedBetween(session, options);
  const found: TableComparison[] = [];
  for (const { schema, name } of tables) {
    try {
      const counts = await session.queryOne(countsRow, countsSql(schema, name, from + 1, to));
      found.push({ table: name, ...counts, note: null });
    } catch (error) {
      found.push({ table: name, added: 0, changed: 0, deleted: 0, note: firstLine(messageOf(error)) });
    }
  }
  return found;
}

// Of each row the first and the last that the feed says of it tell what it was before, and what it is now.
function countsSql(schema: string, name: string, start: number, end: number): string {
  return `
    WITH changes AS (
      SELECT rowid, arg_min(change_type, (snapshot_id, change_type <> 'update_preimage' AND change_type <> 'delete')) AS first,
        arg_max(change_type, (snapshot_id, change_type IN ('insert', 'update_postimage'))) AS last
      FROM ducklake_table_changes('lakehouse', ${literal(schema)}, ${literal(name)}, ${literal(start)}, ${literal(end)})
      GROUP BY rowid)
    SELECT count(*) FILTER (first = 'insert' AND last <> 'delete') AS added,
      count(*) FILTER (first <> 'insert' AND last <> 'delete') AS changed,
      count(*) FILTER (first <> 'insert' AND last = 'delete') AS deleted
    FROM changes`;
}

async function changedBetween(
  session: Session,
  { from, to, table }: { from: number; to: number; table: string | null },
): Promise<z.infer<typeof tableRow>[]> {
  return session.query(
    tableRow,
    `WITH entries AS (
       SELECT unnest(string_split(changes_made, ',')) AS entry FROM ${CATALOG}.ducklake_snapshot_changes
       WHERE snapshot_id > ${literal(from)} AND snapshot_id <= ${literal(to)}
     ), changed AS (
       SELECT DISTINCT TRY_CAST(split_part(entry, ':', 2) AS BIGINT) AS table_id FROM entries
       WHERE split_part(entry, ':', 1) IN ('inserted_into_table', 'deleted_from_table', 'inlined_insert', 'inlined_delete')
     )
     SELECT s.schema_name AS schema, t.table_name AS name FROM changed
     JOIN ${CATALOG}.ducklake_table AS t USING (table_id)
     JOIN ${CATALOG}.ducklake_schema AS s USING (schema_id)
     WHERE s.schema_name IN ('main', 'staging') AND t.end_snapshot IS NULL
       ${table === null ? "" : `AND lower(t.table_name) = lower(${literal(table)})`}
     ORDER BY name`,
  );
}
