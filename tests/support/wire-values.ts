import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import pg from "pg";
import { inject } from "vitest";
import { deliverySql } from "../../gateway/values/delivery.ts";
import {
  ByteSink,
  columnEncoder,
  type EncoderSettings,
  writeDataRows,
} from "../../gateway/values/encoder.ts";

export type Field = Buffer | null;

/** What the run's Postgres sends, and says of its parse trees. */
export class Reference {
  readonly #client: pg.Client;
  #trees: string[] = [];
  readonly #sendFunctions = new Map<string, string>();

  private constructor(client: pg.Client) {
    this.#client = client;
    client.on("notice", (notice) => {
      if (notice.message === "parse tree:") this.#trees.push(notice.detail ?? "");
    });
  }

  static async connect(): Promise<Reference> {
    const client = new pg.Client({ connectionString: inject("connections").catalogUrl });
    await client.connect();
    await client.query("SET TimeZone = 'UTC'");
    return new Reference(client);
  }

  async set(statement: string): Promise<void> {
    await this.#client.query(statement);
  }

  /** The columns of the one row of a query, in text. Buffers among the values are sent in binary. */
  async row(sql: string, values: readonly unknown[]): Promise<Field[]> {
    const result = await this.#client.query({
      text: sql,
      values: [...values],
      rowMode: "array",
      types: { getTypeParser: () => (value: string) => Buffer.from(value) },
    } as pg.QueryArrayConfig);
    return result.rows[0] as Field[];
  }

  /** Expressions of a type as Postgres sends them. */
  async sent(
    expressions: readonly string[],
    type: string,
    values: readonly unknown[],
    format: 0 | 1,
  ): Promise<Field[]> {
    if (format === 0) return this.row(`SELECT ${expressions.join(", ")}`, values);
    const send = await this.#sendFunction(type);
    const list = expressions.map((expression) => `encode(${send}(${expression}), 'hex')`);
    const row = await this.row(`SELECT ${list.join(", ")}`, values);
    return row.map((field) => (field === null ? null : Buffer.from(String(field), "hex")));
  }

  /** Each value as Postgres sends it once it is of the type. */
  async fields(type: string, values: readonly unknown[], format: 0 | 1): Promise<Field[]> {
    return this.sent(
      values.map((_, index) => `$${index + 1}::${type}`),
      type,
      values,
      format,
    );
  }

  async #sendFunction(type: string): Promise<string> {
    const known = this.#sendFunctions.get(type);
    if (known) return known;
    const [name] = await this.row("SELECT typsend FROM pg_type WHERE oid = $1::regtype", [type]);
    this.#sendFunctions.set(type, String(name));
    return String(name);
  }

  /** What each CopyData message of a COPY to STDOUT holds. */
  async copy(sql: string): Promise<Buffer[]> {
    const messages: Buffer[] = [];
    const query = new pg.Query(sql);
    const done = new Promise<void>((resolve, reject) => {
      query.on("end", () => resolve());
      query.on("error", reject);
    });
    // The driver has no words for copying, but passes the messages on.
    const handler = { handleCopyData: ({ chunk }: { chunk: Buffer }) => messages.push(Buffer.from(chunk)) };
    this.#client.query(Object.assign(query, handler));
    await done;
    return messages;
  }

  /** The constants of a statement, as the parse tree has them. */
  async constants(sql: string): Promise<Buffer[]> {
    this.#trees = [];
    await this.#client.query(
      "SET debug_print_parse = on; SET debug_pretty_print = off; SET client_min_messages = log",
    );
    try {
      await this.#client.query(sql);
    } finally {
      await this.#client.query("RESET client_min_messages; RESET debug_print_parse");
    }
    const tree = this.#trees.find((text) => text.includes(":constvalue")) ?? "";
    return [...tree.matchAll(/:constvalue\s+\d+\s+\[\s+([-\d\s]*)\]/g)].map(([, bytes = ""]) =>
      Buffer.from(bytes.trim().split(/\s+/).map(Number)),
    );
  }

  async end(): Promise<void> {
    await this.#client.end();
  }
}

export const plainSettings: EncoderSettings = { timeZone: "UTC", extraFloatDigits: 1 };

/** A DuckDB of its own, and what the gateway makes of its results. */
export class Encoding {
  readonly connection: DuckDBConnection;

  private constructor(connection: DuckDBConnection) {
    this.connection = connection;
  }

  static async open(): Promise<Encoding> {
    const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    return new Encoding(connection);
  }

  /** The fields of all rows of a query's only column. */
  async column(
    sql: string,
    typeOid: number,
    format: 0 | 1,
    settings = plainSettings,
    typmod = -1,
  ): Promise<Field[]> {
    const encoders = [columnEncoder(typeOid, typmod, format, settings)];
    const result = await this.connection.stream(sql);
    const fields: Field[] = [];
    for (;;) {
      const chunk = await result.fetchChunk();
      if (!chunk || chunk.rowCount === 0) return fields;
      const sink = new ByteSink(16);
      writeDataRows(chunk, 0, chunk.rowCount, encoders, sink);
      for (const row of dataRows(sink.take())) fields.push(...row);
    }
  }

  /** Each literal as a row of one column; `apart`: as a statement of its own, where types would run together. */
  async literals(
    literals: readonly string[],
    typeOid: number,
    format: 0 | 1,
    { settings = plainSettings, typmod = -1, apart = false } = {},
  ): Promise<Field[]> {
    const groups = apart ? literals.map((literal) => [literal]) : [literals];
    const fields: Field[] = [];
    for (const group of groups) {
      const rows = group.map((literal) => `(${literal})`).join(", ");
      const sql = `SELECT ${deliverySql("v", typeOid, typmod)} FROM (VALUES ${rows}) AS t(v)`;
      fields.push(...(await this.column(sql, typeOid, format, settings, typmod)));
    }
    return fields;
  }

  close(): void {
    this.connection.closeSync();
  }
}

/** The fields of DataRow messages that follow each other. */
export function dataRows(bytes: Buffer): Field[][] {
  const rows: Field[][] = [];
  let offset = 0;
  while (offset < bytes.length) {
    if (bytes[offset] !== 0x44) throw new Error(`no DataRow at ${offset}`);
    const end = offset + 1 + bytes.readInt32BE(offset + 1);
    const count = bytes.readInt16BE(offset + 5);
    offset += 7;
    const row: Field[] = [];
    for (let column = 0; column < count; column++) {
      const length = bytes.readInt32BE(offset);
      offset += 4;
      row.push(length === -1 ? null : bytes.subarray(offset, offset + Math.max(length, 0)));
      offset += Math.max(length, 0);
    }
    if (offset !== end) throw new Error("a DataRow of another length than it says");
    rows.push(row);
  }
  return rows;
}

/** For messages: text as it is, binary in hexadecimal. */
export function shown(fields: readonly Field[], format: 0 | 1): (string | null)[] {
  return fields.map((field) => field?.toString(format === 0 ? "utf8" : "hex") ?? null);
}
