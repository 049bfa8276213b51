import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBPreparedStatement,
  type DuckDBType,
  type Json,
} from "@duckdb/node-api";
import pLimit from "p-limit";
import { z } from "zod";
import { LotusError } from "../common/errors.ts";
import { Recent } from "../common/recent.ts";
import { checkReading, parseReadingSql, type Reach } from "./barrier.ts";
import { isEngineLost, translateError } from "./faults.ts";
import { Gate } from "./gate.ts";

/**
 * DuckDB's work runs on libuv's threads, as does what Node does with files, names and keys. One thread is left for that:
 * work that takes minutes must not keep a page of the console, or a connection, waiting.
 */
const threads = pLimit(Math.max(1, Number(process.env.UV_THREADPOOL_SIZE ?? 4) - 1));

/** Statements that a session keeps planned. */
const MOST_KEPT = 24;

const describeRow = z.object({ column_name: z.string(), column_type: z.string() });

/** The beginning of a result, or all of it. */
export interface FirstRows {
  names: string[];
  types: DuckDBType[];
  chunks: DuckDBDataChunk[];
  /** In the chunks. */
  rows: number;
}

/**
 * A result that is read as it is made. DuckDB ends it without a word when the statement fails half-way or is stopped:
 * whoever has to know that it is whole appends a row that says so.
 */
export interface RowStream {
  names: string[];
  types: DuckDBType[];
  /** Null at its end. */
  next(): Promise<DuckDBDataChunk | null>;
}

/**
 * One DuckDB connection. Statements run one at a time, in the order asked for. Rows come back exact: BIGINT,
 * HUGEINT, DECIMAL, dates and timestamps as text, the rest as JSON values; the zod schema turns them into types.
 */
