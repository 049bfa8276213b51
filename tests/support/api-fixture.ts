import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pino } from "pino";
import { type App, createApp } from "../../api/app.ts";
import type { ApiContext } from "../../api/context.ts";
import { loadProject } from "../../assets/project.ts";
import type { ApiToken } from "../../common/api-tokens.ts";
import { Lake } from "../../lake/lake.ts";
import { openScratch, type Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import { LakeObserver } from "../../orchestration/observer.ts";
import { type Isolation, isolate } from "./isolation.ts";
import { type RunningLake, runLake } from "./run-lake.ts";

/** A small shop: two keyed streams, one without a key, a generation, two enriched tables. */
export const SHOP: Record<string, string | object> = {
  "dag/streams/shop/orders.json": {
    stream: "orders",
    primary_key: [["id"]],
    cursor_field: ["updated_at"],
    fields: {
      id: { type: "integer" },
      updated_at: { type: "string", format: "date-time" },
      amount: { type: "integer" },
    },
    feeder: { poll: "1s" },
  },
  "dag/streams/shop/clicks.json": {
    stream: "clicks",
    fields: { id: { type: "integer" }, page: { type: "string" } },
    feeder: { poll: "1h" },
  },
  "processed/shop/int_shop__orders.sql": `/* ---
description: One row per order.
owner: sales
tags: [core]
columns: { id: { description: The order, checks: [not_null] } }
--- */ SELECT id, updated_at, amount FROM stg_shop__orders`,
  "enriched/sales/fct_orders.sql": `/* ---
unique_key: id
--- */ SELECT id, amount FROM int_shop__orders`,
  "enriched/sales/fct_total.sql": "SELECT count(*) AS orders, sum(amount)::BIGINT AS amount FROM fct_orders",
};

export const TOKENS: readonly ApiToken[] = [
  { name: "ann", role: "operator", secret: "operator-secret-0001" },
  { name: "vic", role: "viewer", secret: "viewer-secret-000002" },
];

export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: bodies are looked at by tests, which know what to expect.
  body: any;
  text: string;
}

export interface RequestOptions {
  body?: unknown;
  /** Null: none. */
  token?: string | null;
  headers?: Record<string, string>;
  /** Another app over the same lake. */
  app?: App;
  /** The address that it comes from. */
  from?: string;
}

/** A running lake with the API over it; requests go in without a socket. */
export class ApiFixture {
  readonly isolation: Isolation;
  readonly running: RunningLake;
  readonly app: App;
  /** What the app works with: for others made of it. */
  readonly context: ApiContext;
  /** The log. */
  readonly lines: string[];
  readonly dir: string;
  readonly #generator: Session;
  readonly #queryLake: Lake;

  private constructor(parts: {
    isolation: Isolation;
    running: RunningLake;
    app: App;
    context: ApiContext;
    lines: string[];
    dir: string;
    generator: Session;
    queryLake: Lake;
  }) {
    this.isolation = parts.isolation;
    this.running = parts.running;
    this.app = parts.app;
    this.context = parts.context;
    this.lines = parts.lines;
    this.dir = parts.dir;
    this.#generator = parts.generator;
    this.#queryLake = parts.queryLake;
  }

  static async open(
    files: Record<string, string | object> = SHOP,
    tokens: readonly ApiToken[] = TOKENS,
  ): Promise<ApiFixture> {
    const isolation = await isolate();
    const dir = join(isolation.folder, "project");
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), typeof content === "string" ? content : JSON.stringify(content));
    }
    const project = await loadProject(dir);
    const running = await runLake(isolation, project);
    const { lake, store, client } = running;
    const { connections, tools, folder } = isolation;
    const queryLake = await Lake.open({
      connections,
      engine: { memoryLimit: "512MB", threads: 2 },
      extensions: tools.extensions,
      spillDir: join(folder, "spill"),
      mode: "read",
    });
    const lines: string[] = [];
    const logger = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });
    const context: ApiContext = {
      project,
      lake,
      queryLake,
      store,
      client,
      temporal: { ...connections.temporal, ui: "http://127.0.0.1:8233" },
      observer: new LakeObserver({ lake, store, client, project }),
      maintenance: { keepMs: 0, orphanAgeMs: 0 },
      tokens,
      version: "0.0.0",
    };
    const app = await createApp(context, logger);
    await app.ready();
    const generator = await openScratch();
    return new ApiFixture({ isolation, running, app, context, lines, dir, generator, queryLake });
  }

  /** Sends a request as `ann` unless another token, or null for none, is given. */
  async call(
    method: "GET" | "POST" | "PUT" | "DELETE",
    url: string,
    options: RequestOptions = {},
  ): Promise<Answer> {
    const { body, token = TOKENS[0]?.secret ?? null, headers = {}, app = this.app, from } = options;
    const answer = await app.inject({
      method,
      url,
      ...(from === undefined ? {} : { remoteAddress: from }),
      headers: {
        host: "127.0.0.1",
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    const isJson = /json/.test(String(answer.headers["content-type"]));
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: isJson ? JSON.parse(answer.payload) : null,
      text: answer.payload,
    };
  }

  get(url: string, options: RequestOptions = {}): Promise<Answer> {
    return this.call("GET", `/api/v1${url}`, options);
  }

  post(url: string, body: unknown = {}, options: RequestOptions = {}): Promise<Answer> {
    return this.call("POST", `/api/v1${url}`, { body, ...options });
  }

  /** Lands a file of these rows (a SELECT without Airbyte's columns); `place` is `2026-01-02/name`. @returns its key. */
  async land(stream: string, place: string, select: string): Promise<string> {
    const path = join(this.isolation.folder, "raw.parquet");
    await this.#generator.execute(
      `COPY (SELECT *, uuid()::VARCHAR AS _airbyte_raw_id, now() AS _airbyte_extracted_at, '{}' AS _airbyte_meta,
        0::BIGINT AS _airbyte_generation_id FROM (${select})) TO ${literal(path)} (FORMAT parquet)`,
    );
    const key = this.key(stream, place);
    await this.running.store.put(key, await readFile(path));
    return key;
  }

  key(stream: string, place: string): string {
    const [day = "", name = ""] = place.split("/");
    const [year, month, dayOfMonth] = day.split("-");
    return `raw/shop/${stream}/year=${year}/month=${month}/day=${dayOfMonth}/${name}.parquet`;
  }

  async query(sql: string): Promise<Record<string, unknown>[]> {
    return this.running.lake.withSession((session) => session.queryRaw(sql));
  }

  async close(): Promise<void> {
    await this.app.close();
    this.#queryLake.close();
    await this.running.stop();
    this.#generator.close();
    this.isolation.dispose();
  }
}

/** A row of the stream `orders`. */
export function order(id: number, amount: number, at = "2026-01-02"): string {
  return `SELECT ${id}::BIGINT AS id, TIMESTAMPTZ '${at} 00:00:00+00' AS updated_at, ${amount}::BIGINT AS amount`;
}
