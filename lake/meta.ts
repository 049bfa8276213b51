import type { Session } from "./session.ts";

/**
 * The lake's own tables. All are append-only logs, so that writers of different tables never conflict on them;
 * readers use the views. Fences (lake/fence.ts) are the exception.
 *
 * `epoch` is the writer's fence value in the transaction that wrote the row: the order of a writer's rows.
 */
const META_TABLES = `
  CREATE TABLE IF NOT EXISTS lakehouse.meta.feeder_batches (
    id VARCHAR, source VARCHAR, stream VARCHAR, files BIGINT, rows BIGINT, bytes BIGINT,
    first_key VARCHAR, last_key VARCHAR, quarantined BIGINT, cursor_path VARCHAR, run VARCHAR, epoch BIGINT,
    started_at TIMESTAMPTZ, committed_at TIMESTAMPTZ);
  CREATE TABLE IF NOT EXISTS lakehouse.meta.feeder_file_log (
    source VARCHAR, stream VARCHAR, key VARCHAR, etag VARCHAR, size BIGINT, rows BIGINT, batch VARCHAR,
    state VARCHAR, registered_path VARCHAR, epoch BIGINT, recorded_at TIMESTAMPTZ);
  CREATE TABLE IF NOT EXISTS lakehouse.meta.quarantine_log (
    source VARCHAR, stream VARCHAR, key VARCHAR, etag VARCHAR, size BIGINT, reason VARCHAR, state VARCHAR,
    epoch BIGINT, recorded_at TIMESTAMPTZ);
  CREATE TABLE IF NOT EXISTS lakehouse.meta.materializations (
    asset VARCHAR, upstream_snapshots VARCHAR, code_hash VARCHAR, mode VARCHAR, reason VARCHAR, rows BIGINT,
    changed_rows BIGINT, run VARCHAR, epoch BIGINT, started_at TIMESTAMPTZ, finished_at TIMESTAMPTZ);
  CREATE TABLE IF NOT EXISTS lakehouse.meta.asset_state_log (
    asset VARCHAR, state VARCHAR, message VARCHAR, code_hash VARCHAR, run VARCHAR, recorded_at TIMESTAMPTZ);
  CREATE TABLE IF NOT EXISTS lakehouse.meta.backfill_log (
    id VARCHAR, state VARCHAR, step BIGINT, request VARCHAR, requested_by VARCHAR, run VARCHAR,
    recorded_at TIMESTAMPTZ);
  CREATE TABLE IF NOT EXISTS lakehouse.meta.backfill_chunk_log (
    backfill VARCHAR, chunk BIGINT, asset VARCHAR, first_key VARCHAR, last_key VARCHAR, from_day VARCHAR,
    to_day VARCHAR, files BIGINT, bytes BIGINT, state VARCHAR, step BIGINT, changed_rows BIGINT, message VARCHAR,
    run VARCHAR, recorded_at TIMESTAMPTZ);
`;

/** The current state of each object, stream and asset: the last entry of its log. */
const META_VIEWS = `
  CREATE VIEW IF NOT EXISTS lakehouse.meta.feeder_cursors AS
    SELECT source, stream, arg_max(cursor_path, epoch) AS cursor_path, max(committed_at) AS updated_at
    FROM lakehouse.meta.feeder_batches WHERE cursor_path IS NOT NULL GROUP BY source, stream;
  CREATE VIEW IF NOT EXISTS lakehouse.meta.feeder_files AS
    SELECT * EXCLUDE (epoch) FROM lakehouse.meta.feeder_file_log
    QUALIFY row_number() OVER (PARTITION BY source, stream, key ORDER BY epoch DESC) = 1;
  CREATE VIEW IF NOT EXISTS lakehouse.meta.quarantine AS
    SELECT * EXCLUDE (state, epoch) FROM (
      SELECT * FROM lakehouse.meta.quarantine_log
      QUALIFY row_number() OVER (PARTITION BY source, stream, key ORDER BY epoch DESC) = 1
    ) WHERE state = 'waiting';
  CREATE VIEW IF NOT EXISTS lakehouse.meta.asset_states AS
    SELECT * FROM lakehouse.meta.asset_state_log
    QUALIFY row_number() OVER (PARTITION BY asset ORDER BY recorded_at DESC) = 1;
  CREATE VIEW IF NOT EXISTS lakehouse.meta.backfills AS
    SELECT id, arg_max(state, step) AS state, max(step) AS step, max(request) AS request,
      max(requested_by) AS requested_by, max(run) AS run, min(recorded_at) AS requested_at,
      arg_max(recorded_at, step) AS recorded_at
    FROM lakehouse.meta.backfill_log GROUP BY id;
  CREATE VIEW IF NOT EXISTS lakehouse.meta.backfill_chunks AS
    SELECT backfill, chunk, max(asset) AS asset, max(first_key) AS first_key, max(last_key) AS last_key,
      max(from_day) AS from_day, max(to_day) AS to_day, max(files) AS files, max(bytes) AS bytes,
      arg_max(state, step) AS state, max(step) AS step, arg_max_null(changed_rows, step) AS changed_rows,
      arg_max_null(message, step) AS message, arg_max_null(run, step) AS run,
      min(recorded_at) FILTER (state = 'running') AS started_at,
      arg_max(recorded_at, step) FILTER (state IN ('done', 'failed', 'cancelled')) AS ended_at
    FROM lakehouse.meta.backfill_chunk_log GROUP BY backfill, chunk;
`;

/**
 * In landing a file whose rows are all deleted is given up, however few they are; inlined, the deletes of ten rows or
 * fewer would keep it for ever.
 */
const LANDING_OPTION = "CALL lakehouse.set_option('data_inlining_row_limit', 0, schema => 'staging')";

/**
 * Rows of one batch's ledger go into the catalog itself rather than into a Parquet file of their own: 500 rows
 * cost 40 ms there, whatever S3's latency; above about a thousand the cost grows faster than the rows.
 */
const META_SCHEMAS = `
  CREATE SCHEMA IF NOT EXISTS lakehouse.staging;
  CREATE SCHEMA IF NOT EXISTS lakehouse.meta;
  ${LANDING_OPTION};
  CALL lakehouse.set_option('data_inlining_row_limit', 1000, schema => 'meta');
`;

/** Creates the lake's schemas and meta tables where they are missing. Safe to run from several processes. */
export async function createMetaSchema(session: Session): Promise<void> {
  const [present] = await session.queryRaw(
    `SELECT count(*)::INTEGER AS tables FROM duckdb_views()
     WHERE database_name = 'lakehouse' AND schema_name = 'meta' AND view_name = 'backfill_chunks'`,
  );
  if (Number(present?.tables) > 0) {
    await releaseSmallFiles(session);
    return;
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      // The option first: DuckDB 1.5.5 crashes when it is set after the tables in the same session.
      await session.execute(META_SCHEMAS);
      await session.execute(`BEGIN; ${META_TABLES} ${META_VIEWS} COMMIT`);
      return;
    } catch (error) {
      await session.rollback().catch(() => {});
      // Two processes that start on a new lake race here; the loser finds everything in place.
      if (attempt === 5) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100 * attempt));
    }
  }
}

/** Sets what landing needs in a lake that was made before this was known. */
async function releaseSmallFiles(session: Session): Promise<void> {
  const [set] = await session.queryRaw(
    `SELECT 1 FROM ducklake_options('lakehouse')
     WHERE option_name = 'data_inlining_row_limit' AND scope = 'SCHEMA' AND scope_entry = 'staging'`,
  );
  if (!set) await session.execute(LANDING_OPTION);
}
