/**
 * The catalog's own lists of files, as SQL over the attached metadata database. A relative path counts from the
 * lake's data path, in a data file's or a delete file's row from its table's folder.
 */

const CATALOG = "__ducklake_metadata_lakehouse.ducklake";

const ROOT = `(SELECT value FROM ${CATALOG}.ducklake_metadata WHERE key = 'data_path' AND scope IS NULL)`;

/** A SELECT of `path`: every file that some snapshot which is kept shows, data and deletes, as `s3://...`. */
export const REFERENCED_SQL = `
  WITH folders AS (
    SELECT DISTINCT t.table_id, CASE
      WHEN NOT t.path_is_relative THEN t.path
      WHEN NOT s.path_is_relative THEN concat(s.path, t.path)
      ELSE concat(${ROOT}, s.path, t.path) END AS folder
    FROM ${CATALOG}.ducklake_table t JOIN ${CATALOG}.ducklake_schema s USING (schema_id)
  ), files AS (
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
