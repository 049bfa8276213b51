import { z } from "zod";
import { DELETED_BY_FILES_SQL } from "./catalog-files.ts";
import { inCatalog } from "./horizon.ts";
import type { Session } from "./session.ts";
import { identifier, literal } from "./sql.ts";
import type { TableName } from "./tables.ts";

/**
 * Rows, and deletes of rows, that DuckLake keeps in the catalog itself: small inserts, and up to ten deletes of a data
 * file in one statement. Both are cheap to write and to read, as long as they are not too many.
 */

/** What DuckLake says for the file of a row that is kept in the catalog, as a condition. */
export const IS_INLINED = "starts_with(filename, 'ducklake_inlined_data_')";

const nameRow = z.object({ name: z.string() });
const rowsRow = z.object({ rows: z.coerce.number() });

/** How many of a table's rows are kept in the catalog. */
export async function inlinedRows(session: Session, table: TableName): Promise<number> {
  // One table of Postgres for each version of the table's columns.
  const tables = await session.query(nameRow, `SELECT name FROM ${inCatalog(dataTablesSql(table))}`);
  if (tables.length === 0) return 0;
  const counts = tables.map(
    ({ name }) => `SELECT count(*) AS rows FROM ducklake.${identifier(name)} WHERE end_snapshot IS NULL`,
  );
  const all = `SELECT sum(rows)::BIGINT AS rows FROM (${counts.join(" UNION ALL ")}) AS counts`;
  return (await session.queryOne(rowsRow, `SELECT rows FROM ${inCatalog(all)}`)).rows;
}

function dataTablesSql(table: TableName): string {
  return `SELECT table_name AS name FROM ducklake.ducklake_inlined_data_tables
    WHERE table_id IN (${tableIdSql(table)})`;
}

/** The data files, by their number in the catalog, of which at least `from` rows are deleted by inlined deletes. */
export async function wornByInlined(session: Session, table: TableName, from: number): Promise<number[]> {
  const [deletes] = await session.query(nameRow, `SELECT name FROM ${inCatalog(deleteTableSql(table))}`);
  if (!deletes) return [];
  const worn = `SELECT file_id AS id FROM ducklake.${identifier(deletes.name)} GROUP BY 1 HAVING count(*) >= ${literal(from)}`;
  return (await session.query(idRow, `SELECT id FROM ${inCatalog(worn)}`)).map(({ id }) => id);
}

/**
 * The live data files, by their number in the catalog, that have no row left, whether their deletes stand in files or
 * in the catalog. DuckLake gives a file up by itself only where one delete took all that it held.
 */
export async function emptyFiles(session: Session, table: TableName): Promise<number[]> {
  const [deletes] = await session.query(nameRow, `SELECT name FROM ${inCatalog(deleteTableSql(table))}`);
  const inlined = deletes
    ? `SELECT file_id, count(*) AS deleted FROM ducklake.${identifier(deletes.name)} GROUP BY 1`
    : "SELECT 0::BIGINT AS file_id, 0::BIGINT AS deleted";
  const empty = `
    SELECT f.data_file_id AS id FROM ducklake.ducklake_data_file f
    JOIN (${tableIdSql(table)}) AS t USING (table_id)
    LEFT JOIN (${DELETED_BY_FILES_SQL}) AS d USING (data_file_id)
    LEFT JOIN (${inlined}) AS i ON i.file_id = f.data_file_id
    WHERE f.end_snapshot IS NULL AND f.record_count <= coalesce(d.deleted, 0) + coalesce(i.deleted, 0)`;
  return (await session.query(idRow, `SELECT id FROM ${inCatalog(empty)}`)).map(({ id }) => id);
}

/**
 * Whether rows of the table may be kept in the catalog in a version of its columns that lacks one of today's.
 * DuckLake's own rewrite fails then: it asks all of them for all of today's columns.
 */
export async function hasOlderInlined(session: Session, table: TableName): Promise<boolean> {
  const older = `
    SELECT i.table_name AS name FROM (${dataTablesSql(table)}) AS i (table_name)
    WHERE EXISTS (
      SELECT 1 FROM ducklake.ducklake_column c JOIN (${tableIdSql(table)}) AS t USING (table_id)
      WHERE c.end_snapshot IS NULL AND c.parent_column IS NULL AND NOT EXISTS (
        SELECT 1 FROM information_schema.columns p
        WHERE p.table_schema = 'ducklake' AND p.table_name = i.table_name AND p.column_name = c.column_name))`;
  return (await session.query(nameRow, `SELECT name FROM ${inCatalog(older)}`)).length > 0;
}

const idRow = z.object({ id: z.coerce.number() });

function tableIdSql({ schema, name }: TableName): string {
  return `SELECT t.table_id FROM ducklake.ducklake_table t
    JOIN ducklake.ducklake_schema s ON s.schema_id = t.schema_id AND s.end_snapshot IS NULL
    WHERE t.end_snapshot IS NULL AND t.table_name = ${literal(name)} AND s.schema_name = ${literal(schema)}`;
}

function deleteTableSql(table: TableName): string {
  return `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'ducklake' AND tablename IN (
    SELECT concat('ducklake_inlined_delete_', table_id) FROM (${tableIdSql(table)}) AS t)`;
}

/**
 * Deletes from the catalog what no kept snapshot shows any more: rows that ended before the oldest one (a fence leaves
 * one at each commit), and deletes of rows of data files that are gone. DuckLake's expiry leaves them for ever, and
 * reads them again at each look. Nobody else touches these rows.
 */
export async function sweepInlined(session: Session): Promise<void> {
  for (const { sql } of await session.query(sweepRow, `SELECT sql FROM ${inCatalog(SWEEPS)}`)) {
    await session.execute(`CALL postgres_execute('__ducklake_metadata_lakehouse', ${literal(sql)})`);
  }
}

const sweepRow = z.object({ sql: z.string() });

/** Fewer rows in a table of Postgres are not worth a look. */
const SWEEP_FROM = 1000;

// One DELETE for each of DuckLake's tables that is long enough; Postgres itself quotes their names.
const SWEEPS = `
  SELECT CASE WHEN relname LIKE 'ducklake_inlined_delete_%'
      THEN format('DELETE FROM ducklake.%I i WHERE NOT EXISTS
        (SELECT 1 FROM ducklake.ducklake_data_file f WHERE f.data_file_id = i.file_id)', relname)
      ELSE format('DELETE FROM ducklake.%I WHERE end_snapshot <= (SELECT min(snapshot_id) FROM ducklake.ducklake_snapshot)',
        relname) END AS sql
  FROM pg_class WHERE relnamespace = 'ducklake'::regnamespace AND relkind = 'r' AND reltuples >= ${SWEEP_FROM}
    AND relname ~ '^ducklake_inlined_(data|delete)_[0-9]'`;
