import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recordAssetState } from "../assets/asset-states.ts";
import { findBackfill, readChunks } from "../assets/backfill/record.ts";
import type { Project } from "../assets/definitions.ts";
import { loadProject } from "../assets/project.ts";
import { openScratch, type Session } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import type { MaintenanceStep } from "../orchestration/messages.ts";
import { backfillId, feederId, maintenanceId, materializeId, sensorId } from "../orchestration/names.ts";
import {
  controlBackfill,
  scheduleMaintenance,
  startBackfill,
  startMaintenance,
  tellAutomation,
  tickSensor,
  wakeFeeder,
  wakeMaterialize,
} from "../orchestration/wake.ts";
import { bundleWorkflows } from "../orchestration/workflow-bundle.ts";
import { recordHistories } from "./support/histories.ts";
import { type Isolation, isolate } from "./support/isolation.ts";
import { type RunningLake, runLake } from "./support/run-lake.ts";

const stream = (name: string, fields: object, more: object = {}) => ({
  stream: name,
  primary_key: [["id"]],
  cursor_field: ["updated_at"],
  fields: { id: { type: "integer" }, updated_at: { type: "string", format: "date-time" }, ...fields },
  feeder: { poll: "1s", batch_files: 100 },
  ...more,
});

const files = {
  "dag/streams/shop/orders.json": stream("orders", { amount: { type: "integer" } }),
  "dag/streams/shop/refunds.json": stream("refunds", {
    order_id: { type: "integer" },
    amount: { type: "integer" },
  }),
  "dag/streams/shop/broken.json": stream("broken", { amount: { type: "string" } }),
  "processed/shop/int_shop__broken.sql":
    "SELECT id, updated_at, CAST(amount AS INTEGER) AS amount FROM stg_shop__broken",
  "enriched/sales/fct_sales.sql": `/* ---
unique_key: order_id
--- */
SELECT o.id AS order_id, o.amount AS gross, coalesce(r.amount, 0) AS returns
FROM int_shop__orders AS o
LEFT JOIN (SELECT order_id, sum(amount)::BIGINT AS amount FROM int_shop__refunds GROUP BY order_id) AS r
  ON r.order_id = o.id`,
  "enriched/sales/fct_total.sql":
    "SELECT count(*) AS orders, sum(gross - returns)::BIGINT AS net FROM fct_sales",
};

let isolation: Isolation;
let generator: Session;
let bundle: Awaited<ReturnType<typeof bundleWorkflows>>;
let dir: string;
let project: Project;
let running: RunningLake;

beforeAll(async () => {
  isolation = await isolate();
  generator = await openScratch();
  bundle = await bundleWorkflows();
  dir = await makeProjectFolder();
  project = await loadProject(dir);
  running = await runLake(isolation, project, { workflowBundle: bundle });
});

afterAll(async () => {
  if (process.env.LOTUS_RECORD_HISTORIES) await recordHistories(running.client);
  await running?.stop();
  isolation?.dispose();
});

async function makeProjectFolder(): Promise<string> {
  const { mkdir, writeFile } = await import("node:fs/promises");
  const { dirname } = await import("node:path");
  const folder = join(isolation.folder, "project");
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}

/** Lands one raw file with these rows (a SELECT without the Airbyte columns). */
async function land(name: string, file: string, select: string, lake = running): Promise<void> {
  const path = join(isolation.folder, "raw.parquet");
  await generator.execute(
    `COPY (SELECT *, uuid()::VARCHAR AS _airbyte_raw_id, now() AS _airbyte_extracted_at, '{}' AS _airbyte_meta,
      0::BIGINT AS _airbyte_generation_id FROM (${select})) TO ${literal(path)} (FORMAT parquet)`,
  );
  await lake.store.put(`raw/shop/${name}/year=2026/month=01/day=02/${file}.parquet`, await readFile(path));
}

const order = (id: number, amount: number, at = "2026-01-02") =>
  `SELECT ${id}::BIGINT AS id, TIMESTAMPTZ '${at} 00:00:00+00' AS updated_at, ${amount}::BIGINT AS amount`;

function sales(): Promise<Record<string, unknown>[]> {
  return running.lake.withSession((session) =>
    session.queryRaw("SELECT order_id, gross, returns FROM fct_sales ORDER BY order_id"),
  );
}

async function eventually<T>(
  look: () => Promise<T>,
  test: (value: T) => boolean,
  withinMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await look();
    if (test(value)) return value;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(value)} after ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

