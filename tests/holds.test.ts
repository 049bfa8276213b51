import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { RunningApi } from "../api/server.ts";
import { loadProject } from "../assets/project.ts";
import { openScratch, type Session } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import type { LakeStatus } from "../orchestration/status.ts";
import { tickSensor } from "../orchestration/wake.ts";
import { bundleWorkflows } from "../orchestration/workflow-bundle.ts";
import { lotus } from "./support/cli-in-process.ts";
import { environmentOf } from "./support/environment.ts";
import { type Isolation, isolate } from "./support/isolation.ts";
import { listeningApi } from "./support/listening-api.ts";
import { type RunningLake, runLake } from "./support/run-lake.ts";

/** Going back, holding, releasing, rebuilding and taking files out of the quarantine, as an operator does it. */

const ORDERS = "int_shop__orders";
const files: Record<string, string | object> = {
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
  "processed/shop/int_shop__orders.sql": "SELECT id, updated_at, amount FROM stg_shop__orders",
  "enriched/sales/fct_orders.sql": `/* ---
unique_key: id
--- */ SELECT id, amount FROM int_shop__orders`,
  "enriched/sales/fct_total.sql": "SELECT count(*) AS orders, sum(amount)::BIGINT AS amount FROM fct_orders",
};

let isolation: Isolation;
let generator: Session;
let bundle: Awaited<ReturnType<typeof bundleWorkflows>>;
let dir: string;
let running: RunningLake;
let api: RunningApi;

beforeAll(async () => {
  isolation = await isolate();
  generator = await openScratch();
  bundle = await bundleWorkflows();
  dir = join(isolation.folder, "project");
  for (const [path, content] of Object.entries(files)) await define(path, content);
  const environment = environmentOf(isolation.connections, join(isolation.folder, "state"));
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  await start();
});

afterAll(async () => {
  await stop();
  generator?.close();
  vi.unstubAllEnvs();
  isolation?.dispose();
});

async function define(path: string, content: string | object): Promise<void> {
  await mkdir(dirname(join(dir, path)), { recursive: true });
  await writeFile(join(dir, path), typeof content === "string" ? content : JSON.stringify(content));
}

async function start(): Promise<void> {
  const project = await loadProject(dir);
  running = await runLake(isolation, project, { workflowBundle: bundle });
  api = await listeningApi(isolation, running, project);
  vi.stubEnv("LOTUS_API_URL", api.url);
}

async function stop(): Promise<void> {
  await api?.stop();
  await running?.stop();
}

const withProject = (...args: string[]) => lotus(...args, "--project", dir);

/** Lands orders `[id, amount]`, with a version that grows by itself. */
let version = 0;
async function land(file: string, ...orders: [number, number][]): Promise<string> {
  version += 1;
  const at = `TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL ${version} MINUTE`;
  const tuples = orders.map(([id, amount]) => `(${id}::BIGINT, ${at}, ${amount}::BIGINT)`);
  return put(file, `SELECT * FROM (VALUES ${tuples.join(", ")}) AS t (id, updated_at, amount)`);
}

async function put(file: string, select: string): Promise<string> {
  const path = join(isolation.folder, "raw.parquet");
  await generator.execute(`COPY (${select}) TO ${literal(path)} (FORMAT parquet)`);
  const key = `raw/shop/orders/${file}`;
  await running.store.put(key, await readFile(path));
  return key;
}

const day = (number: number, file = "a") => `year=2026/month=01/day=0${number}/${file}.parquet`;

async function rows(sql: string): Promise<unknown[][]> {
  const found = await running.lake.withSession((session) => session.queryRaw(`${sql} ORDER BY ALL`));
  return found.map((row) => Object.values(row).map(String));
}

const orders = () => rows(`SELECT id, amount FROM ${ORDERS}`);
const facts = () => rows("SELECT id, amount FROM fct_orders");

const stateOf = (status: LakeStatus, key: string) => status.assets.find((asset) => asset.key === key);

async function lastSnapshotOf(asset: string): Promise<number> {
  const { out } = await withProject("snapshots", "--asset", asset, "--limit", "1", "--json");
  return JSON.parse(out)[0].id;
}

