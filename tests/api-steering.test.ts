import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ApiFixture, order, SHOP, TOKENS } from "./support/api-fixture.ts";
import { listeningApi } from "./support/listening-api.ts";

/** Going back, letting go on, maintenance, and feeding, asked of the API. */

let api: ApiFixture;
let good: number;
let goodAt: string;

beforeAll(async () => {
  api = await ApiFixture.open({
    ...SHOP,
    "dag/streams/shop/orders.json": {
      ...(SHOP["dag/streams/shop/orders.json"] as object),
      feeder: { poll: "1h" },
    },
  });
  await api.land("orders", "2026-01-01/a", order(1, 10));
  await api.running.settle();
  const [newest] = await api.query(
    `SELECT max(snapshot_id)::INTEGER AS id, strftime(max(snapshot_time) AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ') AS at
     FROM ducklake_snapshots('lakehouse')`,
  );
  good = Number(newest?.id);
  goodAt = String(newest?.at);
  // A time is told in whole seconds.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await api.land("orders", "2026-01-02/a", order(1, 99, "2026-01-03"));
  await api.land("orders", "2026-01-02/b", order(2, 20));
  await api.running.settle();
});
afterAll(() => api.close());

const viewer = { token: TOKENS[1]?.secret ?? null };
const amounts = async () =>
  (await api.query("SELECT amount::INTEGER AS amount FROM int_shop__orders ORDER BY id")).map(
    ({ amount }) => amount,
  );

async function ended(run: { workflowId: string; runId: string }) {
  const url = `/runs/${encodeURIComponent(run.workflowId)}?runId=${run.runId}`;
  await expect.poll(async () => (await api.get(url)).body.status, { timeout: 60_000 }).toBe("completed");
  return (await api.get(url)).body;
}

describe("going back", () => {
  test("a dry run says what it means, by number and by time, and changes nothing", async () => {
    for (const to of [good, String(good)]) {
      const { status, body } = await api.post("/assets/int_shop__orders/rollback", { to, dryRun: true });
      expect(status).toBe(200);
      expect(body.plan).toMatchObject({
        asset: "int_shop__orders",
        snapshot: good,
        rowsNow: 2,
        rowsThen: 1,
        goes: 1,
        returns: 0,
        reverts: 1,
        follows: ["fct_orders", "fct_total"],
        filesLost: 0,
      });
      expect(body.plan.means.join("\n")).toMatch(
        /as it was at snapshot \d+: 1 rows; now it has 2[\s\S]*fct_orders, fct_total lie downstream[\s\S]*lotus release int_shop__orders/,
      );
    }
    const byTime = await api.post("/assets/int_shop__orders/rollback", {
      to: new Date(Date.parse(goodAt) + 1000).toISOString(),
      dryRun: true,
    });
    expect(byTime.body.plan).toMatchObject({ rowsThen: 1 });
    expect(await amounts()).toEqual([99, 20]);
  });

  test("it is taken back and held, what would write it is refused, and its release lets it go on", async () => {
    const back = await api.post("/assets/int_shop__orders/rollback", { to: good });
    expect(back).toMatchObject({ status: 202, body: { plan: { snapshot: good } } });
    await ended(back.body.run);
    expect(await amounts()).toEqual([10]);
    for (const url of [
      "/streams/shop/orders/feed",
      "/assets/int_shop__orders/materialize",
      "/streams/shop/orders/quarantine/retry",
    ])
      expect(await api.post(url, url.endsWith("retry") ? { key: null } : {})).toMatchObject({
        status: 409,
        body: { code: "ASSET_HELD" },
      });
    const released = await api.post("/assets/int_shop__orders/release");
    expect(released.status).toBe(202);
    await ended(released.body.run);
    expect(await amounts()).toEqual([99, 20]);
    expect(await api.post("/assets/int_shop__orders/release")).toMatchObject({
      status: 404,
      body: { code: "NOT_FOUND", detail: "int_shop__orders is not held. Held are: none." },
    });
  });

  test.each([
    ["fct_none", { to: "1" }, 404, "NOT_FOUND"],
    ["stg_shop__orders", { to: "1" }, 409, "ROLLBACK_REFUSED"],
    ["int_shop__orders", { to: "999999" }, 404, "NOT_FOUND"],
    ["int_shop__orders", { to: "yesterday" }, 404, "NOT_FOUND"],
    ["int_shop__orders", { to: "0" }, 409, "ROLLBACK_REFUSED"],
    ["int_shop__orders", { to: -1 }, 400, "REQUEST_INVALID"],
    ["int_shop__orders", {}, 400, "REQUEST_INVALID"],
  ])("%s to %j: %d", async (key, body, status, code) => {
    expect(await api.post(`/assets/${key}/rollback`, body)).toMatchObject({ status, body: { code } });
  });
});

