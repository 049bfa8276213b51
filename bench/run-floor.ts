/**
 * The floor: what registering, merging and committing the same batches costs in one DuckDB process with nothing
 * around it: no Temporal, no ledger, no fence, no model, no look at what the files hold.
 */
import { DuckDBInstance } from "@duckdb/node-api";
import type { Connections } from "../common/settings.ts";
import { literal } from "../lake/sql.ts";
import { answer, readInput } from "./stage.ts";
import { keyOf, type Workload } from "./workloads.ts";

const input = await readInput<{
  connections: Connections;
  extensions: Record<string, string>;
  workload: Workload;
  /** Files in each batch, in order. */
  batches: number[];
  memoryLimit: string;
}>();
const { connections, workload } = input;
const connection = await (
  await DuckDBInstance.create(":memory:", { memory_limit: input.memoryLimit })
).connect();
for (const name of ["ducklake", "postgres_scanner", "httpfs"]) {
  await connection.run(`LOAD ${literal(input.extensions[name] ?? name)}`);
}
const s3 = connections.s3;
await connection.run(`CREATE SECRET (TYPE s3, KEY_ID ${literal(s3.accessKeyId)}, SECRET ${literal(s3.secretAccessKey)},
  REGION ${literal(s3.region)}, ENDPOINT ${literal(new URL(s3.endpoint ?? "").host)}, URL_STYLE 'path', USE_SSL false)`);
await connection.run(`SET enable_http_metadata_cache = true; SET parquet_metadata_cache = true`);
const url = new URL(connections.catalogUrl);
const catalog = `host=${url.hostname} port=${url.port} user=${url.username} password=${url.password} dbname=${url.pathname.slice(1)}`;
await connection.run(`ATTACH ${literal(`ducklake:postgres:${catalog}`)} AS lakehouse
  (DATA_PATH ${literal(`s3://${s3.bucket}/lakehouse/`)}, METADATA_SCHEMA 'ducklake')`);
const columns = `id BIGINT, updated_at TIMESTAMPTZ, customer_id BIGINT, status VARCHAR, amount DOUBLE, quantity BIGINT,
  note VARCHAR, attributes VARCHAR, _airbyte_raw_id VARCHAR, _airbyte_extracted_at TIMESTAMPTZ, _airbyte_meta VARCHAR,
  _airbyte_generation_id BIGINT`;
await connection.run(`CREATE TABLE lakehouse.stg (${columns}, year BIGINT, month BIGINT, day BIGINT)`);
await connection.run(`CREATE TABLE lakehouse.int (${columns})`);

const started = performance.now();
let next = 0;
for (const length of input.batches) {
  const paths = Array.from({ length }, (_, index) => `s3://${s3.bucket}/${keyOf(workload, next + index)}`);
  next += length;
  await connection.runAndReadAll(`SELECT sum(num_rows) FROM parquet_file_metadata(${literal(paths)})`);
  await connection.run("BEGIN");
  await connection.run(
    `CALL ducklake_add_data_files('lakehouse', 'stg', ${literal(paths)}, hive_partitioning => true)`,
  );
  await connection.run(`
    MERGE INTO lakehouse.int AS t USING (
      SELECT * EXCLUDE (year, month, day) FROM read_parquet(${literal(paths)}, hive_partitioning = true)
      QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC, _airbyte_extracted_at DESC) = 1
    ) AS n ON (t.id = n.id)
    WHEN MATCHED AND n.updated_at > t.updated_at THEN UPDATE
    WHEN NOT MATCHED THEN INSERT`);
  await connection.run("COMMIT");
}
const milliseconds = performance.now() - started;
const [row] = (
  await connection.runAndReadAll("SELECT count(*)::INTEGER AS n FROM lakehouse.int")
).getRowObjectsJson();
answer(milliseconds, { rows: Number(row?.n) });
