import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Column, Project, Stream } from "../assets/definitions.ts";
import { isPathColumn } from "../assets/feeder/landing.ts";
import { Session } from "../lake/session.ts";
import { identifier, identifiers, literal, qualified } from "../lake/sql.ts";
import { type Landing, type Row, type StreamName, UNDECLARED } from "./shop.ts";

/** A file's bytes. */
export interface Content {
  etag: string;
  bytes: Uint8Array;
}

/**
 * Every row that ever landed, in a DuckDB file of the harness's own: what the lake is held against. A row belongs to
 * a content (the bytes of a file, known by their etag), and contents to the keys under which they were put.
 */
export class Memory {
  readonly session: Session;
  readonly #project: Project;
  readonly #folder: string;
  #contents = 0;
  #landings = 0;
  /** Key → what was put under it last. */
  readonly #lying = new Map<string, Content>();

  private constructor(session: Session, project: Project, folder: string) {
    this.session = session;
    this.#project = project;
    this.#folder = folder;
  }

  static async open(folder: string, project: Project): Promise<Memory> {
    const instance = await DuckDBInstance.create(":memory:", { threads: "2", memory_limit: "1GB" });
    const session = new Session(await instance.connect());
    await session.execute(`SET TimeZone = 'UTC'; ATTACH ${literal(join(folder, "memory.db"))} AS harness`);
    await session.execute(`
      CREATE TABLE harness.contents (id INTEGER, stream VARCHAR, etag VARCHAR, rows INTEGER);
      CREATE TABLE harness.landings (number INTEGER, round INTEGER, key VARCHAR, etag VARCHAR);
    `);
    for (const stream of project.streams) {
      const columns = rememberedColumns(stream).map(({ name, type }) => `${identifier(name)} ${type}`);
      await session.execute(
        `CREATE TABLE ${landedTable(stream.stream)} (content INTEGER, ${columns.join(", ")})`,
      );
    }
    return new Memory(session, project, folder);
  }

  /** Remembers what is about to land, and makes its bytes. */
  async remember(round: number, landing: Landing): Promise<Content> {
    const content = await this.#contentOf(landing);
    await this.#note(round, landing.key, content.etag);
    this.#lying.set(landing.key, content);
    return content;
  }

  /** Remembers that an object is about to be deleted. */
  async forget(round: number, key: string): Promise<void> {
    await this.#note(round, key, null);
  }

  async #contentOf(landing: Landing): Promise<Content> {
    switch (landing.kind) {
      case "file":
        return this.#write(landing.stream, landing.rows, landing.swell);
      case "overwrite":
        return this.#write(landing.stream, landing.rows, 1);
      case "broken": {
        const { bytes } = await this.#parquet(landing.stream, landing.rows, 1);
        const kept = bytes.subarray(0, Math.floor(bytes.length * landing.keep));
        await this.#content(landing.stream, etagOf(kept), null);
        return { bytes: kept, etag: etagOf(kept) };
      }
      case "twin": {
        const lying = this.#lying.get(landing.of);
        if (!lying) throw new Error(`nothing lies under ${landing.of}`);
        return lying;
      }
      case "delete":
        throw new Error("a deletion has no content");
    }
  }

  async #write(name: string, rows: readonly Row[], swell: number): Promise<Content> {
    const { bytes, select } = await this.#parquet(name, rows, swell);
    const content = await this.#content(name, etagOf(bytes), rows.length);
    if (rows.length > 0) {
      await this.session.execute(
        `INSERT INTO ${landedTable(name)} BY NAME SELECT ${content} AS content, ${this.#remembered(name, Object.keys(rows[0] as Row))} FROM (${select})`,
      );
    }
    return { bytes, etag: etagOf(bytes) };
  }

  #remembered(name: string, present: readonly string[]): string {
    const stream = this.#project.streams.find((candidate) => candidate.stream === name) as Stream;
    const columns = rememberedColumns(stream).filter((column) => present.includes(column.name));
    return columns.map((column) => `${digested(column)} AS ${identifier(column.name)}`).join(", ");
  }

  /** A Parquet file with these rows, and a SELECT of them. */
  async #parquet(
    name: string,
    rows: readonly Row[],
    swell: number,
  ): Promise<{ bytes: Uint8Array; select: string }> {
    const stream = this.#project.streams.find((candidate) => candidate.stream === name);
    if (!stream) throw new Error(`no stream ${name}`);
    const columns = rememberedColumns(stream).filter(
      (column) => rows.length === 0 || column.name in (rows[0] as Row),
    );
    const list = columns.map(({ name, type }) => {
      const value = name === "text" && swell > 1 ? `repeat(${identifier(name)}, ${swell})` : identifier(name);
      return `${value}::${type} AS ${identifier(name)}`;
    });
    const tuples = (rows.length === 0 ? [{}] : rows).map(
      (row: Row) => `(${columns.map(({ name }) => literal(row[name] ?? null)).join(", ")})`,
    );
    const names = identifiers(columns.map((column) => column.name));
    const select = `SELECT ${list.join(", ")} FROM (VALUES ${tuples.join(", ")}) AS v (${names}) ${rows.length === 0 ? "WHERE FALSE" : ""}`;
    const path = join(this.#folder, "file.parquet");
    await this.session.execute(`COPY (${select}) TO ${literal(path)} (FORMAT parquet)`);
    return { bytes: await readFile(path), select };
  }

  /** The number of a content; files that hold the same are one. `rows`: null where it cannot be read. */
  async #content(stream: string, etag: string, rows: number | null): Promise<number> {
    this.#contents += 1;
    await this.session.execute(
      `INSERT INTO harness.contents SELECT ${this.#contents}, ${literal(stream)}, ${literal(etag)}, ${literal(rows)}
       WHERE NOT EXISTS (SELECT 1 FROM harness.contents WHERE stream = ${literal(stream)} AND etag = ${literal(etag)})`,
    );
    return this.#contents;
  }

  async #note(round: number, key: string, etag: string | null): Promise<void> {
    this.#landings += 1;
    const values = [this.#landings, round, key, etag].map((value) => literal(value));
    await this.session.execute(`INSERT INTO harness.landings VALUES (${values.join(", ")})`);
  }
}

/**
 * A column's value, or its digest in place of a long text: files that are to take much memory are made of those, and
 * the harness would need as much. No model of the project looks into them.
 */
export function digested({ name, type }: Column): string {
  const column = identifier(name);
  return type === "VARCHAR"
    ? `CASE WHEN strlen(${column}) > 1000 THEN md5(${column}) ELSE ${column} END`
    : column;
}

/** Every column that a stream's files may have: its landing table's, without those from the path, and undeclared ones. */
export function rememberedColumns(stream: Stream): Column[] {
  return [...declaredColumns(stream), ...(UNDECLARED[stream.stream as StreamName] ?? [])];
}

/** The columns of a stream's landing table, without those that come from the path. */
export function declaredColumns(stream: Stream): Column[] {
  return stream.landing.columns.filter((column) => !isPathColumn(column.name));
}

/** The table of a stream's rows, by content. */
export function landedTable(stream: string): string {
  return qualified("harness", "main", `landed_${stream}`);
}

/** As S3 computes it for an object that is put at once. */
function etagOf(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}
