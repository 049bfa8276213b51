import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { type FeederContext, type FeedOutcome, feedBatch } from "../../assets/feeder/feed-batch.ts";
import { createStreamTables, rebuildProcessed } from "../../assets/feeder/rebuild.ts";
import { RunnableModel } from "../../assets/feeder/runnable-model.ts";
import { loadProject } from "../../assets/project.ts";
import type { Connections, S3Connection } from "../../common/settings.ts";
import { Lake } from "../../lake/lake.ts";
import { openScratch, type Session } from "../../lake/session.ts";
import { identifier, literal } from "../../lake/sql.ts";
import { Backlog } from "../../sensors/backlog.ts";
import { ObjectStore } from "../../sensors/object-store.ts";
import { rawPrefix } from "../../sensors/raw-layout.ts";
import { type Isolation, isolate } from "./isolation.ts";

type Row = Awaited<ReturnType<Session["queryRaw"]>>[number];

/** What a test says of a stream; the rest of the config has its defaults. */
export interface StreamSpec {
  /** Column → JSON schema type text, or a whole field. */
  fields?: Record<string, string | object>;
  /** Further keys of the stream's JSON file. */
  config?: Record<string, unknown>;
  feeder?: Record<string, unknown>;
  /** Text of the landing DDL file, with `TABLE_NAME` for the table's name. */
  landing?: string;
  /** Text of the processed model, with `TABLE_NAME` for the landing table's name. */
  model?: string;
  source?: string;
  stream?: string;
}

/** A lake, a bucket and DuckDB to write raw files with: no Temporal. */
export class FeederLake {
  readonly isolation: Isolation;
  readonly lake: Lake;
  readonly store: ObjectStore;
  /** For writing Parquet files. */
  readonly writer: Session;
  #streams = 0;
  readonly #opened: { close(): void }[] = [];

  private constructor(isolation: Isolation, lake: Lake, store: ObjectStore, writer: Session) {
    this.isolation = isolation;
    this.lake = lake;
    this.store = store;
    this.writer = writer;
  }

  /** On the run's own S3, or on another one. */
  static async open(s3?: S3Connection): Promise<FeederLake> {
    const shared = await isolate();
    const isolation = { ...shared, connections: { ...shared.connections, ...(s3 ? { s3 } : {}) } };
    const lake = await openLake(isolation, isolation.connections);
    return new FeederLake(isolation, lake, new ObjectStore(isolation.connections.s3), await openScratch());
  }

  close(): void {
    for (const part of this.#opened) part.close();
    this.lake.close();
    this.store.close();
    this.writer.close();
    this.isolation.dispose();
  }

  /** Another instance on the same lake, as a second process would have it, or one that goes another way to it. */
  async another(connections: Connections = this.isolation.connections): Promise<Lake> {
    const lake = await openLake(this.isolation, connections);
    this.#opened.push(lake);
    return lake;
  }

  /** A stream of its own, with its tables created. */
  async stream(spec: StreamSpec = {}): Promise<FedStream> {
    this.#streams += 1;
    const name = { source: spec.source ?? `s${this.#streams}`, stream: spec.stream ?? "items" };
    const stream = new FedStream(this, name, spec, await mkdtemp(join(this.isolation.folder, "project-")));
    await stream.load(this.lake);
    await createStreamTables(stream.context);
    return stream;
  }

  query(sql: string): Promise<Row[]> {
    return this.lake.withSession((session) => session.queryRaw(sql));
  }

  /** The bytes of a Parquet file with the rows of a SELECT. */
  async parquet(select: string, options = ""): Promise<Buffer> {
    const path = join(this.isolation.folder, "row.parquet");
    await this.writer.execute(`COPY (${select}) TO ${literal(path)} (FORMAT parquet ${options})`);
    return readFile(path);
  }
}

function openLake(isolation: Isolation, connections: Connections): Promise<Lake> {
  return Lake.open({
    connections,
    engine: { memoryLimit: "1GB", threads: 2 },
    extensions: isolation.tools.extensions,
    spillDir: join(isolation.folder, "spill"),
  });
}

export interface FeedOptions {
  /** Feed as this process; default: the stream's own. */
  as?: FeederContext;
  limit?: number;
  batchId?: string;
}

let batches = 0;

/** One stream of the lake, fed and looked at by tests. */
export class FedStream {
  readonly fixture: FeederLake;
  readonly name: { source: string; stream: string };
  readonly dir: string;
  readonly prefix: string;
  readonly #spec: StreamSpec;
  #context: FeederContext | null = null;

