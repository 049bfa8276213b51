import { appendFile, mkdtemp, readFile, rm, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openScratch, type Session } from "../lake/session.ts";
import { identifier, literal } from "../lake/sql.ts";
import type { SampleStream } from "./calendar.ts";
import { type ColumnTypes, columnTypes } from "./columns.ts";
import type { RawFile } from "./files.ts";

/** Rows in one trip through DuckDB, so many that the cost of its statements is spread over many files. */
const rowsPerLoad = 20_000;

/** Turns raw files into Parquet bytes. Files of one stream share a load, each becomes a file of its own. */
export class ParquetWriter {
  readonly #session: Session;
  readonly #folder: string;
  readonly #put: (key: string, body: Uint8Array) => Promise<void>;
  readonly #types: Record<SampleStream, ColumnTypes>;
  /** What waits for the next trip: the files' keys here, their rows in a file on disk. */
  readonly #waiting = new Map<SampleStream, { rows: number; keys: string[] }>();
  bytes = 0;

  private constructor(
    session: Session,
    folder: string,
    types: Record<SampleStream, ColumnTypes>,
    put: (key: string, body: Uint8Array) => Promise<void>,
  ) {
    this.#session = session;
    this.#folder = folder;
    this.#types = types;
    this.#put = put;
  }

  static async open(put: (key: string, body: Uint8Array) => Promise<void>): Promise<ParquetWriter> {
    const folder = await mkdtemp(join(tmpdir(), "lotus-sample-"));
    return new ParquetWriter(await openScratch(), folder, await columnTypes(), put);
  }

  /** Takes a file; it is put now or with a later one, at the latest by `flush`. */
  async write(file: RawFile): Promise<void> {
    const waiting = this.#waiting.get(file.stream) ?? { rows: 0, keys: [] };
    this.#waiting.set(file.stream, waiting);
    const number = waiting.keys.push(file.key) - 1;
    waiting.rows += file.rows.length;
    const lines = file.rows.map((row) => `${JSON.stringify({ _file: number, ...row })}\n`);
    await appendFile(this.#rowsPath(file.stream), lines.join(""));
    if (waiting.rows >= rowsPerLoad) await this.#load(file.stream);
  }

  async flush(): Promise<void> {
    for (const stream of this.#waiting.keys()) await this.#load(stream);
  }

  async close(): Promise<void> {
    this.#session.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #load(stream: SampleStream): Promise<void> {
    const keys = this.#waiting.get(stream)?.keys ?? [];
    this.#waiting.delete(stream);
    const source = this.#rowsPath(stream);
    await this.#session.execute(loadRows(source, this.#types[stream]));
    await unlink(source);
    const uploads = new Set<Promise<void>>();
    const failures: unknown[] = [];
    for (const [number, key] of keys.entries()) {
      const target = join(this.#folder, `${number}.parquet`);
      await this.#session.execute(
        `COPY (SELECT * EXCLUDE (_file) FROM rows WHERE _file = ${literal(number)}) TO ${literal(target)} (FORMAT parquet)`,
      );
      const upload = this.#upload(key, target)
        .catch((error) => void failures.push(error))
        .finally(() => uploads.delete(upload));
      uploads.add(upload);
      if (uploads.size >= 16) await Promise.race(uploads);
      if (failures.length > 0) break;
    }
    await Promise.all(uploads);
    if (failures.length > 0) throw failures[0];
  }

  #rowsPath(stream: SampleStream): string {
    return join(this.#folder, `${stream.replace("/", "__")}.ndjson`);
  }

  async #upload(key: string, path: string): Promise<void> {
    const body = await readFile(path);
    await unlink(path);
    this.bytes += body.length;
    await this.#put(key, body);
  }
}

/** JSON has no types for times and whole numbers: every column is read as what it is declared to be. */
function loadRows(source: string, types: ColumnTypes): string {
  const columns = Object.entries({ _file: "INTEGER", ...types });
  const spec = columns.map(([name, type]) => `${identifier(name)}: ${literal(type)}`).join(", ");
  return `CREATE OR REPLACE TABLE rows AS
    SELECT * FROM read_json(${literal(source)}, format = 'newline_delimited', columns = {${spec}})`;
}
