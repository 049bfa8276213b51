import type { WorkflowExecutionDescription } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { activitiesOf } from "../api/read/activity.ts";
import { type Answer, ApiFixture, order } from "./support/api-fixture.ts";

/** What the API tells of a lake, over real parts: every list, every thing, their filters and their mistakes. */

let api: ApiFixture;
let bad: { orders: string; clicks: string };
beforeAll(async () => {
  api = await ApiFixture.open();
  await api.land("orders", "2026-01-02/a", `${order(1, 10)} UNION ALL ${order(2, 20)}`);
  await api.land("clicks", "2026-01-02/a", "SELECT 1::BIGINT AS id, '/home' AS page");
  await api.running.settle();
  await api.land("orders", "2026-01-03/b", order(1, 15, "2026-01-03"));
  bad = { orders: api.key("orders", "2026-01-04/bad"), clicks: api.key("clicks", "2026-01-04/bad") };
  for (const key of Object.values(bad)) await api.running.store.put(key, Buffer.from("no Parquet"));
  await api.running.settle();
});
afterAll(() => api.close());

/** A problem as the API words each: its type, code and status agree, and it says what to do. */
function expectProblem(answer: Answer, status: number, code: string, text: RegExp = /\S/): void {
  expect(answer.headers["content-type"], answer.text).toBe("application/problem+json");
  expect(answer.body).toMatchObject({ type: `urn:lotus:error:${code}`, status, code });
  expect(answer.status).toBe(status);
  expect(answer.body.detail).toMatch(text);
  expect(answer.body.instance).toBe(answer.headers["x-request-id"]);
}

async function expectItems(url: string): Promise<Record<string, unknown>[]> {
  const answer = await api.get(url);
  expect(answer.status, answer.text).toBe(200);
  return answer.body.items;
}

const PAGED = [
  "/assets",
  "/streams",
  "/streams/shop/orders/batches",
  "/streams/shop/orders/files",
  "/quarantine",
  "/runs",
  "/snapshots",
];

describe("long lists", () => {
  test.each(PAGED)("%s comes in pages that are the list", async (url) => {
    const whole = await expectItems(`${url}?limit=1000`);
    expect(whole.length).toBeGreaterThan(1);
    const identity = (item: Record<string, unknown>) =>
      ["key", "source", "stream", "id", "runId"].map((name) => item[name]).join(" ");
    const paged: unknown[] = [];
    for (let next: string | null = ""; next !== null; ) {
      const page: Answer = await api.get(`${url}?limit=1${next && `&cursor=${next}`}`);
      expect(page.status, page.text).toBe(200);
      expect(page.body.items).toHaveLength(1);
      paged.push(...page.body.items);
      next = page.body.next;
    }
    expect(paged.map((item) => identity(item as Record<string, unknown>))).toEqual(whole.map(identity));
  });

  test.each(PAGED)(
    "%s refuses a cursor that is none of its own, and limits beyond what is given",
    async (url) => {
      expectProblem(await api.get(`${url}?cursor=nonsense`), 400, "REQUEST_INVALID", /cursor/);
      const other = Buffer.from(JSON.stringify([{}])).toString("base64url");
      expectProblem(await api.get(`${url}?cursor=${other}`), 400, "REQUEST_INVALID", /cursor/);
      for (const limit of ["0", "1001", "-1", "x", "1.5"])
        expectProblem(await api.get(`${url}?limit=${limit}`), 400, "REQUEST_INVALID", /limit/);
    },
  );
});