describe("maintenance", () => {
  test("says what would go, does it, and its run says what it did", async () => {
    const dry = await api.post("/maintenance/run", { dryRun: true, keep: "1h" });
    expect(dry).toMatchObject({
      status: 200,
      body: { plan: { expiry: { snapshots: [] }, retention: [], cleanUp: { raw: [] }, orphans: [] } },
    });
    const started = await api.post("/maintenance/run", { keep: "1h", orphanAge: "1h" });
    expect(started.status).toBe(202);
    const { steps } = await ended(started.body.run);
    expect(steps.map(({ step }: { step: string }) => step)).toEqual([
      "retention",
      "compaction",
      "meta tables",
      "quiet tables",
      "expiry",
      "clean-up",
      "orphans",
    ]);
    expect(await api.post("/maintenance/run", { keep: "soon" })).toMatchObject({
      status: 400,
      body: { code: "REQUEST_INVALID", detail: expect.stringContaining("12h or 7d") },
    });
  });
});

describe("feeding", () => {
  test("its run ends when all is fed; a stream that is paused is refused", async () => {
    await api.land("orders", "2026-01-05/a", order(5, 50));
    const fed = await api.post("/streams/shop/orders/feed");
    expect(fed.status).toBe(202);
    await ended(fed.body.run);
    expect(await amounts()).toEqual([99, 20, 50]);
    await ended((await api.post("/streams/shop/orders/pause")).body.run);
    for (const url of ["/streams/shop/orders/feed", "/assets/int_shop__orders/materialize"])
      expect(await api.post(url)).toMatchObject({ status: 409, body: { code: "STREAM_PAUSED" } });
    await ended((await api.post("/streams/shop/orders/resume")).body.run);
    expect(await api.post("/streams/shop/none/feed")).toMatchObject({ status: 404 });
    expect(await api.post("/assets/fct_orders/materialize", { keepOlder: true, full: true })).toMatchObject({
      status: 400,
      body: { code: "REQUEST_INVALID" },
    });
  });

  test("a run that failed says why, and with which code", async () => {
    await api.land(
      "orders",
      "2026-01-06/a",
      "SELECT 7::BIGINT AS id, TIMESTAMPTZ '2026-01-06' AS updated_at, 1 AS amount",
    );
    await api.query(
      `INSERT INTO lakehouse.meta.feeder_file_log SELECT source, stream, key, etag, size, rows, batch, 'lost',
         registered_path, epoch + 1000, now() FROM lakehouse.meta.feeder_file_log WHERE key LIKE '%day=01/a.parquet'`,
    );
    const { run } = (await api.post("/assets/int_shop__orders/materialize", { full: true })).body;
    const url = `/runs/${encodeURIComponent(run.workflowId)}?runId=${run.runId}`;
    await expect.poll(async () => (await api.get(url)).body.status, { timeout: 60_000 }).toBe("failed");
    expect((await api.get(url)).body).toMatchObject({
      code: "LANDING_INCOMPLETE",
      failure: expect.stringContaining("1 of the files"),
    });
  });
});

describe("who may", () => {
  test("a viewer asks what a backfill would do, and begins none; dry runs leave no line in the log", async () => {
    const request = { mode: "rebuild", assets: ["fct_orders"] };
    api.lines.length = 0;
    expect(await api.post("/backfills", { ...request, dryRun: true }, viewer)).toMatchObject({
      status: 200,
      body: { created: false },
    });
    expect(api.lines.filter((line) => line.includes('"audit"'))).toEqual([]);
    expect(await api.post("/backfills", request, viewer)).toMatchObject({
      status: 403,
      body: { code: "FORBIDDEN" },
    });
    expect(api.lines.filter((line) => line.includes('"audit"'))).toHaveLength(1);
    for (const url of ["/assets/fct_orders/rollback", "/assets/fct_orders/release", "/maintenance/run"])
      expect(await api.post(url, { to: "1", dryRun: true }, viewer)).toMatchObject({ status: 403 });
  });

  test("a line is left for each change, with who and what", async () => {
    api.lines.length = 0;
    await api.post("/assets/fct_orders/rollback", { to: "999999" });
    const [line] = api.lines.map((text) => JSON.parse(text)).filter(({ audit }) => audit);
    expect(line.audit).toMatchObject({
      who: "ann",
      what: "POST /api/v1/assets/:key/rollback",
      on: { key: "fct_orders" },
      status: 404,
    });
  });
});

test("the port of before is taken again where it is free, and another where it is not", async () => {
  const { isolation, running, context } = api;
  const listen = (lastPort: number | null) =>
    listeningApi(isolation, running, context.project, TOKENS, lastPort);
  const first = await listen(null);
  const port = Number(new URL(first.url).port);
  const second = await listen(port);
  expect(new URL(second.url).port).not.toBe(String(port));
  await first.stop();
  const third = await listen(port);
  expect(third.url).toBe(first.url);
  await second.stop();
  await third.stop();
});
