import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import proto from "@temporalio/proto";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Connections } from "../common/settings.ts";
import { Lake } from "../lake/lake.ts";
import { openScratch, type Session } from "../lake/session.ts";
import { literal, qualified } from "../lake/sql.ts";
import { connectTemporal } from "../orchestration/connect.ts";
import { provision, type Tools } from "../platform/provision.ts";
import { ObjectStore } from "../sensors/object-store.ts";
import { environmentOf } from "./support/environment.ts";
import { type HostedPlatform, hostPlatform } from "./support/platform-host.ts";
import { Road } from "./support/road.ts";

/**
 * A whole lake on servers of its own, whose secrets nobody else has, through everything that goes wrong; then every
 * place that anybody could look into is searched for them.
 */
const PASSWORD = `Pass'w"o%r/d \\@:#${Math.random().toString(36).slice(2)}`;
const folder = mkdtempSync(join(tmpdir(), "lotus-secrets-"));
const [stateDir, projectDir, serversDir] = ["state", "project", "servers"].map((name) =>
  join(folder, name),
) as [string, string, string];

let tools: Tools;
let platform: HostedPlatform;
/** What the commands are given: Postgres and S3 by roads that can be cut. */
let connections: Connections;
let postgres: Road;
let s3: Road;
let store: ObjectStore;
let scratch: Session;
/** What commands printed. */
const printed: string[] = [];

const project: Record<string, string | object> = {
  "dag/streams/shop/orders.json": {
    stream: "orders",
    primary_key: [["id"]],
    fields: { id: { type: "integer" }, amount: { type: "string" } },
    feeder: { poll: "1s" },
  },
  "dag/streams/shop/broken.json": {
    stream: "broken",
    primary_key: [["id"]],
    fields: { id: { type: "integer" }, amount: { type: "string" } },
    feeder: { poll: "1s" },
  },
  "processed/shop/int_shop__broken.sql": "SELECT id, CAST(amount AS INTEGER) AS amount FROM stg_shop__broken",
  "enriched/sales/fct_sales.sql": "SELECT count(*) AS orders FROM int_shop__orders",
  "enriched/sales/fct_wrong.sql": "SELECT error(amount) AS x FROM int_shop__orders",
};

beforeAll(async () => {
  tools = await provision(() => {});
  platform = await hostPlatform({ stateDir: serversDir, tools, temporalNamespaces: [] });
  scratch = await openScratch();
  await scratch.execute(`LOAD ${literal(tools.extensions.postgres_scanner)}`);
  await scratch.execute(`ATTACH ${literal(platform.connections.catalogUrl)} AS catalog (TYPE postgres)`);
  // A password with every character that some text format could trip over.
  await scratch.execute(
    `CALL postgres_execute('catalog', ${literal(`ALTER ROLE lotus PASSWORD ${literal(PASSWORD)}`)}); DETACH catalog`,
  );
  const changed = new URL(platform.connections.catalogUrl);
  changed.password = encodeURIComponent(PASSWORD);
  await scratch.execute(`ATTACH ${literal(changed.href)} AS catalog (TYPE postgres)`);
  [postgres, s3] = [
    new Road(new URL(platform.connections.catalogUrl)),
    new Road(new URL(platform.connections.s3.endpoint ?? "")),
  ];
  await Promise.all([postgres.open(), s3.open()]);
  const catalogUrl = new URL(platform.connections.catalogUrl);
  catalogUrl.port = String(postgres.port);
  catalogUrl.password = encodeURIComponent(PASSWORD);
  connections = {
    ...platform.connections,
    catalogUrl: catalogUrl.href,
    s3: { ...platform.connections.s3, endpoint: `http://127.0.0.1:${s3.port}` },
  };
  store = new ObjectStore(platform.connections.s3);
  for (const [path, content] of Object.entries(project)) {
    mkdirSync(dirname(join(projectDir, path)), { recursive: true });
    writeFileSync(join(projectDir, path), typeof content === "string" ? content : JSON.stringify(content));
  }
});