describe("assets", () => {
  test("are listed with how they stand", async () => {
    const items = await expectItems("/assets");
    expect(items.map(({ key }) => key)).toEqual([
      "fct_orders",
      "fct_total",
      "feeder_shop_clicks",
      "feeder_shop_orders",
      "int_shop__clicks",
      "int_shop__orders",
      "landing_tables",
    ]);
    expect(items.find(({ key }) => key === "int_shop__orders")).toMatchObject({
      kind: "processed",
      group: "shop",
      description: "One row per order.",
      owner: "sales",
      tags: ["core"],
      state: "fresh",
      reason: null,
      rows: 2,
      upstream: ["feeder_shop_orders"],
      downstream: ["fct_orders"],
    });
  });

  test.each([
    ["kind=enriched", ["fct_orders", "fct_total"]],
    ["group=sales", ["fct_orders", "fct_total"]],
    ["tag=core", ["int_shop__orders"]],
    ["search=PER%20ORDER", ["int_shop__orders"]],
    ["search=clicks", ["feeder_shop_clicks", "int_shop__clicks"]],
    ["state=failed", []],
    ["kind=processed&search=orders", ["int_shop__orders"]],
  ])("are filtered by %s", async (filter, keys) => {
    expect((await expectItems(`/assets?${filter}`)).map(({ key }) => key)).toEqual(keys);
  });

  test("an unknown kind or state is a mistake", async () => {
    expectProblem(await api.get("/assets?kind=table"), 400, "REQUEST_INVALID", /kind/);
    expectProblem(await api.get("/assets?state=well"), 400, "REQUEST_INVALID", /state/);
  });

  test("one tells what it is, and what made it", async () => {
    const { body } = await api.get("/assets/fct_orders");
    expect(body).toMatchObject({
      key: "fct_orders",
      file: "enriched/sales/fct_orders.sql",
      uniqueKey: ["id"],
      upkeep: { mode: "incremental", reasons: [] },
      codeChanged: false,
      freshness: null,
      rows: 2,
    });
    expect(body.sql).toContain("FROM int_shop__orders");
    expect(body.columns.map(({ name }: { name: string }) => name)).toEqual(["id", "amount"]);
    const [last, first] = body.materializations;
    expect(first).toMatchObject({ mode: "rebuild", rows: 2 });
    expect(last).toMatchObject({ mode: "incremental", rows: 2, changedRows: 1 });
    expect(last.run).toMatchObject({ workflowId: "materialize/fct_orders" });
    expect(last.run.url).toBe(
      `http://127.0.0.1:8233/namespaces/${api.context.temporal.namespace}/workflows/materialize%2Ffct_orders/${last.run.runId}/history`,
    );
    expect(last.snapshot).toBe(body.snapshot);
    const { body: snapshots } = await api.get("/snapshots?table=fct_orders");
    expect(snapshots.items.map(({ id }: { id: number }) => id)).toContain(first.snapshot);
  });

  test("of a stream's assets the config and the landing table are told", async () => {
    const { body } = await api.get("/assets/feeder_shop_orders");
    expect(body.file).toBe("dag/streams/shop/orders.json");
    expect(body.ddl).toMatch(/CREATE TABLE/);
    const processed = (await api.get("/assets/int_shop__orders")).body;
    expect(processed.columns[0]).toMatchObject({
      name: "id",
      description: "The order",
      checks: ["not_null"],
    });
  });

  test("one that is unknown is not there, and those that are like it are named", async () => {
    expectProblem(await api.get("/assets/fct_order"), 404, "NOT_FOUND", /fct_orders/);
    expectProblem(await api.get(`/assets/${"x".repeat(301)}`), 400, "REQUEST_INVALID", /key/);
  });
});