describe("a lake that runs", () => {
  let good: number;

  it("lists its snapshots, and reads itself as it was", async () => {
    await land(day(1), [1, 10], [2, 20]);
    await running.settle();
    good = await lastSnapshotOf(ORDERS);
    await land(day(2), [2, 999], [3, 999]);
    await running.settle();
    expect(await facts()).toEqual([
      ["1", "10"],
      ["2", "999"],
      ["3", "999"],
    ]);
    const listed = await withProject("snapshots", "--asset", "feeder_shop_orders");
    expect(listed.out).toContain("feed 1 files, 2 rows into int_shop__orders");
    expect(listed.out).toContain("feeder/shop/orders/");
    await expect(withProject("snapshots", "--asset", "fct_order")).rejects.toThrow(
      "Did you mean fct_orders?",
    );
    const query = `SELECT id, amount FROM ${ORDERS} WHERE amount < 900 ORDER BY id`;
    const { out } = await lotus("sql", "--csv", "--at", String(good), query);
    expect(out).toBe("id,amount\n1,10\n2,20\n");
    await expect(lotus("sql", "--at", "2999-01-01", query)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("rolls no landing table back", async () => {
    await expect(lotus("rollback", "stg_shop__orders", "--to", String(good))).rejects.toMatchObject({
      code: "ROLLBACK_REFUSED",
    });
  });

  it("holds what was rolled back: files wait, what reads it follows, nothing wakes its writer", async () => {
    const { out } = await lotus("rollback", ORDERS, "--to", String(good));
    expect(out).toContain(`as it was at snapshot ${good}: 2 rows; now it has 3`);
    expect(out).toContain(
      "1 rows that came since go, 0 that were deleted return, 1 get the values that they had",
    );
    expect(out).toContain("fct_orders, fct_total lie downstream and follow");
    expect(out).toContain(`files that land wait until \`lotus release ${ORDERS}\``);
    expect(out).toContain(`${ORDERS} is rolled back to snapshot ${good}`);
    await land(day(3), [4, 40]);
    const status = await running.settle();
    expect(status).toMatchObject({ settled: true, idle: false });
    expect(stateOf(status, ORDERS)).toMatchObject({
      state: "held",
      rows: 2,
      message: expect.stringMatching(/held since .*`lotus release int_shop__orders`/),
    });
    expect(stateOf(status, "feeder_shop_orders")).toMatchObject({ state: "held" });
    expect(status.streams[0]).toMatchObject({ waitingFiles: 1 });
    for (const key of ["fct_orders", "fct_total"])
      expect(stateOf(status, key)).toMatchObject({ state: "fresh" });
    expect(await facts()).toEqual([
      ["1", "10"],
      ["2", "20"],
    ]);
    expect(await rows("SELECT orders, amount FROM fct_total")).toEqual([["2", "30"]]);

    const ran = () => running.client.workflow.getHandle("feeder/shop/orders").describe();
    const { runId } = await ran();
    await tickSensor(running.client, { source: "shop", stream: "orders" });
    expect(await running.settle()).toMatchObject({ settled: true });
    expect((await ran()).runId).toBe(runId);
    await expect(lotus("feed", "shop", "orders")).rejects.toMatchObject({ code: "ASSET_HELD" });
    await expect(lotus("materialize", ORDERS, "--full")).rejects.toMatchObject({ code: "ASSET_HELD" });
  });

  it("holds it over a restart and a change of its code, until it is released", async () => {
    await stop();
    await define(
      "processed/shop/int_shop__orders.sql",
      "SELECT id, updated_at, amount + 1 AS amount FROM stg_shop__orders",
    );
    await start();
    expect(stateOf(await running.settle(), ORDERS)).toMatchObject({ state: "held" });
    expect(await orders()).toEqual([
      ["1", "10"],
      ["2", "20"],
    ]);
    const shown = await withProject("status");
    expect(shown.out).toMatch(/int_shop__orders: rolled back to snapshot \d+ .* lets it go on/);

    await lotus("release", ORDERS);
    const status = await running.settle();
    expect(status).toMatchObject({ settled: true, idle: true });
    expect(await orders()).toEqual([
      ["1", "11"],
      ["2", "1000"],
      ["3", "1000"],
      ["4", "41"],
    ]);
    expect(await facts()).toEqual(await orders());
    await expect(lotus("release", ORDERS)).rejects.toThrow(`${ORDERS} is not held. Held are: none.`);
  });

  it("holds an enriched table while the rest goes on", async () => {
    const then = await lastSnapshotOf("fct_orders");
    const before = await facts();
    await land(day(4), [5, 50]);
    await running.settle();
    await lotus("rollback", "fct_orders", "--to", String(then), "--yes");
    await land(day(5), [6, 60]);
    const status = await running.settle();
    expect(stateOf(status, "fct_orders")).toMatchObject({ state: "held" });
    expect(stateOf(status, "fct_total")).toMatchObject({ state: "fresh" });
    expect(stateOf(status, ORDERS)).toMatchObject({ state: "fresh", rows: 6 });
    expect(status).toMatchObject({ settled: true, idle: false });
    expect(await facts()).toEqual(before);
    expect(await rows("SELECT orders FROM fct_total")).toEqual([["4"]]);
    await expect(lotus("materialize", "fct_orders")).rejects.toMatchObject({ code: "ASSET_HELD" });
    await lotus("release", "fct_orders");
    expect(await running.settle()).toMatchObject({ idle: true });
    expect(await facts()).toEqual(await orders());
    expect(await rows("SELECT orders FROM fct_total")).toEqual([["6"]]);
  });

  it("feeds what is taken out of the quarantine, and says what became of it", async () => {
    const bad = await put(day(6, "bad"), "SELECT 'x' AS id, now() AS updated_at, 1::BIGINT AS amount");
    const gone = await put(day(6, "gone"), "SELECT 'x' AS id, now() AS updated_at, 1::BIGINT AS amount");
    await running.settle();
    const { out } = await lotus("quarantine", "list", "--stream", "shop/orders", "--json");
    expect(JSON.parse(out)).toMatchObject([
      { source: "shop", stream: "orders", key: bad, reason: expect.stringContaining("id") },
      { key: gone },
    ]);
    expect((await lotus("quarantine", "list")).out).toContain(bad);
    const again = await lotus("quarantine", "retry", "shop", "orders", bad);
    expect(again.exitCode).toBe(1);
    expect(again.out).toContain(`${bad}: set aside again: `);
    await expect(lotus("quarantine", "retry", "shop", "orders", `${bad}x`)).rejects.toThrow(
      `Did you mean ${bad}?`,
    );
    expect((await lotus("quarantine", "drop", "shop", "orders", bad)).out).toContain("dropped 1 file");
    await running.store.delete(gone);
    expect((await lotus("quarantine", "retry", "shop", "orders")).out).toContain(
      `${gone}: is not in S3 any more`,
    );
    const status = await running.settle();
    expect(status.streams[0]).toMatchObject({ waitingFiles: 0, quarantinedFiles: 0 });
    expect((await lotus("quarantine", "list")).out).toContain("no file is set aside");
    await land(day(6, "bad"), [7, 70]);
    await running.settle();
    expect(await rows(`SELECT amount FROM ${ORDERS} WHERE id = 7`)).toEqual([["71"]]);
  });

  it("goes on with older rows when its code changes and landing is incomplete, until it is told to keep them", async () => {
    await running.lake.withSession(async (session) => {
      const gone = running.store.url(`raw/shop/orders/${day(1)}`);
      await session.execute(`DELETE FROM staging.stg_shop__orders WHERE filename = ${literal(gone)}`);
      await session.execute(`INSERT INTO meta.feeder_file_log SELECT * REPLACE ('removed' AS state, epoch + 1000 AS epoch)
        FROM meta.feeder_file_log WHERE registered_path = ${literal(gone)}`);
    });
    const before = await orders();
    await stop();
    await define(
      "processed/shop/int_shop__orders.sql",
      "SELECT id, updated_at, amount + 2 AS amount FROM stg_shop__orders",
    );
    await start();
    const status = await running.settle();
    expect(stateOf(status, ORDERS)).toMatchObject({
      state: "fresh",
      message: expect.stringMatching(
        /^code changed: landing lacks 1 of the files.*complete from 2026-01-02 on/,
      ),
    });
    expect(status).toMatchObject({ idle: true });
    expect(await orders()).toEqual(before);
    // Nobody tried in vain.
    const writer = await running.client.workflow.getHandle("feeder/shop/orders").describe();
    expect(writer.status.name).toBe("COMPLETED");
    expect((await withProject("status")).out).toContain("--full --keep-older");
    await expect(lotus("materialize", ORDERS, "--full")).rejects.toMatchObject({
      code: "LANDING_INCOMPLETE",
    });

    await lotus("materialize", ORDERS, "--full", "--keep-older");
    const after = await running.settle();
    expect(stateOf(after, ORDERS)).toMatchObject({ state: "fresh", message: null });
    expect(await orders()).toEqual(
      before.map(([id, amount]) => [id, id === "1" ? amount : String(Number(amount) + 1)]),
    );
  });
});
