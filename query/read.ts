import { setImmediate } from "node:timers/promises";
import { type DuckDBDataChunk, type DuckDBType, type Json, JsonDuckDBValueConverter } from "@duckdb/node-api";
import { LotusError } from "../common/errors.ts";
import type { Lake } from "../lake/lake.ts";
import { readSnapshot } from "../lake/transaction.ts";

/** A query from outside, and what it may cost. */
export interface QueryRequest {
  /** One statement that reads: SELECT, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN. */
  sql: string;
  /** At most so many rows are given; more are left out, and that is said. */
  maxRows: number;
  timeoutMs: number;
  signal?: AbortSignal;
}

/** A result, whole in memory. */
export interface QueryResult {
  columns: { name: string; type: string }[];
  types: DuckDBType[];
  chunks: DuckDBDataChunk[];
  rows: number;
  /** Whether there are more rows than were asked for. */
  truncated: boolean;
  milliseconds: number;
}

/**
 * Runs a query from outside over one snapshot of the lake, opened for reading; only the lake's tables are within reach
 * (lake/barrier.ts). Its result is in memory when this returns, so that no failure half-way can pass for an end.
 * @throws LotusError QUERY_FAILED with what is wrong, QUERY_TIMEOUT, OUT_OF_MEMORY
 */
export async function runQuery<T>(
  lake: Lake,
  request: QueryRequest,
  use: (result: QueryResult) => Promise<T>,
): Promise<T> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal ? AbortSignal.any([timeout, request.signal]) : timeout;
  const started = performance.now();
  try {
    return await lake.withSession(async (session) => {
      await session.check(request.sql, { files: false });
      return readSnapshot(session, async () => {
        const found = await session.first(request.maxRows + 1, request.sql);
        return use({
          columns: found.names.map((name, index) => ({ name, type: String(found.types[index]) })),
          types: found.types,
          chunks: firstOf(found.chunks, request.maxRows),
          rows: Math.min(found.rows, request.maxRows),
          truncated: found.rows > request.maxRows,
          milliseconds: performance.now() - started,
        });
      });
    }, signal);
  } catch (error) {
    if (!timeout.aborted) throw error;
    throw new LotusError(
      "QUERY_TIMEOUT",
      `The query took longer than ${request.timeoutMs / 1000} s. Ask for less, or for more time.`,
      { cause: error },
    );
  }
}

/** Chunks with so many rows at most; the last is cut. */
function firstOf(chunks: readonly DuckDBDataChunk[], most: number): DuckDBDataChunk[] {
  const kept: DuckDBDataChunk[] = [];
  let left = most;
  for (const chunk of chunks) {
    if (left === 0) break;
    if (chunk.rowCount > left) chunk.rowCount = left;
    left -= chunk.rowCount;
    kept.push(chunk);
  }
  return kept;
}

/**
 * The rows as JSON: BIGINT, DECIMAL, dates and times as text, exact. They come some at a time, and whatever else this
 * process does has its turn in between.
 */
export async function* jsonRows({ chunks }: QueryResult): AsyncGenerator<Json[][]> {
  for (const chunk of chunks) {
    yield chunk.convertRows(JsonDuckDBValueConverter) as Json[][];
    await setImmediate();
  }
}