describe("lineage", () => {
  test("the whole of it", async () => {
    const { body } = await api.get("/lineage");
    expect(body.nodes).toHaveLength(7);
    expect(body.edges).toContainEqual({ from: "int_shop__orders", to: "fct_orders" });
  });

  test.each([
    ["both", ["fct_orders", "fct_total", "feeder_shop_orders", "int_shop__orders", "landing_tables"]],
    ["upstream", ["fct_orders", "feeder_shop_orders", "int_shop__orders", "landing_tables"]],
    ["downstream", ["fct_orders", "fct_total"]],
  ])("around one asset, %s", async (direction, keys) => {
    const { body } = await api.get(`/lineage?around=fct_orders&direction=${direction}`);
    const found = body.nodes.map(({ key }: { key: string }) => key);
    expect(found.sort()).toEqual(keys);
    for (const { from, to } of body.edges) expect(keys).toEqual(expect.arrayContaining([from, to]));
  });

  test("around none", async () => {
    expectProblem(await api.get("/lineage?around=fct_none"), 404, "NOT_FOUND");
    expectProblem(await api.get("/lineage?direction=sideways"), 400, "REQUEST_INVALID", /direction/);
  });
});

describe("streams", () => {
  test("are listed with what waits and what was fed", async () => {
    const [clicks, orders] = await expectItems("/streams");
    expect(clicks).toMatchObject({ stream: "clicks", quarantinedFiles: 1, rows: 1 });
    expect(orders).toMatchObject({
      source: "shop",
      stream: "orders",
      asset: "int_shop__orders",
      paused: false,
      state: "fresh",
      cursor: `s3://${api.running.store.bucket}/${api.key("orders", "2026-01-03/b")}`,
      lag: { files: 0, bytes: 0, oldestSeconds: null },
      quarantinedFiles: 1,
      rows: 3,
    });
    const hours = orders?.throughput as { at: string; rows: number; files: number }[];
    expect(hours).toHaveLength(24);
    expect(hours.map(({ at }) => at)).toEqual(hours.map(({ at }) => at).sort());
    const fed = hours.reduce((sum, hour) => ({ rows: sum.rows + hour.rows, files: sum.files + hour.files }), {
      rows: 0,
      files: 0,
    });
    expect(fed).toEqual({ rows: 3, files: 2 });
  });

  test.each([
    ["source=shop", 2],
    ["source=none", 0],
    ["waiting=false", 2],
    ["waiting=true", 0],
    ["quarantined=true", 2],
    ["quarantined=false", 0],
    ["state=fresh", 2],
    ["state=late", 0],
  ])("are filtered by %s", async (filter, count) => {
    expect(await expectItems(`/streams?${filter}`)).toHaveLength(count);
  });

  test("filters are checked", async () => {
    expectProblem(await api.get("/streams?waiting=perhaps"), 400, "REQUEST_INVALID", /waiting/);
    expectProblem(await api.get("/streams?state=well"), 400, "REQUEST_INVALID", /state/);
  });

  test("one tells its config and its last batches", async () => {
    const { body } = await api.get("/streams/shop/orders");
    expect(body).toMatchObject({
      file: "dag/streams/shop/orders.json",
      primaryKey: ["id"],
      cursorField: "updated_at",
      feeder: { pollSeconds: 1, retention: "keep" },
    });
    expect(body.throughput).toHaveLength(24);
    const [listed] = await expectItems("/streams/shop/orders/batches");
    expect(body.lastBatches[0]).toEqual(listed);
    expect(listed?.run).toMatchObject({ workflowId: "feeder/shop/orders", runId: expect.any(String) });
  });

  test("the ledger is filtered by state and prefix", async () => {
    const url = "/streams/shop/orders/files";
    const keys = [api.key("orders", "2026-01-02/a"), api.key("orders", "2026-01-03/b")];
    expect((await expectItems(url)).map(({ key }) => key)).toEqual(keys);
    expect(await expectItems(`${url}?state=fed`)).toHaveLength(2);
    expect(await expectItems(`${url}?state=removed`)).toEqual([]);
    const prefix = encodeURIComponent("raw/shop/orders/year=2026/month=01/day=03/");
    expect((await expectItems(`${url}?prefix=${prefix}`)).map(({ key }) => key)).toEqual([keys[1]]);
    expectProblem(await api.get(`${url}?state=eaten`), 400, "REQUEST_INVALID", /state/);
  });

  test.each(["", "/batches", "/files"])(
    "nothing is told of an unknown one: /streams/shop/none%s",
    async (part) => {
      expectProblem(await api.get(`/streams/shop/none${part}`), 404, "NOT_FOUND", /shop\/orders/);
    },
  );
});

