/** Plain DuckDB writing one table of its own from the same files, in one statement. */

import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Connections } from "../common/settings.ts";
import { literal } from "../lake/sql.ts";
import { answer, readInput } from "./stage.ts";
import { SOURCE, STREAM } from "./workloads.ts";

const input = await readInput<{
  connections: Connections;
  extensions: Record<string, string>;
  folder: string;
  memoryLimit: string;
}>();
const s3 = input.connections.s3;
const file = join(input.folder, `plain-${process.pid}.duckdb`);
const connection = await (await DuckDBInstance.create(file, { memory_limit: input.memoryLimit })).connect();
await connection.run(`LOAD ${literal(input.extensions.httpfs ?? "httpfs")}`);
await connection.run(`CREATE SECRET (TYPE s3, KEY_ID ${literal(s3.accessKeyId)}, SECRET ${literal(s3.secretAccessKey)},
  REGION ${literal(s3.region)}, ENDPOINT ${literal(new URL(s3.endpoint ?? "").host)}, URL_STYLE 'path', USE_SSL false)`);
const started = performance.now();
await connection.run(`CREATE TABLE t AS SELECT * FROM read_parquet(
    ${literal(`s3://${s3.bucket}/raw/${SOURCE}/${STREAM}/**/*.parquet`)}, hive_partitioning = true)
  QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC, _airbyte_extracted_at DESC) = 1`);
const milliseconds = performance.now() - started;
const [row] = (await connection.runAndReadAll("SELECT count(*)::INTEGER AS n FROM t")).getRowObjectsJson();
answer(milliseconds, { rows: Number(row?.n) });
