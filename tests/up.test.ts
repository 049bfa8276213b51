import { mkdtempSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { openScratch } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import { removeState } from "../platform/platform.ts";
import { processStart } from "../platform/processes.ts";
import { sampleAnswers } from "../samples/answers.ts";
import { ObjectStore } from "../sensors/object-store.ts";

/** The command as a user runs it, on a state folder of its own, with the default project and its sample data. */
const stateDir = mkdtempSync(join(tmpdir(), "lotus-up-"));

function lotus(args: string[], environment: Record<string, string> = {}) {
  return execa("node", ["bin/lotus.mjs", ...args], {
    env: { LOTUS_STATE_DIR: stateDir, ...environment },
    reject: false,
    forceKillAfterDelay: 60_000,
  });
}

const statusSchema = z.object({
  idle: z.boolean(),
  connections: z.object({
    catalog: z.string().startsWith("postgres://"),
    s3: z.object({
      endpoint: z.string(),
      bucket: z.literal("landing"),
      region: z.string(),
      accessKeyId: z.string(),
      secretAccessKey: z.string(),
    }),
    temporal: z.object({ address: z.string(), namespace: z.string(), ui: z.string() }),
    api: z.string().regex(/^http:\/\/127\.0\.0\.1:\d+$/),
    gateway: z.string().regex(/^postgres:\/\/analyst:\w+@127\.0\.0\.1:\d+\/lake$/),
  }),
  streams: z.array(
    z.object({
      source: z.string(),
      stream: z.string(),
      cursor: z.string().nullable(),
      waitingFiles: z.number(),
      quarantinedFiles: z.number(),
      rows: z.number(),
      batches: z.number(),
    }),
  ),
  assets: z.array(
    z.object({
      key: z.string(),
      kind: z.string(),
      rows: z.number().nullable(),
      snapshot: z.number().nullable(),
      updatedAt: z.string().nullable(),
      state: z.string(),
    }),
  ),
});

async function status(): Promise<z.infer<typeof statusSchema>> {
  const { stdout, exitCode, stderr } = await lotus(["status", "--json"]);
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  return statusSchema.parse(JSON.parse(stdout));
}

async function rows(query: string): Promise<Record<string, string>[]> {
  const { stdout, exitCode, stderr } = await lotus(["sql", query, "--json"]);
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  return JSON.parse(stdout);
}

async function eventually<T>(
  look: () => Promise<T>,
  test: (value: T) => boolean,
  withinMs: number,
): Promise<T> {
  for (const deadline = Date.now() + withinMs; ; ) {
    const value = await look();
    if (test(value)) return value;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(value)} after ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Rows of a query through the gateway. */
async function asked(dsn: string, query: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: dsn });
  await client.connect();
  try {
    return (await client.query(query)).rows;
  } finally {
    await client.end();
  }
}

let running: ReturnType<typeof lotus>;
let printed = "";

beforeAll(async () => {
  running = lotus(["up"]);
  running.stdout?.on("data", (text) => {
    printed += text;
  });
  await eventually(async () => printed.includes("Ctrl-C stops"), Boolean, 300_000);
}, 330_000);

afterAll(async () => {
  running?.kill("SIGKILL");
  await removeState(stateDir);
});