describe("quarantine", () => {
  test("files are listed by stream and key, with why", async () => {
    const answer = await api.get("/quarantine");
    expect(answer.body.total).toBe(2);
    expect(answer.body.items).toMatchObject([
      { source: "shop", stream: "clicks", key: bad.clicks, size: 10 },
      { source: "shop", stream: "orders", key: bad.orders, size: 10 },
    ]);
    expect(answer.body.items[0].reason).toMatch(/\w/);
  });

  test.each([
    ["stream=orders", 1],
    ["source=none", 0],
    ["search=CLICKS", 1],
    ["search=parquet", 2],
    ["search=%25", 0],
  ])("is filtered by %s, and counted", async (filter, total) => {
    const { body } = await api.get(`/quarantine?limit=1&${filter}`);
    expect(body.total).toBe(total);
    expect(body.items).toHaveLength(Math.min(1, total));
  });
});

describe("runs", () => {
  test("are listed and found by what they worked on", async () => {
    await expect
      .poll(async () => (await expectItems("/runs?stream=shop/orders&type=feeder")).length, {
        timeout: 60_000,
      })
      .toBeGreaterThan(0);
    for (const run of await expectItems("/runs?asset=fct_orders"))
      expect(run).toMatchObject({ asset: "fct_orders", workflowId: "materialize/fct_orders" });
    for (const run of await expectItems("/runs?status=completed")) expect(run.status).toBe("completed");
    expect(await expectItems("/runs?before=2020-01-01T00:00:00Z")).toEqual([]);
    expect(await expectItems("/runs?after=2100-01-01T00:00:00Z")).toEqual([]);
    expect(await expectItems(`/runs?trigger=${encodeURIComponent("no' OR 'a' = 'a")}`)).toEqual([]);
  });

  test("filters are checked", async () => {
    expectProblem(await api.get("/runs?status=well"), 400, "REQUEST_INVALID", /status/);
    expectProblem(await api.get("/runs?after=yesterday"), 400, "REQUEST_INVALID", /after/);
  });

  test("one is told by its workflow, or by its own id", async () => {
    const { body } = await api.get("/runs/sensor%2Fshop%2Fclicks");
    expect(body).toMatchObject({ type: "sensor", status: "running", stream: "shop/clicks", failure: null });
    expect((await api.get(`/runs/sensor%2Fshop%2Fclicks?runId=${body.runId}`)).body.runId).toBe(body.runId);
    expectProblem(await api.get("/runs/none"), 404, "NOT_FOUND");
    const other = "00000000-0000-4000-8000-000000000000";
    expectProblem(await api.get(`/runs/sensor%2Fshop%2Fclicks?runId=${other}`), 404, "NOT_FOUND");
    expectProblem(await api.get("/runs/none?runId=1"), 400, "REQUEST_INVALID", /runId/);
  });
});

test("what a run waits for is told of each of its activities", () => {
  const seconds = (value: number) => ({ seconds: value, nanos: 0 });
  const description = {
    workflowId: "feeder/shop/orders",
    runId: "1",
    startTime: new Date("2026-01-02T00:00:00Z"),
    raw: {
      pendingActivities: [
        {
          activityType: { name: "feedBatch" },
          attempt: 3,
          lastStartedTime: seconds(1_767_400_000),
          nextAttemptScheduleTime: seconds(1_767_400_060),
          lastFailure: { message: "S3 is away" },
        },
        { activityType: { name: "compactTable" }, attempt: 1 },
      ],
    },
  } as unknown as WorkflowExecutionDescription;
  const run = { workflowId: "feeder/shop/orders", runId: "1", url: expect.any(String) };
  expect(activitiesOf(description, api.context.temporal)).toEqual([
    {
      run,
      work: "feedBatch",
      attempt: 3,
      startedAt: "2026-01-03T00:26:40.000Z",
      lastFailure: "S3 is away",
      nextAttemptAt: "2026-01-03T00:27:40.000Z",
    },
    {
      run,
      work: "compactTable",
      attempt: 1,
      startedAt: "2026-01-02T00:00:00.000Z",
      lastFailure: null,
      nextAttemptAt: null,
    },
  ]);
});