export class Session {
  readonly #connection: DuckDBConnection;
  readonly #gate: Gate;
  readonly #kept = new Recent<string, DuckDBPreparedStatement>(MOST_KEPT, {
    forgotten: (statement) => statement.destroySync(),
  });
  #tail: Promise<unknown> = Promise.resolve();

  /** `gate`: where statements of other sessions of the same DuckDB go through, too; default: one of its own. */
  constructor(connection: DuckDBConnection, gate = new Gate()) {
    this.#connection = connection;
    this.#gate = gate;
  }

  /** Runs one or more statements for their effect. @throws LotusError */
  async execute(sql: string): Promise<void> {
    await this.#inTurn(() => this.#connection.run(sql));
  }

  /** Runs a statement and parses each row. @throws LotusError */
  async query<T>(schema: z.ZodType<T>, sql: string): Promise<T[]> {
    const rows = await this.queryRaw(sql);
    return rows.map((row) => schema.parse(row));
  }

  /** Runs a statement that returns exactly one row. */
  async queryOne<T>(schema: z.ZodType<T>, sql: string): Promise<T> {
    const rows = await this.query(schema, sql);
    if (rows.length !== 1) throw new Error(`expected one row, got ${rows.length}: ${sql}`);
    return rows[0] as T;
  }

  async queryRaw(sql: string): Promise<Record<string, Json>[]> {
    return this.#inTurn(async () => (await this.#connection.runAndReadAll(sql)).getRowObjectsJson());
  }

  /**
   * Runs a query from outside, which may only read, and only the lake: SELECT, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN.
   * @throws LotusError QUERY_FAILED for any other, before DuckDB looks at more than its grammar.
   */
  async read(sql: string): Promise<Record<string, Json>[]> {
    await this.check(sql, { files: true });
    return this.#prepared(sql);
  }

  /** @throws LotusError QUERY_FAILED unless it is one query that reads, and nothing that it may not. */
  async check(sql: string, reach: Reach): Promise<void> {
    const [parsed] = await this.queryRaw(parseReadingSql(sql));
    checkReading(String(parsed?.tree), reach);
  }

  /**
   * Runs one statement, which reads, and gives its result as DuckDB has it: its first rows, as many as `rows` or some
   * more where there are more. Further ones are not computed.
   */
  async first(rows: number, sql: string): Promise<FirstRows> {
    return this.#inTurn(async () => {
      const prepared = await this.#connection.prepare(sql);
      try {
        const result = await prepared.stream();
        const chunks: DuckDBDataChunk[] = [];
        let read = 0;
        while (read < rows) {
          const chunk = await result.fetchChunk();
          if (!chunk || chunk.rowCount === 0) break;
          chunks.push(chunk);
          read += chunk.rowCount;
        }
        // Whatever runs next ends a statement that has more to give.
        if (read >= rows) await this.#connection.run("SELECT NULL");
        return { names: result.columnNames(), types: result.columnTypes(), chunks, rows: read };
      } finally {
        prepared.destroySync();
      }
    });
  }

  /**
   * Runs one statement, which reads. Whatever runs next in this session cuts the result off. `keptAs`: keeps it as DuckDB
   * has planned it, for the next time under the same name: of the text, and of the settings that it was planned with.
   */
  async stream(sql: string, keptAs: string | null = null): Promise<RowStream> {
    return this.#inTurn(async () => {
      const known = keptAs === null ? undefined : this.#kept.get(keptAs);
      const prepared = known ?? (await this.#connection.prepare(sql));
      let keep = false;
      try {
        const result = await prepared.stream();
        keep = keptAs !== null;
        const next = async () => {
          const chunk = await result.fetchChunk();
          return chunk && chunk.rowCount > 0 ? chunk : null;
        };
        return {
          names: result.columnNames(),
          types: result.columnTypes(),
          next: () => this.#inTurn(next),
        };
      } finally {
        if (keep && !known) this.#kept.set(keptAs as string, prepared);
        if (!keep && known) this.#kept.delete(keptAs as string);
        if (!keep && !known) prepared.destroySync();
      }
    });
  }

  /** Names and types of a SELECT's result, without running it. @throws LotusError when it is not one statement. */
  async describe(select: string): Promise<{ name: string; type: string }[]> {
    const rows = await this.#prepared(`DESCRIBE ${select}`);
    return rows.map((row) => {
      const { column_name, column_type } = describeRow.parse(row);
      return { name: column_name, type: column_type };
    });
  }

  /** Runs exactly one statement: a text with several cannot be prepared. */
  #prepared(sql: string): Promise<Record<string, Json>[]> {
    return this.#inTurn(async () => {
      const prepared = await this.#connection.prepare(sql);
      try {
        return (await prepared.runAndReadAll()).getRowObjectsJson();
      } finally {
        prepared.destroySync();
      }
    });
  }

  /**
   * Ends the transaction that is open, if there is one.
   * @throws LotusError ENGINE_FAILED when DuckDB runs no statement any more: it stays open
   */
  async rollback(): Promise<void> {
    for (;;) {
      try {
        return await this.execute("ROLLBACK");
      } catch (error) {
        if (isEngineLost(error)) throw error;
        // All else but an interruption says that there is none, or that it went with the way to the catalog.
        if (!(error instanceof LotusError && error.code === "CANCELLED")) return;
      }
    }
  }

  /** Stops the running statement, which then fails with CANCELLED. */
  interrupt(): void {
    this.#connection.interrupt();
  }

  /** Not in a transaction: it would be rolled back on the event loop's thread (commit-relay.ts). */
  close(): void {
    this.#connection.closeSync();
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#tail;
    let release = () => {};
    this.#tail = new Promise<void>((resolve) => {
      release = resolve;
    });
    try {
      await before;
      return await this.#gate.beside(() => threads(work));
    } catch (error) {
      throw translateError(error);
    } finally {
      release();
    }
  }
}

/** A private in-memory DuckDB with no lake and no extensions: for parsing, binding, and making test data. */
export async function openScratch(): Promise<Session> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  return new Session(await instance.connect());
}