describe("a running lake", () => {
  it("feeds what lands, by poll and when told, and brings the facts up to date", async () => {
    await land("orders", "a_1", order(1, 100));
    const status = await running.settle();
    expect(status.idle).toBe(true);
    expect(await sales()).toEqual([{ order_id: "1", gross: "100", returns: "0" }]);

    await land(
      "refunds",
      "a_1",
      "SELECT 7::BIGINT AS id, TIMESTAMPTZ '2026-02-02 00:00:00+00' AS updated_at, 1::BIGINT AS order_id, 30::BIGINT AS amount",
    );
    await eventually(sales, (rows) => rows[0]?.returns === "30");

    await land("orders", "a_2", order(2, 50));
    await tickSensor(running.client, { source: "shop", stream: "orders" });
    await eventually(sales, (rows) => rows.length === 2);
    const settled = await running.settle();
    expect(settled.assets.find((asset) => asset.key === "fct_total")).toMatchObject({
      rows: 1,
      state: "fresh",
    });
  });

  it("finds runs by asset, stream and trigger, and names the run in the lake", async () => {
    const query =
      'LotusAsset = "feeder_shop_orders" AND LotusStream = "shop/orders" AND LotusTrigger = "sensor"';
    const found = await eventually(
      async () => {
        const ids: string[] = [];
        for await (const run of running.client.workflow.list({ query }))
          ids.push(`${run.workflowId}/${run.runId}`);
        return ids;
      },
      (ids) => ids.length > 0,
    );
    const runs = await running.lake.withSession((session) =>
      session.queryRaw("SELECT DISTINCT run FROM meta.feeder_batches WHERE stream = 'orders'"),
    );
    for (const { run } of runs) expect(found).toContain(run);
  });

  it("loses no signal when a writer's run ends just then", async () => {
    const before = (await sales()).length;
    for (let index = 0; index < 12; index += 1) {
      await land("orders", `burst_${index}`, order(100 + index, index));
      await wakeFeeder(
        running.client,
        { source: "shop", stream: "orders" },
        { kind: "feed", trigger: "manual" },
      );
    }
    await eventually(sales, (rows) => rows.length === before + 12);
  });

  it("keeps payloads small however many files there are", async () => {
    for (let index = 0; index < 250; index += 1)
      await land(
        "refunds",
        `many_${index}`,
        `SELECT ${1000 + index}::BIGINT AS id, now() AS updated_at, 1::BIGINT AS order_id, 0::BIGINT AS amount`,
      );
    const status = await running.settle();
    expect(status.streams.find((entry) => entry.stream === "refunds")).toMatchObject({ waitingFiles: 0 });
    const batches = await running.lake.withSession((session) =>
      session.queryRaw("SELECT files::INTEGER AS files FROM meta.feeder_batches WHERE stream = 'refunds'"),
    );
    expect(Math.max(...batches.map((row) => Number(row.files)))).toBeLessThanOrEqual(100);
    for (const id of [feederId("shop", "refunds"), sensorId("shop", "refunds")]) {
      const history = await running.client.workflow.getHandle(id).fetchHistory();
      const sizes = (history.events ?? []).map((event) => JSON.stringify(event).length);
      expect(Math.max(...sizes)).toBeLessThan(10_000);
    }
  });

  it("stops only the stream whose model fails, sets no file aside, and goes on once it is corrected", async () => {
    await land("broken", "bad", "SELECT 1::BIGINT AS id, now() AS updated_at, 'twelve' AS amount");
    await land("orders", "beside", order(500, 5));
    const status = await running.settle();
    expect(status.assets.find((asset) => asset.key === "int_shop__broken")).toMatchObject({
      state: "failed",
    });
    expect(status.assets.find((asset) => asset.key === "int_shop__broken")?.message).toContain(
      "int_shop__broken.sql",
    );
    expect(status.streams.find((entry) => entry.stream === "broken")).toMatchObject({
      waitingFiles: 1,
      quarantinedFiles: 0,
      batches: 0,
    });
    expect((await sales()).map((row) => row.order_id)).toContain("500");

    await running.stop();
    const { writeFile } = await import("node:fs/promises");
    await writeFile(
      join(dir, "processed/shop/int_shop__broken.sql"),
      "SELECT id, updated_at, TRY_CAST(amount AS INTEGER) AS amount FROM stg_shop__broken",
    );
    project = await loadProject(dir);
    running = await runLake(isolation, project, { workflowBundle: bundle });
    const after = await running.settle();
    expect(after.idle).toBe(true);
    expect(after.streams.find((entry) => entry.stream === "broken")).toMatchObject({
      waitingFiles: 0,
      rows: 1,
    });
  });

  it("leaves a table that failed alone for a while, and tries it at once when a worker starts", async () => {
    const model = project.models.find(({ asset }) => asset === "fct_sales");
    await running.lake.withSession((session) =>
      recordAssetState(session, {
        asset: "fct_sales",
        state: "failed",
        message: "out of memory",
        codeHash: model?.codeHash ?? "",
        run: "test",
      }),
    );
    await land("orders", "resting", order(600, 6));
    const resting = await running.settle();
    expect(resting.assets.find((asset) => asset.key === "fct_sales")).toMatchObject({
      state: "failed",
      message: "out of memory",
    });
    expect((await sales()).map((row) => row.order_id)).not.toContain("600");

    await running.stop();
    running = await runLake(isolation, project, { workflowBundle: bundle });
    // To the status a failed table is settled, too, until it has been tried.
    const state = async () =>
      (await running.settle()).assets.find((asset) => asset.key === "fct_sales")?.state;
    await eventually(state, (found) => found === "fresh");
    expect((await sales()).map((row) => row.order_id)).toContain("600");
  });

  it("goes on where it was when its worker is stopped in the middle of a backlog", async () => {
    for (let index = 0; index < 220; index += 1)
      await land("orders", `backlog_${index}`, order(2000 + index, 1));
    await tickSensor(running.client, { source: "shop", stream: "orders" });
    await eventually(
      async () => running.events.filter((event) => event.kind === "batch").length,
      (batches) => batches > 0,
    );
    await running.stop();
    running = await runLake(isolation, project, { workflowBundle: bundle });
    const status = await running.settle();
    expect(status.idle).toBe(true);
    const [counts] = await running.lake.withSession((session) =>
      session.queryRaw(
        "SELECT count(*)::INTEGER AS n, count(DISTINCT id)::INTEGER AS keys FROM int_shop__orders WHERE id >= 2000",
      ),
    );
    expect(counts).toEqual({ n: 220, keys: 220 });
  });

  it("rebuilds an enriched table when its SQL changes, and on demand", async () => {
    await running.stop();
    const { writeFile } = await import("node:fs/promises");
    await writeFile(
      join(dir, "enriched/sales/fct_total.sql"),
      "SELECT count(*) AS orders, sum(gross)::BIGINT AS gross FROM fct_sales",
    );
    project = await loadProject(dir);
    running = await runLake(isolation, project, { workflowBundle: bundle });
    await running.settle();
    const [total] = await running.lake.withSession((session) => session.queryRaw("SELECT * FROM fct_total"));
    expect(Object.keys(total ?? {}).sort()).toEqual(["gross", "orders"]);

    await wakeMaterialize(running.client, "fct_sales", {
      kind: "materialize",
      trigger: "manual",
      full: true,
    });
    await running.client.workflow.getHandle(materializeId("fct_sales")).result();
    expect(running.events.at(-1)).toMatchObject({
      asset: "fct_sales",
      mode: "rebuild",
      reason: "asked for",
      changedRows: 0,
    });
    await tellAutomation(running.client, { kind: "settled", asset: "fct_sales" });
  });

  it("looks after itself when asked to and on a schedule: compacts, moves quiet tables on, expires, cleans up", async () => {
    const contents = () =>
      running.lake.withSession((session) =>
        session.queryRaw("SELECT count(*) AS n, sum(hash(COLUMNS(*))) FROM int_shop__orders"),
      );
    const snapshots = async () => {
      const [row] = await running.lake.withSession((session) =>
        session.queryRaw("SELECT count(*)::INTEGER AS n FROM ducklake_snapshots('lakehouse')"),
      );
      return Number(row?.n);
    };
    const [before, kept] = [await contents(), await snapshots()];
    const options = { keepMs: 0, orphanAgeMs: 0 };
    await startMaintenance(running.client, options);
    const steps: MaintenanceStep[] = await running.client.workflow.getHandle(maintenanceId).result();
    expect(steps.map(({ step, failed }) => `${step} ${failed}`)).toEqual([
      "retention false",
      "compaction false",
      "meta tables false",
      "quiet tables false",
      "expiry false",
      "clean-up false",
      "orphans false",
    ]);
    expect(await contents()).toEqual(before);
    expect(await snapshots()).toBeLessThan(kept);
    const status = await running.settle();
    expect(status.idle).toBe(true);
    // What expired forces no rebuild on anybody.
    running.events.length = 0;
    await land("orders", "after_maintenance", order(5000, 1));
    expect((await running.settle()).idle).toBe(true);
    expect(
      running.events.flatMap((event) =>
        event.kind === "materialization" ? [[event.asset, event.mode]] : [],
      ),
    ).toContainEqual(["fct_sales", "incremental"]);
    expect(running.events).not.toContainEqual(
      expect.objectContaining({ asset: "fct_sales", mode: "rebuild" }),
    );

    await scheduleMaintenance(running.client, 3_600_000, options);
    await scheduleMaintenance(running.client, 7_200_000, options);
    const schedule = await running.client.schedule.getHandle("maintenance").describe();
    expect(schedule.spec.intervals?.map(({ every }) => every)).toEqual([7_200_000]);
  });

  it("runs a backfill once, however often it is started; what is asked of it while it begins is not lost", async () => {
    const { client, lake } = running;
    const request = {
      mode: "rebuild" as const,
      streams: [],
      assets: ["fct_sales"],
      downstreamOf: ["fct_sales"],
      from: null,
      to: null,
      maxConcurrent: 1,
    };
    const start = () => startBackfill(client, "recorded", { request, requestedBy: "test" });
    expect(await start()).toBe(true);
    await controlBackfill(client, "recorded", { kind: "pause" });
    const state = async () => (await lake.withSession((session) => findBackfill(session, "recorded")))?.state;
    await eventually(state, (now) => now === "paused");
    expect(await start()).toBe(false);
    await controlBackfill(client, "recorded", { kind: "resume" });
    await client.workflow.getHandle(backfillId("recorded")).result();
    expect(await state()).toBe("done");
    expect(await start()).toBe(false);
    const chunks = await lake.withSession((session) => readChunks(session, "recorded"));
    expect(chunks.map(({ asset, state }) => `${asset} ${state}`)).toEqual([
      "fct_sales done",
      "fct_total done",
    ]);
  });
});