describe("snapshots", () => {
  test("tell what each changed, and which run made it", async () => {
    const items = await expectItems("/snapshots");
    expect(items[0]?.id).toBeGreaterThan(items[1]?.id as number);
    const batch = items.find(({ tables }) => (tables as string[]).includes("int_shop__orders"));
    expect(batch?.run).toMatchObject({ workflowId: "feeder/shop/orders" });
    expect(batch?.author).toBe("feeder_shop_orders");
    for (const { tables } of await expectItems("/snapshots?table=fct_orders"))
      expect(tables).toContain("fct_orders");
    expect(await expectItems("/snapshots?table=none")).toEqual([]);
  });

  test("two are compared, whichever is named first", async () => {
    const [newer, older] = (await expectItems("/snapshots?table=int_shop__orders")).map(({ id }) => id);
    const compared = { from: older, to: newer, tables: expect.any(Array) };
    for (const url of [`from=${older}&to=${newer}`, `from=${newer}&to=${older}`]) {
      const { body } = await api.get(`/snapshots/compare?${url}&table=int_shop__orders`);
      expect(body).toEqual(compared);
      expect(body.tables).toMatchObject([{ table: "int_shop__orders", added: 0, changed: 1, deleted: 0 }]);
    }
    expect((await api.get(`/snapshots/compare?from=${newer}&to=${newer}`)).body.tables).toEqual([]);
  });

  test("what is none is said", async () => {
    expectProblem(await api.get("/snapshots/compare?from=1&to=99999"), 404, "NOT_FOUND");
    expectProblem(await api.get("/snapshots/compare?from=1&to=soon"), 404, "NOT_FOUND");
    expectProblem(await api.get("/snapshots/compare?from=1"), 400, "REQUEST_INVALID", /to/);
  });
});

describe("tables", () => {
  test("tell what can be read, with rows and descriptions", async () => {
    const { body } = await api.get("/tables");
    const find = (schema: string, name: string) =>
      body.tables.find(
        (table: { schema: string; name: string }) => table.schema === schema && table.name === name,
      );
    expect(find("main", "int_shop__orders")).toMatchObject({ description: "One row per order.", rows: 2 });
    expect(find("main", "int_shop__orders").columns[0]).toMatchObject({
      name: "id",
      description: "The order",
    });
    expect(find("staging", "stg_shop__orders")).toMatchObject({ rows: 3 });
    expect(find("meta", "feeder_batches")).toMatchObject({ rows: null });
    expect(find("meta", "quarantine")).toMatchObject({ rows: null });
  });
});

describe("who asks", () => {
  test("is told who they are", async () => {
    const about = { tokenNeeded: true, version: "0.0.0", temporalUi: "http://127.0.0.1:8233" };
    expect((await api.get("/me")).body).toEqual({
      name: "ann",
      role: "operator",
      project: { name: "project" },
      ...about,
    });
    expect((await api.get("/me", { token: "viewer-secret-000002" })).body).toMatchObject({
      name: "vic",
      role: "viewer",
    });
  });
});

test("what there is not is a problem too", async () => {
  for (const url of ["/api/v1/none", "/api/v1", "/api/v1/assets/a/b/c"])
    expectProblem(await api.call("GET", url), 404, "NOT_FOUND");
  expectProblem(await api.call("PUT", "/api/v1/assets"), 404, "NOT_FOUND");
});