  constructor(fixture: FeederLake, name: { source: string; stream: string }, spec: StreamSpec, dir: string) {
    this.fixture = fixture;
    this.name = name;
    this.dir = dir;
    this.prefix = rawPrefix(name.source, name.stream);
    this.#spec = spec;
  }

  get context(): FeederContext {
    if (!this.#context) throw new Error("not loaded");
    return this.#context;
  }

  get landingTable(): string {
    return `lakehouse.staging.${identifier(this.context.stream.landing.table)}`;
  }

  get processedTable(): string {
    return `lakehouse.main.${identifier(this.context.stream.processed.asset)}`;
  }

  /** Writes the project's files, loads it, and makes it this stream's own process. */
  async load(lake: Lake, changes: Partial<StreamSpec> = {}): Promise<FeederContext> {
    Object.assign(this.#spec, changes);
    await this.#writeProject();
    return this.use(lake);
  }

  /** Makes a new process of the stream its own. */
  async use(lake: Lake, store?: ObjectStore): Promise<FeederContext> {
    this.#context = await this.process(lake, store);
    return this.#context;
  }

  /** A writer of the stream with a backlog of its own, as another process has it. */
  async process(lake: Lake, store: ObjectStore = this.fixture.store): Promise<FeederContext> {
    const project = await loadProject(this.dir);
    const stream = project.streams[0];
    if (!stream) throw new Error(JSON.stringify(project.findings, null, 2));
    const { lookbackDays } = stream.feeder;
    const backlog = new Backlog({ ...this.name, lookbackDays }, store);
    const model = await RunnableModel.prepare(this.fixture.writer, stream.processed, stream.landing.table);
    return { lake, store, stream, backlog, model };
  }

  /** Puts an object: `place` is `2026-01-09/name.parquet` for a file in its day's folder, or `/key` below the prefix. */
  async put(place: string, content: string | Uint8Array): Promise<string> {
    const key = this.key(place);
    const body = typeof content === "string" ? await this.fixture.parquet(content) : content;
    await this.fixture.store.put(key, body);
    return key;
  }

  key(place: string): string {
    if (place.startsWith("/")) return this.prefix + place.slice(1);
    const [, year, month, day, file] = /^(\d+)-(\d+)-(\d+)\/(.*)$/s.exec(place) ?? [];
    return `${this.prefix}year=${year}/month=${month}/day=${day}/${file}`;
  }

  /** Feeds until nothing is left. */
  async feed(options: FeedOptions = {}): Promise<FeedOutcome[]> {
    const context = options.as ?? this.context;
    await context.lake.withSession((session) =>
      context.backlog.scan(session, { cursorKey: null, whole: true }),
    );
    return this.drain(options);
  }

  /** Feeds what the backlog knows of, and what it finds itself. */
  async drain(options: FeedOptions = {}): Promise<FeedOutcome[]> {
    const outcomes: FeedOutcome[] = [];
    for (let count = 0; count < (options.limit ?? 100); count += 1) {
      const outcome = await this.feedOnce(options);
      outcomes.push(outcome);
      if (outcome.remaining === 0) return outcomes;
    }
    return outcomes;
  }

  feedOnce(options: FeedOptions = {}): Promise<FeedOutcome> {
    batches += 1;
    return feedBatch(options.as ?? this.context, {
      batchId: options.batchId ?? `batch-${process.pid}-${batches}`,
      runId: `run-${batches}`,
    });
  }

  publish(): Promise<unknown> {
    return rebuildProcessed(this.context, { runId: "publish", reason: "test" });
  }

  /** Rows of the processed table as lists, sorted. */
  rows(columns = "*"): Promise<unknown[][]> {
    return this.#list(`SELECT ${columns} FROM ${this.processedTable}`);
  }

  /** Rows of the landing table as lists, sorted. */
  landed(columns: string): Promise<unknown[][]> {
    return this.#list(`SELECT ${columns} FROM ${this.landingTable}`);
  }

  /** Column → type of the landing table. */
  landingTypes(): Promise<Record<string, string>> {
    return this.#types(this.landingTable);
  }

  processedTypes(): Promise<Record<string, string>> {
    return this.#types(this.processedTable);
  }

  ledger(): Promise<Row[]> {
    return this.#meta("feeder_files", "key, etag, size, rows, batch, state", "key");
  }

  quarantine(): Promise<{ key: string; etag: string; reason: string }[]> {
    return this.#meta("quarantine", "key, etag, reason", "key") as never;
  }

  batches(): Promise<Row[]> {
    return this.#meta(
      "feeder_batches",
      "id, files, rows, bytes, first_key, last_key, quarantined, run",
      "epoch",
    );
  }

  /** The cursor's key below the prefix. */
  async cursor(): Promise<string | null> {
    const [row] = await this.#meta("feeder_cursors", "cursor_path", "1");
    return row ? String(row.cursor_path).slice(this.fixture.store.url(this.prefix).length) : null;
  }

  /** Fails unless landing, processed table, ledger and batches agree that each of these keys was fed exactly once. */
  async expectFedOnce(keys: string[]): Promise<void> {
    const ledger = await this.fixture.query(
      `SELECT key FROM lakehouse.meta.feeder_file_log WHERE source = ${literal(this.name.source)}
         AND stream = ${literal(this.name.stream)} AND state = 'fed'`,
    );
    expect(ledger.map((row) => String(row.key)).sort()).toEqual([...keys].sort());
    const [landing] = await this.fixture.query(
      `SELECT count(DISTINCT data_file)::INTEGER AS files, count(*)::INTEGER AS entries
       FROM ducklake_list_files('lakehouse', ${literal(this.context.stream.landing.table)}, schema => 'staging')`,
    );
    expect(landing).toEqual({ files: keys.length, entries: keys.length });
    const [batch] = await this.fixture.query(
      `SELECT sum(files)::INTEGER AS files, count(*) - count(DISTINCT id) AS repeated,
         sum(rows)::INTEGER = (SELECT count(*) FROM (SELECT hash(COLUMNS(*)) FROM ${this.landingTable})) AS rows
       FROM lakehouse.meta.feeder_batches
       WHERE source = ${literal(this.name.source)} AND stream = ${literal(this.name.stream)}`,
    );
    expect(batch).toEqual({ files: keys.length, repeated: "0", rows: true });
  }

  async #writeProject(): Promise<void> {
    const { source, stream } = this.name;
    const fields = Object.fromEntries(
      Object.entries(this.#spec.fields ?? { id: "integer", v: "string" }).map(([name, field]) => [
        name,
        typeof field === "string" ? { type: field } : field,
      ]),
    );
    const table = `stg_${source}__${stream}`;
    const config = {
      stream,
      primary_key: [["id"]],
      ...(this.#spec.landing ? {} : { fields }),
      ...this.#spec.config,
      ...(this.#spec.feeder ? { feeder: this.#spec.feeder } : {}),
    };
    const files: Record<string, string | undefined> = {
      [`dag/streams/${source}/${stream}.json`]: JSON.stringify(config),
      [`landing/${source}/${table}.sql`]: this.#spec.landing?.replaceAll("TABLE_NAME", table),
      [`processed/${source}/int_${source}__${stream}.sql`]: this.#spec.model?.replaceAll("TABLE_NAME", table),
    };
    for (const [path, text] of Object.entries(files)) {
      if (text === undefined) continue;
      await mkdir(dirname(join(this.dir, path)), { recursive: true });
      await writeFile(join(this.dir, path), text);
    }
  }

  async #list(sql: string): Promise<unknown[][]> {
    const rows = await this.fixture.query(`${sql} ORDER BY ALL`);
    return rows.map((row) => Object.values(row));
  }

  async #types(table: string): Promise<Record<string, string>> {
    const columns = await this.fixture.lake.withSession((session) => session.describe(table));
    return Object.fromEntries(columns.map((column) => [column.name, column.type]));
  }

  #meta(view: string, columns: string, order: string): Promise<Row[]> {
    return this.fixture.query(
      `SELECT ${columns} FROM lakehouse.meta.${view}
       WHERE source = ${literal(this.name.source)} AND stream = ${literal(this.name.stream)} ORDER BY ${order}`,
    );
  }
}

/** The store with some of its methods replaced; more may be replaced later by assigning them. */
export function storeWith(store: ObjectStore, methods: Partial<ObjectStore>): ObjectStore {
  return new Proxy(store, {
    set: (_, name, value) => Reflect.set(methods, name, value),
    get(target, name) {
      const value = Reflect.get(methods, name) ?? Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A SELECT of rows given as tuples: `values("id, v", "(1, 'a')")`, with Airbyte's columns where they are named. */
export function values(columns: string, ...tuples: string[]): string {
  return `SELECT * FROM (VALUES ${tuples.join(", ")}) AS t (${columns})`;
}
