import { inCatalog } from "./horizon.ts";
import { literal } from "./sql.ts";
import type { TableName } from "./tables.ts";

/**
 * The catalog's own lists of files, as SQL over the attached metadata database. A relative path counts from the
 * lake's data path, in a data file's or a delete file's row from its table's folder.
 */

const CATALOG = "__ducklake_metadata_lakehouse.ducklake";

const ROOT = `(SELECT value FROM ${CATALOG}.ducklake_metadata WHERE key = 'data_path' AND scope IS NULL)`;

/** The folder of each table, as SQL for a WITH. */
const FOLDERS = `folders AS (
    SELECT DISTINCT t.table_id, CASE
      WHEN NOT t.path_is_relative THEN t.path
      WHEN NOT s.path_is_relative THEN concat(s.path, t.path)
      ELSE concat(${ROOT}, s.path, t.path) END AS folder
    FROM ${CATALOG}.ducklake_table t JOIN ${CATALOG}.ducklake_schema s USING (schema_id)
  )`;

/** A SELECT of `path`: every file that some snapshot which is kept shows, data and deletes, as `s3://...`. */
export const REFERENCED_SQL = `
  WITH ${FOLDERS}, files AS (
    SELECT table_id, path, path_is_relative FROM ${CATALOG}.ducklake_data_file
    UNION ALL
    SELECT table_id, path, path_is_relative FROM ${CATALOG}.ducklake_delete_file
  )
  SELECT CASE WHEN path_is_relative THEN concat(folder, path) ELSE path END AS path
  FROM files LEFT JOIN folders USING (table_id)`;

/** The path of a row of `ducklake_files_scheduled_for_deletion`, as `s3://...`. */
export const SCHEDULED_PATH = `CASE WHEN path_is_relative THEN concat(${ROOT}, path) ELSE path END`;

/** A SELECT of `path`: every file that waits to be deleted, as `s3://...`. */
export const SCHEDULED_SQL = `
  SELECT ${SCHEDULED_PATH} AS path FROM ${CATALOG}.ducklake_files_scheduled_for_deletion`;

/** A SELECT for Postgres: how many rows (`deleted`) of each data file (`data_file_id`) live delete files take away. */
export const DELETED_BY_FILES_SQL = `SELECT data_file_id, sum(delete_count) AS deleted FROM ducklake.ducklake_delete_file
  WHERE end_snapshot IS NULL GROUP BY data_file_id`;

/**
 * A SELECT of a table's live data files: `id`, `path`, `bytes`, `rows` as written, `deleted` of them as far as delete files
 * say, and `place`, the values that it is partitioned by. Postgres does it all: the catalog may list very many files.
 */
export function liveFilesSql({ schema, name }: TableName): string {
  return `SELECT * FROM ${inCatalog(`
    SELECT data_file_id AS id, CASE WHEN NOT f.path_is_relative THEN f.path WHEN NOT t.path_is_relative THEN concat(t.path, f.path)
        WHEN NOT s.path_is_relative THEN concat(s.path, t.path, f.path)
        ELSE concat(m.value, s.path, t.path, f.path) END AS path,
      f.file_size_bytes AS bytes, f.record_count AS rows, coalesce(d.deleted, 0)::BIGINT AS deleted,
      coalesce(p.place, '') AS place
    FROM ducklake.ducklake_table t
    JOIN ducklake.ducklake_schema s ON s.schema_id = t.schema_id AND s.end_snapshot IS NULL
    JOIN ducklake.ducklake_metadata m ON m.key = 'data_path' AND m.scope IS NULL
    JOIN ducklake.ducklake_data_file f ON f.table_id = t.table_id AND f.end_snapshot IS NULL
    LEFT JOIN (${DELETED_BY_FILES_SQL}) d USING (data_file_id)
    LEFT JOIN (SELECT data_file_id, string_agg(partition_value, '/' ORDER BY partition_key_index) AS place
      FROM ducklake.ducklake_file_partition_value GROUP BY data_file_id) p USING (data_file_id)
    WHERE t.end_snapshot IS NULL AND t.table_name = ${literal(name)} AND s.schema_name = ${literal(schema)}`)}`;
}