describe("lotus up", () => {
  it("shows what it did and where everything is", () => {
    expect(printed).toMatch(/fed +shopify\/orders: [\d,]+ files, [\d,]+ rows/);
    expect(printed).toMatch(/(rebuilt|updated) +fct_sales/);
    expect(printed).toMatch(/fct_sales_daily +│ +365/);
    expect(printed).toMatch(/BI +postgres:\/\/analyst:\w+@127\.0\.0\.1:\d+\/lake/);
    expect(printed).toMatch(/Temporal UI +http:\/\/127\.0\.0\.1:\d+/);
    expect(printed).toMatch(/catalog +postgres:\/\/lotus@127\.0\.0\.1:\d+\/lotus/);
    expect(printed).toMatch(/S3 +http:\/\/127\.0\.0\.1:\d+/);
  });

  it("ends with the generator's own answers", async () => {
    const answers = sampleAnswers({ seed: 1, size: "small" });
    const now = await status();
    expect(now.idle).toBe(true);
    for (const { source, stream, rows: fed, waitingFiles, quarantinedFiles } of now.streams) {
      const answer = answers.streams[`${source}/${stream}` as keyof typeof answers.streams];
      expect({ fed, waitingFiles, quarantinedFiles }).toEqual({
        fed: answer.rows,
        waitingFiles: 0,
        quarantinedFiles: 0,
      });
      expect(now.assets.find(({ key }) => key === `int_${source}__${stream}`)?.rows).toBe(answer.keys);
    }
    const { rows: orders, ...money } = answers.fctSales;
    const sums = Object.keys(money).map((column) => `sum(${column}) AS ${column}`);
    const [totals] = await rows(`SELECT count(*) AS rows, ${sums.join(", ")} FROM fct_sales`);
    expect(Number(totals?.rows)).toBe(orders);
    for (const [column, total] of Object.entries<string>(money))
      expect(Number(totals?.[column])).toBe(Number(total));
  });

  it("takes a file that is dropped into the bucket to fct_sales", async () => {
    const { connections } = await status();
    const store = new ObjectStore(connections.s3);
    const scratch = await openScratch();
    const file = join(stateDir, "dropped.parquet");
    await scratch.execute(
      `COPY (SELECT 987654321::BIGINT AS id, TIMESTAMPTZ '2026-03-01 10:00:00+00' AS created_at,
         TIMESTAMPTZ '2026-03-01 10:00:00+00' AS updated_at, 'paid' AS financial_status, 10.0::DOUBLE AS total_price,
         uuid()::VARCHAR AS _airbyte_raw_id, now() AS _airbyte_extracted_at) TO ${literal(file)} (FORMAT parquet)`,
    );
    await store.put(
      "raw/shopify/orders/year=2026/month=03/day=01/2026_03_01_1772359200000_0.parquet",
      await readFile(file),
    );
    store.close();
    scratch.close();
    const found = await eventually(
      () => rows("SELECT order_date::VARCHAR AS day FROM fct_sales WHERE order_id = 987654321"),
      (found) => found.length === 1,
      60_000,
    );
    expect(found).toEqual([{ day: "2026-03-01" }]);
  });

  it("serves the same numbers to BI tools, and users are added and removed", async () => {
    const { gateway } = (await status()).connections;
    const query = "SELECT count(*) AS orders, max(order_id) AS last FROM fct_sales";
    const [answer] = await rows(query);
    expect(await asked(gateway, query)).toEqual([answer]);

    const added = await lotus(["user", "add", "o'hara", "--table", "fct_sales"]);
    expect(added.stderr).toBe("");
    const dsn = /^BI +(\S+)$/m.exec(added.stdout)?.[1] ?? "";
    expect(await asked(dsn, query)).toEqual([answer]);
    await expect(asked(dsn, "SELECT * FROM fct_sales_daily")).rejects.toMatchObject({ code: "42501" });
    expect((await lotus(["user", "list"])).stdout).toMatch(/o'hara +│ main\.fct_sales /);
    expect((await lotus(["user", "remove", "o'hara"])).exitCode).toBe(0);
    await expect(asked(dsn, query)).rejects.toMatchObject({ code: "28P01" });
    const own = new URL((await status()).connections.catalog);
    own.port = new URL(gateway).port;
    own.pathname = "/lake";
    await expect(asked(own.href, query), "the catalog's role").rejects.toMatchObject({ code: "28000" });
  });

  it("answers quick questions while slow ones are answered", async () => {
    const { gateway } = (await status()).connections;
    const endless =
      "SELECT count(*) FROM fct_sales, generate_series(1, 100000) a, generate_series(1, 100000) b WHERE a * b % 7 = 8";
    const slow = Array.from({ length: 6 }, () => new pg.Client({ connectionString: gateway }));
    const answers = slow.map(async (client) => {
      await client.connect();
      return client.query(`SET statement_timeout = '5min'; ${endless}`);
    });
    const failed = Promise.allSettled(answers);
    try {
      const first = Promise.race(answers).then(() => "slow");
      const quick = asked(gateway, "SELECT count(*)::int AS one FROM (SELECT FROM fct_sales LIMIT 1) x");
      expect(await Promise.race([first, quick])).toEqual([{ one: 1 }]);
    } finally {
      await Promise.all(slow.map((client) => client.end()));
      await failed;
    }
  });

  it("starts the gateway again when it dies, where it was", async () => {
    const before = (await status()).connections.gateway;
    const { pid } = JSON.parse(await readFile(join(stateDir, "gateway.json"), "utf8"));
    process.kill(pid, "SIGKILL");
    await eventually(async () => printed.includes("the gateway is back"), Boolean, 90_000);
    expect((await status()).connections.gateway).toBe(before);
    expect(await asked(before, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  it("refuses a second one on the same state folder", async () => {
    const second = await lotus(["up", "--once"]);
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toMatch(/STATE_LOCKED/);
  });

  it("prints queries as a table, JSON and CSV, and refuses to write", async () => {
    expect((await lotus(["sql", "SELECT 1 AS a, 'x,y' AS b", "--csv"])).stdout).toBe('a,b\n1,"x,y"');
    expect((await lotus(["sql", "SELECT 1 AS a"])).stdout).toContain("1 row");
    const refused = await lotus(["sql", "DELETE FROM fct_sales"]);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr.trim().split("\n")).toHaveLength(1);
  });

  it("feeds and materializes on demand, and names what there is when asked for what there is not", async () => {
    expect((await lotus(["feed", "shopify", "orders"])).stdout).toContain("shopify/orders is fed");
    expect((await lotus(["materialize", "fct_sales", "--full"])).stdout).toContain("fct_sales is up to date");
    const unknown = await lotus(["materialize", "fct_nothing"]);
    expect(unknown.exitCode).toBe(1);
    expect(unknown.stderr).toMatch(/fct_sales.*NOT_FOUND/s);
  });

  it("stops in order on Ctrl-C, and has nothing to do when it starts again", async () => {
    running.kill("SIGINT");
    const { exitCode } = await running;
    expect(exitCode).toBe(0);
    expect(printed).toContain("stopped");
    const { pid } = JSON.parse(await readFile(join(stateDir, "gateway.json"), "utf8"));
    expect(processStart(pid), "the gateway runs on").toBeNull();
    expect((await lotus(["status"])).stderr).toMatch(/NOT_RUNNING/);
    const again = await lotus(["up", "--once"]);
    expect(again.exitCode).toBe(0);
    expect(again.stdout).not.toMatch(/ fed | rebuilt /);
    expect(again.stdout).toMatch(/fct_sales +│ +[\d,]+/);
  });
});

describe("an outside part that does not answer", () => {
  const outside = {
    LOTUS_CATALOG_URL: "postgres://someone:secret-password@127.0.0.1:1/lotus",
    LOTUS_S3_ENDPOINT: "http://127.0.0.1:1",
    LOTUS_S3_BUCKET: "landing",
    AWS_ACCESS_KEY_ID: "key",
    AWS_SECRET_ACCESS_KEY: "secret-key",
    LOTUS_TEMPORAL_ADDRESS: "127.0.0.1:1",
  };

  it("is named, with its address and what to do, in one line and without a secret", async () => {
    const { stderr, exitCode } = await lotus(["worker"], outside);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/S3 at http:\/\/127\.0\.0\.1:1 .*LOTUS_S3_ENDPOINT.*\[S3_UNREACHABLE\]/);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).not.toContain("secret");
  });

  it("may be half configured: what is missing is listed", async () => {
    const { stderr, exitCode } = await lotus(["worker"], { LOTUS_S3_BUCKET: "landing" });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/LOTUS_CATALOG_URL.*LOTUS_TEMPORAL_ADDRESS.*\[SETTINGS_INVALID\]/);
  });
});