afterAll(async () => {
  await Promise.all([postgres?.close(), s3?.close()]);
  store?.close();
  scratch?.close();
  await platform?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command with `--debug`, and keeps what it prints. */
function lotus(args: string[], given: Connections = connections) {
  const child = execa("node", ["bin/lotus.mjs", "--debug", ...args], {
    env: environmentOf(given, stateDir),
    reject: false,
    all: true,
    forceKillAfterDelay: 60_000,
  });
  child.all?.on("data", (part) => printed.push(String(part)));
  return child;
}

const statusSchema = z.object({
  streams: z.array(z.object({ stream: z.string(), rows: z.number(), quarantinedFiles: z.number() })),
  assets: z.array(z.object({ key: z.string(), state: z.string() })),
});

type Status = z.infer<typeof statusSchema>;

async function until(what: string, test: (status: Status) => boolean): Promise<void> {
  const deadline = Date.now() + 240_000;
  for (let last = ""; ; ) {
    const { stdout, exitCode } = await lotus(["status", "--json", "--project", projectDir]);
    last = String(stdout);
    if (exitCode === 0 && test(statusSchema.parse(JSON.parse(last)))) return;
    if (Date.now() > deadline) throw new Error(`not ${what}: ${last}\n${printed.join("").slice(-3000)}`);
  }
}

async function land(stream: string, day: number, content: string | Uint8Array): Promise<void> {
  const path = join(folder, "raw.parquet");
  if (typeof content === "string")
    await scratch.execute(`COPY (${content}) TO ${literal(path)} (FORMAT parquet)`);
  const body = typeof content === "string" ? readFileSync(path) : content;
  await store.put(`raw/shop/${stream}/year=2026/month=01/day=0${day}/a.parquet`, body);
}

const rowsFed = (status: Status) => status.streams.find(({ stream }) => stream === "orders")?.rows;
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("secrets", () => {
  /** What somebody might find: place → all that stands there. */
  const places: Record<string, string> = {};

  test("a lake runs, and everything goes wrong once", async () => {
    const up = lotus(["up", "--project", projectDir, "--no-sample"]);
    await land("orders", 1, "SELECT 1::BIGINT AS id, 'a' AS amount");
    await land("orders", 2, Buffer.from("PAR1 this is no Parquet file PAR1"));
    await land("broken", 1, "SELECT 1::BIGINT AS id, 'no number' AS amount");
    await until("fed, with a file set aside and two models failed", (status) => {
      const state = (key: string) => status.assets.find((asset) => asset.key === key)?.state;
      return (
        rowsFed(status) === 1 &&
        status.streams.some(({ quarantinedFiles }) => quarantinedFiles === 1) &&
        state("int_shop__broken") === "failed" &&
        state("fct_wrong") === "failed" &&
        state("fct_sales") === "fresh"
      );
    });
    await s3.close();
    await land("orders", 3, "SELECT 2::BIGINT AS id, 'b' AS amount");
    await pause(5000);
    await lotus(["status", "--project", projectDir]);
    await s3.open();
    await until("fed after S3 was away", (status) => rowsFed(status) === 2);
    await postgres.close();
    await land("orders", 4, "SELECT 3::BIGINT AS id, 'c' AS amount");
    await pause(5000);
    await lotus(["status", "--project", projectDir]);
    await postgres.open();
    await until("fed after Postgres was away", (status) => rowsFed(status) === 3);
    up.kill("SIGTERM");
    await up;
  }, 900_000);

  test("commands are run with what is wrong", async () => {
    const wrongPassword = new URL(connections.catalogUrl);
    wrongPassword.password = encodeURIComponent(`${PASSWORD}x`);
    const wrongDatabase = new URL(connections.catalogUrl);
    wrongDatabase.pathname = "/nowhere";
    const wrongKey = `${connections.s3.secretAccessKey}x`;
    const noUrl = `postgres://lotus:${PASSWORD}@127.0.0.1:5432/lotus`;
    const project = ["--project", projectDir];
    const failing: [string[], Connections][] = [
      [["status", ...project], { ...connections, catalogUrl: wrongPassword.href }],
      [["up", "--once", ...project], { ...connections, catalogUrl: wrongPassword.href }],
      [["status", ...project], { ...connections, catalogUrl: wrongDatabase.href }],
      [["status", ...project], { ...connections, catalogUrl: noUrl }],
      [["status", ...project], { ...connections, catalogUrl: noUrl.replace("postgres", "mysql") }],
      [["status", ...project], { ...connections, s3: { ...connections.s3, secretAccessKey: wrongKey } }],
      [
        ["up", "--once", ...project],
        { ...connections, s3: { ...connections.s3, secretAccessKey: wrongKey } },
      ],
      [["status", ...project], { ...connections, s3: { ...connections.s3, endpoint: "http://127.0.0.1:1" } }],
      [
        ["status", ...project],
        { ...connections, temporal: { ...connections.temporal, address: "127.0.0.1:1" } },
      ],
      [["sql", "SELECT * FROM nowhere"], connections],
      [["sql", "SELECT * FROM duckdb_secrets()"], connections],
      [
        ["sql", `SELECT * FROM read_parquet('s3://${connections.s3.bucket}/raw/nothing.parquet')`],
        connections,
      ],
    ];
    for (const [args, given] of failing) {
      const { exitCode, all } = await lotus(args, given);
      expect(exitCode, `${args.join(" ")}: ${all}`).toBe(1);
    }
    for (const args of [
      ["sql", "SELECT * FROM duckdb_settings()", "--json"],
      ["sql", "SELECT * FROM duckdb_databases()", "--json"],
      ["sql", "SELECT * FROM ducklake_settings('lakehouse')", "--json"],
      ["status", "--json", ...project],
    ]) {
      const { exitCode, all } = await lotus(args);
      expect(exitCode, `${args.join(" ")}: ${all}`).toBe(0);
    }
    places["what commands print"] = printed.join("");
  }, 600_000);

  test("errors hold none, and neither do their causes", async () => {
    const texts: string[] = [];
    const keep = (error: unknown) => texts.push(everythingIn(error));
    const options = (given: Partial<Connections>) => ({
      connections: { ...connections, ...given },
      engine: { memoryLimit: null, threads: null },
      extensions: tools.extensions,
      spillDir: join(folder, "spill"),
    });
    const wrongPassword = new URL(connections.catalogUrl);
    wrongPassword.password = "wrong";
    await Lake.open(options({ catalogUrl: wrongPassword.href })).catch(keep);
    const lake = await Lake.open(options({}));
    const object = literal(`s3://${connections.s3.bucket}/raw/x.parquet`);
    const run = (sql: string) => lake.withSession((session) => session.execute(sql)).catch(keep);
    await run(`SELECT * FROM read_parquet(${object})`);
    await s3.close();
    await run(`SELECT * FROM read_parquet(${object})`);
    await run(`COPY (SELECT 1) TO ${object}`);
    await new ObjectStore(connections.s3).check().catch(keep);
    await s3.open();
    await postgres.close();
    await run("SELECT * FROM meta.feeder_files");
    await run("CREATE TABLE x (a INTEGER)");
    await postgres.open();
    lake.close();
    expect(texts.length).toBe(7);
    places["errors and their causes"] = texts.join("\n");
  });

  test("they are nowhere", async () => {
    Object.assign(places, await filesIn(stateDir), await temporalHistories(), await catalogTables());
    places["the servers' logs"] = Object.values(await filesIn(join(serversDir, "logs"))).join("\n");
    // A search that looks into nothing finds nothing.
    for (const [place, marks] of Object.entries({
      "what commands print": [
        "failed   fct_wrong",
        "set aside",
        "password authentication failed",
        "at translateError",
      ],
      "errors and their causes": ["password authentication failed", "ECONNREFUSED", "Caused by"],
      "Temporal's histories": [
        "feeder/shop/orders",
        "sensor/shop/orders",
        "fct_wrong",
        "activityTaskScheduledEventAttributes",
      ],
      "the catalog": ["int_shop__orders", "no number", "upload it again", "feed 1 files"],
      "project.json": [projectDir],
    })) {
      // Not toContain: it would print all of it.
      expect(
        marks.filter((mark) => !places[place]?.includes(mark)),
        place,
      ).toEqual([]);
    }
    const found = Object.entries(places).flatMap(([place, content]) =>
      Object.entries(forms()).flatMap(([form, secret]) =>
        content.includes(secret) ? [`${place}: ${form}`] : [],
      ),
    );
    expect(found).toEqual([]);
  });

  /** The secrets, in each spelling that they could have. */
  function forms(): Record<string, string> {
    const spelt = Object.entries({
      "Postgres's password": PASSWORD,
      "the S3 secret key": connections.s3.secretAccessKey,
    }).flatMap(([name, secret]) => [
      [name, secret],
      [`${name}, percent-encoded`, encodeURIComponent(secret)],
      [`${name}, in base64`, Buffer.from(secret).toString("base64").replace(/=+$/, "")],
      [`${name}, in JSON`, JSON.stringify(secret).slice(1, -1)],
      [`${name}, in SQL`, literal(secret).slice(1, -1)],
    ]);
    return Object.fromEntries(spelt);
  }

  function filesIn(dir: string): Record<string, string> {
    const entries = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    return Object.fromEntries(
      entries.map((entry) => [
        entry.name,
        readFileSync(join(entry.parentPath, entry.name)).toString("latin1"),
      ]),
    );
  }

  async function temporalHistories(): Promise<Record<string, string>> {
    const { client, close } = await connectTemporal(connections.temporal);
    const texts: string[] = [];
    for await (const { workflowId, runId } of client.workflow.list()) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      const { History } = proto.temporal.api.history.v1;
      // As text, and as it goes over the wire, where payloads are readable.
      texts.push(
        workflowId,
        JSON.stringify(history),
        Buffer.from(History.encode(history).finish()).toString("latin1"),
      );
    }
    await close();
    return { "Temporal's histories": texts.join("\n") };
  }

  async function catalogTables(): Promise<Record<string, string>> {
    const tables = await scratch.queryRaw(
      "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'catalog' AND schema_name IN ('ducklake', 'public')",
    );
    const texts: string[] = [];
    for (const { schema_name, table_name } of tables) {
      const rows = await scratch.queryRaw(
        `SELECT * FROM ${qualified("catalog", String(schema_name), String(table_name))}`,
      );
      texts.push(String(table_name), JSON.stringify(rows));
    }
    return { "the catalog": texts.join("\n") };
  }
});

/** An error's stack and every property, and its causes'. */
function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error) ?? "";
  const own = JSON.stringify(
    error,
    Object.getOwnPropertyNames(error).filter((name) => name !== "cause"),
  );
  return `${error.stack}\n${own}${error.cause ? `\nCaused by: ${everythingIn(error.cause)}` : ""}`;
}
