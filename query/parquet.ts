import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { identifier, literal } from "../lake/sql.ts";
import type { QueryResult } from "./read.ts";

/** A result as a Parquet file. Written by a DuckDB of its own: that of the lake may write no files. */
export async function parquetOf({ columns, chunks }: QueryResult): Promise<Buffer> {
  const path = join(tmpdir(), `lotus-query-${randomUUID()}.parquet`);
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  try {
    const connection = await instance.connect();
    const names = distinctNames(columns.map(({ name }) => name));
    const declared = columns.map(({ type }, index) => `${identifier(names[index] ?? "")} ${type}`);
    await connection.run(`CREATE TABLE result (${declared.join(", ")})`);
    const appender = await connection.createAppender("result");
    for (const chunk of chunks) {
      appender.appendDataChunk(chunk);
      await setImmediate();
    }
    appender.closeSync();
    await connection.run(`COPY result TO ${literal(path)} (FORMAT parquet)`);
    connection.closeSync();
    return await readFile(path);
  } finally {
    instance.closeSync();
    await rm(path, { force: true });
  }
}

/** A result may have one name twice; a table may not. */
function distinctNames(names: readonly string[]): string[] {
  const seen = new Set<string>();
  return names.map((name) => {
    let distinct = name;
    for (let number = 1; seen.has(distinct.toLowerCase()); number += 1) distinct = `${name}_${number}`;
    seen.add(distinct.toLowerCase());
    return distinct;
  });
}
