import { tableAt } from "../lake/snapshots.ts";
import { literal } from "../lake/sql.ts";

/** DuckLake's own tables in Postgres. */
export const CATALOG = "__ducklake_metadata_lakehouse.ducklake";

/**
 * Statements that fill the temporary tables of a look:
 *
 * - `audit_tables`: the lake's tables, each version of each
 * - `audit_files`: data and delete files that are live, with full path and, in this bucket, key
 * - `audit_snapshots`: the kept ones, with what their note says; `settled` from the oldest on after which none expired
 * - `audit_log`, `audit_ledger`: the entries of the ledger, and the last one of each key
 * - `audit_quarantine`: the last entry of each key
 * - `audit_batches`, `audit_materializations` (the last of each asset), `audit_states` (the last of each asset)
 *
 * The logs are read themselves, not through their views: what the views say is part of what is audited.
 * @param bucket `s3://bucket/`
 */
export function lookTablesSql(snapshot: number, bucket: string): string[] {
  const log = (name: string) => tableAt({ schema: "meta", name }, snapshot);
  return [
    `CREATE OR REPLACE TEMP TABLE audit_tables AS ${tablesSql(snapshot)}`,
    `CREATE OR REPLACE TEMP TABLE audit_files AS ${liveFilesSql(snapshot, bucket)}`,
    `CREATE OR REPLACE TEMP TABLE audit_snapshots AS ${snapshotsSql(snapshot)}`,
    `CREATE OR REPLACE TEMP TABLE audit_log AS SELECT *, ${keySql("registered_path", bucket)} AS registered_key
       FROM ${log("feeder_file_log")}`,
    `CREATE OR REPLACE TEMP TABLE audit_ledger AS ${lastSql("audit_log", ["source", "stream", "key"], "epoch")}`,
    `CREATE OR REPLACE TEMP TABLE audit_quarantine AS
       ${lastSql(log("quarantine_log"), ["source", "stream", "key"], "epoch")}`,
    `CREATE OR REPLACE TEMP TABLE audit_quarantine_log AS SELECT source, stream, epoch FROM ${log("quarantine_log")}`,
    `CREATE OR REPLACE TEMP TABLE audit_batches AS SELECT * FROM ${log("feeder_batches")}`,
    `CREATE OR REPLACE TEMP TABLE audit_materialization_log AS SELECT * FROM ${log("materializations")}`,
    `CREATE OR REPLACE TEMP TABLE audit_materializations AS
       ${lastSql("audit_materialization_log", ["asset"], "epoch")}`,
    `CREATE OR REPLACE TEMP TABLE audit_states AS
       ${lastSql(log("asset_state_log"), ["asset"], "recorded_at")}`,
  ];
}

/** The rows of a log with the highest `order` of their group. By GROUP BY and join: not the way the views go. */
function lastSql(log: string, group: readonly string[], order: string): string {
  const list = group.join(", ");
  return `SELECT DISTINCT entry.* FROM (SELECT * FROM ${log}) AS entry
    JOIN (SELECT ${list}, max(${order}) AS ${order} FROM ${log} GROUP BY ${list}) USING (${list}, ${order})`;
}

function tablesSql(snapshot: number): string {
  return `
    SELECT t.table_id, s.schema_name, t.table_name, t.begin_snapshot,
      CASE WHEN t.end_snapshot <= ${literal(snapshot)} THEN t.end_snapshot END AS end_snapshot
    FROM ${CATALOG}.ducklake_table AS t
    JOIN ${CATALOG}.ducklake_schema AS s ON s.schema_id = t.schema_id AND s.end_snapshot IS NULL
    WHERE t.begin_snapshot <= ${literal(snapshot)}`;
}

function liveFilesSql(snapshot: number, bucket: string): string {
  const live = `begin_snapshot <= ${literal(snapshot)} AND (end_snapshot IS NULL OR end_snapshot > ${literal(snapshot)})`;
  return `
    SELECT schema_name, table_name, file.kind, file.path, file.size, ${keySql("file.path", bucket)} AS key
    FROM (
      SELECT 'data' AS kind, table_id, ${fullPathSql("f")} AS path, file_size_bytes AS size
      FROM ${CATALOG}.ducklake_data_file AS f JOIN (${foldersSql()}) USING (table_id) WHERE ${live}
      UNION ALL
      SELECT 'delete', table_id, ${fullPathSql("f")}, file_size_bytes
      FROM ${CATALOG}.ducklake_delete_file AS f JOIN (${foldersSql()}) USING (table_id) WHERE ${live}
    ) AS file
    JOIN (SELECT DISTINCT table_id, schema_name, table_name FROM audit_tables WHERE end_snapshot IS NULL) USING (table_id)`;
}

/** Every path that the catalog knows of at this moment: files of any snapshot, and those that wait for deletion. */
export function knownPathsSql(): string {
  return `
    SELECT ${fullPathSql("f")} AS path FROM ${CATALOG}.ducklake_data_file AS f JOIN (${foldersSql()}) USING (table_id)
    UNION
    SELECT ${fullPathSql("f")} FROM ${CATALOG}.ducklake_delete_file AS f JOIN (${foldersSql()}) USING (table_id)
    UNION
    SELECT CASE WHEN f.path_is_relative THEN data_path || f.path ELSE f.path END
    FROM ${CATALOG}.ducklake_files_scheduled_for_deletion AS f, (${dataPathSql()})`;
}

/** The folder of each table, dropped ones too. */
function foldersSql(): string {
  return `
    SELECT t.table_id, any_value(CASE WHEN NOT t.path_is_relative THEN t.path
      WHEN s.path_is_relative THEN data_path || s.path || t.path ELSE s.path || t.path END) AS folder
    FROM ${CATALOG}.ducklake_table AS t
    JOIN (SELECT schema_id, any_value(path) AS path, any_value(path_is_relative) AS path_is_relative
      FROM ${CATALOG}.ducklake_schema GROUP BY schema_id) AS s USING (schema_id), (${dataPathSql()})
    GROUP BY t.table_id`;
}

function dataPathSql(): string {
  return `SELECT value AS data_path FROM ${CATALOG}.ducklake_metadata WHERE key = 'data_path' AND scope IS NULL`;
}

function fullPathSql(alias: string): string {
  return `CASE WHEN ${alias}.path_is_relative THEN folder || ${alias}.path ELSE ${alias}.path END`;
}

/** The key of a path in this bucket, else NULL. */
function keySql(column: string, bucket: string): string {
  return `CASE WHEN starts_with(${column}, ${literal(bucket)}) THEN substr(${column}, ${literal(bucket.length + 1)}) END`;
}

// Numbers have no holes but those that expiry leaves.
function snapshotsSql(snapshot: number): string {
  return `
    WITH kept AS (
      SELECT snapshot_id, snapshot_time, TRY_CAST(commit_extra_info AS JSON) AS note
      FROM ${CATALOG}.ducklake_snapshot JOIN ${CATALOG}.ducklake_snapshot_changes USING (snapshot_id)
      WHERE snapshot_id <= ${literal(snapshot)}
    ), holes AS (
      SELECT max(snapshot_id) AS after_hole FROM kept
      ANTI JOIN (SELECT snapshot_id + 1 AS snapshot_id FROM kept) USING (snapshot_id) WHERE snapshot_id > 0)
    SELECT snapshot_id, snapshot_time, note ->> '$.asset' AS asset, note ->> '$.batchId' AS batch,
      snapshot_id >= coalesce(after_hole, 0) AS settled
    FROM kept, holes`;
}
