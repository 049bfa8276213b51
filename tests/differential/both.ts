import type { DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import type pg from "pg";
import { readTree } from "../../gateway/analysis/tree.ts";
import { PgCatalog } from "../../gateway/catalog.ts";
import type { ShadowColumn, ShadowTable } from "../../gateway/shadow/shadow-table.ts";
import { macros } from "../../gateway/translate/macros.ts";
import { raisedError } from "../../gateway/translate/raised.ts";
import { translate } from "../../gateway/translate/translate.ts";
import { columnShape, duckdbType } from "../../gateway/translate/types.ts";
import { bindChunk } from "../../gateway/values/column-encoder.ts";
import { ByteSink, type ColumnEncoder, columnEncoder } from "../../gateway/values/encoder.ts";
import { parameterLiteral } from "../../gateway/values/parameter.ts";
import { identifier } from "../../lake/sql.ts";
import { fixtureSql } from "./fixture.ts";

/** What a statement yields: rows of text as a client gets them, or the error's SQLSTATE. */
export interface Answer {
  columns: { name: string; typeOid: number; typmod: number }[];
  rows: (string | null)[][];
  error: { sqlstate: string; message: string } | null;
}

/** The same rows in a real Postgres and in DuckDB, and statements put to both. */
export class Both {
  readonly #postgres: pg.Client;
  readonly #duckdb: DuckDBConnection;
  readonly #catalog: PgCatalog;
  readonly #tables: ReadonlyMap<number, ShadowTable>;
  #tree: string | null = null;
  #timeZone = "Europe/Vienna";

  private constructor(
    postgres: pg.Client,
    duckdb: DuckDBConnection,
    catalog: PgCatalog,
    tables: ReadonlyMap<number, ShadowTable>,
  ) {
    this.#postgres = postgres;
    this.#duckdb = duckdb;
    this.#catalog = catalog;
    this.#tables = tables;
    postgres.on("notice", (notice) => {
      // The statement's comes first; functions that are written in SQL have trees of their own.
      if (notice.message === "parse tree:") this.#tree ??= notice.detail ?? null;
    });
  }

  /** `postgres`: connected to an empty schema; `duckdb`: to an empty database called `memory`. */
  static async open(postgres: pg.Client, duckdb: DuckDBConnection): Promise<Both> {
    await postgres.query("SET timezone = 'Europe/Vienna'; SET intervalstyle = postgres");
    await postgres.query(fixtureSql);
    await duckdb.run("SET TimeZone = 'Europe/Vienna'; SET disabled_optimizers = 'statistics_propagation'");
    for (const statement of macros) await duckdb.run(statement);
    const catalog = await PgCatalog.load(postgres);
    const tables = await tablesOf(postgres);
    for (const statement of await lakeSql(postgres)) await duckdb.run(statement);
    await postgres.query(
      "SET debug_pretty_print = off; SET debug_print_parse = on; SET client_min_messages = log",
    );
    return new Both(postgres, duckdb, catalog, new Map(tables.map((table) => [table.relid, table])));
  }

  async setTimeZone(zone: string): Promise<void> {
    await this.#postgres.query(`SET timezone = '${zone}'`);
    await this.#duckdb.run(`SET TimeZone = '${zone}'`);
    this.#timeZone = zone;
  }

  /** What Postgres answers. */
  async expected(statement: string, parameters: readonly (string | null)[] = []): Promise<Answer> {
    this.#tree = null;
    try {
      const result = await this.#postgres.query({
        text: statement,
        values: [...parameters],
        rowMode: "array",
        types: { getTypeParser: () => String },
      } as pg.QueryArrayConfig);
      const columns = result.fields.map((field) => ({
        name: field.name,
        typeOid: field.dataTypeID,
        typmod: field.dataTypeModifier,
      }));
      return { columns, rows: result.rows as unknown as (string | null)[][], error: null };
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      return { columns: [], rows: [], error: { sqlstate: code ?? "", message } };
    }
  }

  /** What the translation of the statement that `expected` had last yields in DuckDB. */
  async actual(parameters: readonly (string | null)[] = []): Promise<Answer & { sql: string | null }> {
    let sql: string | null = null;
    try {
      if (this.#tree === null) throw new Error("Postgres sent no parse tree");
      const query = readTree(this.#tree);
      const types = parameterTypes(this.#tree);
      const translation = translate(query, {
        catalog: this.#catalog,
        tables: this.#tables,
        source: (table) => `memory.main.${identifier(table.name)}`,
        parameters: parameters.map((value, index) => {
          const literal = parameterLiteral(
            types.get(index + 1) ?? 25,
            0,
            value === null ? null : Buffer.from(value),
          );
          if (typeof literal !== "string") throw new Error(`parameter ${value} needs Postgres`);
          return literal;
        }),
        user: this.#postgres.user ?? "",
        database: "lake",
        timeZone: this.#timeZone,
      });
      sql = translation.sql;
      const result = await this.#duckdb.run(sql);
      const encoders = translation.columns.map((column) =>
        columnEncoder(column.typeOid, column.typmod, 0, { timeZone: this.#timeZone, extraFloatDigits: 1 }),
      );
      const rows = (await result.fetchAllChunks()).flatMap((chunk) => textRows(chunk, encoders));
      return { columns: translation.columns, rows, error: null, sql };
    } catch (error) {
      const raised = raisedError((error as Error).message);
      const sqlstate = raised?.sqlstate ?? (error as { sqlstate?: string }).sqlstate ?? "";
      return { columns: [], rows: [], error: { sqlstate, message: (error as Error).message }, sql };
    }
  }
}

function textRows(chunk: DuckDBDataChunk, encoders: readonly ColumnEncoder[]): (string | null)[][] {
  bindChunk(chunk, encoders);
  return Array.from({ length: chunk.rowCount }, (_, row) =>
    encoders.map((encoder) => {
      if (encoder.isNull(row)) return null;
      const sink = new ByteSink();
      encoder.writeValue(row, sink);
      return sink.take().toString();
    }),
  );
}

function parameterTypes(tree: string): Map<number, number> {
  const found = tree.matchAll(/\{PARAM\s:paramkind\s0\s:paramid\s(\d+)\s:paramtype\s(\d+)/g);
  return new Map([...found].map(([, number, type]) => [Number(number), Number(type)]));
}

/** The tables of the current schema, as a lake has them. */
async function tablesOf(postgres: pg.Client): Promise<ShadowTable[]> {
  const { rows } = await postgres.query(
    "SELECT c.oid, c.relname, array_agg(a.attname::text ORDER BY attnum) AS names, array_agg(a.atttypid::int8::text ORDER BY attnum) AS types, array_agg(a.atttypmod ORDER BY attnum) AS typmods FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace GROUP BY 1, 2",
  );
  return rows.map((row) => {
    const columns = new Map<number, ShadowColumn>();
    row.names.forEach((name: string, index: number) => {
      const typeOid = Number(row.types[index]);
      const typmod = Number(row.typmods[index]);
      const type = duckdbType(typeOid, columnShape(typeOid, typmod));
      columns.set(index + 1, { name, typeOid, typmod, duckdbType: type, read: (expression) => expression });
    });
    return { relid: Number(row.oid), schema: "main", name: row.relname, columns, served: false };
  });
}

/** DuckDB's SQL that makes the tables of the current schema and their rows, which go over as text: both read it alike. */
export async function lakeSql(postgres: pg.Client): Promise<string[]> {
  const made: string[] = [];
  for (const table of await tablesOf(postgres)) {
    const columns = [...table.columns.values()];
    const declared = columns.map((column) => `${identifier(column.name)} ${column.duckdbType}`);
    made.push(`CREATE TABLE ${identifier(table.name)} (${declared.join(", ")})`);
    const { rows } = await postgres.query({
      text: `SELECT ${columns.map(asText).join(", ")} FROM ${identifier(table.name)}`,
      rowMode: "array",
    });
    const lines = (rows as (string | null)[][]).map((row) => {
      const values = columns.map((column, index) => {
        const value = row[index];
        if (value === null || value === undefined) return "NULL";
        const literal = parameterLiteral(column.typeOid, 0, Buffer.from(value));
        return typeof literal === "string" ? literal : `CAST(${quoted(value)} AS ${column.duckdbType})`;
      });
      return `(${values.join(", ")})`;
    });
    if (lines.length > 0) made.push(`INSERT INTO ${identifier(table.name)} VALUES ${lines.join(", ")}`);
  }
  return made;
}

function asText({ name, typeOid }: ShadowColumn): string {
  const column = identifier(name);
  if (typeOid !== 1186) return `${column}::text`;
  const part = (field: string) => `extract(${field} FROM ${column})`;
  const micros = `(${part("hour")} * 3600000000 + ${part("minute")} * 60000000 + ${part("microseconds")})::bigint`;
  const months = `(${part("year")} * 12 + ${part("month")})::int`;
  return `${months} || ' months ' || ${part("day")} || ' days ' || ${micros} || ' microseconds'`;
}

/** Infinities and dates before Christ, in DuckDB's words. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", "''").replace(/^(\S+)(.*) BC$/, "$1 (BC)$2")}'`;
}
