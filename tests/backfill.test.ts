import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { retainLanding } from "../assets/feeder/retention.ts";
import { openScratch } from "../lake/session.ts";
import { Feeders } from "../orchestration/worker-context.ts";
import { ApiFixture, order, SHOP } from "./support/api-fixture.ts";
import { audit, found } from "./support/audit-fixture.ts";

/** Backfills from the request to the rows, on real parts. */

let api: ApiFixture;
beforeAll(async () => {
  api = await ApiFixture.open({
    ...SHOP,
    "dag/streams/shop/orders.json": {
      ...(SHOP["dag/streams/shop/orders.json"] as object),
      feeder: { poll: "1s", batch_files: 2, retention: "30d" },
    },
  });
  for (const day of [1, 2, 3, 4, 5, 6])
    await api.land("orders", `2026-01-0${day}/a`, order(day, day * 10, `2026-01-0${day}`));
  await api.land("clicks", "2026-01-01/a", "SELECT 1::BIGINT AS id, '/home' AS page");
  await api.running.settle();
});
afterAll(() => api.close());

afterEach(async () => {
  await api.running.settle();
  const { isolation, running, context } = api;
  expect(found(await audit({ isolation, store: running.store }, context.project))).toEqual([]);
});

async function ended(id: string) {
  return expect.poll(async () => (await api.get(`/backfills/${id}`)).body?.state, { timeout: 90_000 });
}

const chunksOf = async (id: string) => (await api.get(`/backfills/${id}/chunks`)).body.items;

/** Makes the rows of all orders wrong, past every writer. */
const spoil = () => api.query("UPDATE lakehouse.main.int_shop__orders SET amount = -1");
const amounts = async () =>
  Object.fromEntries(
    (
      await api.query("SELECT id::VARCHAR AS id, amount::INTEGER AS amount FROM int_shop__orders ORDER BY id")
    ).map(({ id, amount }) => [id, amount]),
  );

describe("reprocess", () => {
  test("a dry run says what would happen, and changes nothing", async () => {
    const before = await api.query("SELECT max(snapshot_id) AS id FROM ducklake_snapshots('lakehouse')");
    const answer = await api.post("/backfills", {
      mode: "reprocess",
      streams: ["shop/orders"],
      from: "2026-01-02",
      to: "2026-01-04",
      dryRun: true,
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      created: false,
      plan: {
        days: 3,
        files: 3,
        chunks: 2,
        downstream: ["fct_orders", "fct_total"],
        targets: [{ asset: "int_shop__orders", from: "2026-01-02", to: "2026-01-04" }],
      },
    });
    expect(await api.query("SELECT max(snapshot_id) AS id FROM ducklake_snapshots('lakehouse')")).toEqual(
      before,
    );
  });

  test("rows of the range become right again, others stay, and what reads them follows", async () => {
    await spoil();
    const answer = await api.post("/backfills", {
      mode: "reprocess",
      streams: ["shop/orders"],
      from: "2026-01-02",
      to: "2026-01-04",
      idempotencyKey: "once",
    });
    expect(answer.status).toBe(202);
    await (await ended(answer.body.id)).toBe("done");
    expect(
      await api.query(
        "SELECT id::INTEGER AS id, amount::INTEGER AS amount FROM int_shop__orders ORDER BY id",
      ),
    ).toEqual([1, 2, 3, 4, 5, 6].map((id) => ({ id, amount: id >= 2 && id <= 4 ? id * 10 : -1 })));
    const { body } = await api.get(`/backfills/${answer.body.id}`);
    expect(body).toMatchObject({ changedRows: 3, chunks: { total: 2, done: 2 }, requestedBy: "ann" });
    await api.running.settle();
    expect(await api.query("SELECT amount::INTEGER AS amount FROM fct_total")).toEqual([{ amount: 87 }]);

    const again = await api.post("/backfills", {
      mode: "reprocess",
      streams: ["shop/orders"],
      from: "2026-01-02",
      to: "2026-01-04",
      idempotencyKey: "once",
    });
    expect(again).toMatchObject({ status: 200, body: { id: answer.body.id, created: false } });
    const other = await api.post("/backfills", {
      mode: "reprocess",
      streams: ["shop/orders"],
      idempotencyKey: "once",
    });
    expect(other).toMatchObject({ status: 409, body: { code: "BACKFILL_REFUSED" } });
    const updates = async () =>
      (await api.query("SELECT 1 FROM lakehouse.meta.materializations WHERE asset = 'fct_orders'")).length;
    const before = await updates();
    const { body: rest } = await api.post("/backfills", { mode: "reprocess", streams: ["shop/orders"] });
    await (await ended(rest.id)).toBe("done");
    await api.running.settle();
    // Once for all its chunks.
    expect(await updates()).toBe(before + 1);
    expect((await api.get(`/backfills/${rest.id}`)).body).toMatchObject({
      changedRows: 3,
      streams: ["shop/orders"],
      downstreamOf: [],
      assets: ["int_shop__orders"],
      tables: [{ asset: "int_shop__orders", files: 6, changedRows: 3, chunks: { total: 3, done: 3 } }],
    });
    for (const { run } of await chunksOf(rest.id))
      expect(run).toMatchObject({
        workflowId: "feeder/shop/orders",
        url: expect.stringContaining("feeder%2Fshop%2Forders"),
      });
  });

  test("a key that is repeated at the same time makes one backfill", async () => {
    const request = { mode: "reprocess", streams: ["shop/orders"], idempotencyKey: "at-once" };
    const answers = await Promise.all(Array.from({ length: 6 }, () => api.post("/backfills", request)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 202]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const { id } = answers[0]?.body ?? {};
    // Before any worker has taken it, too.
    expect((await api.get(`/backfills/${id}`)).body).toMatchObject({ id, streams: ["shop/orders"] });
    expect(await api.post("/backfills", { ...request, mode: "rebuild" })).toMatchObject({ status: 409 });
    await (await ended(id)).toBe("done");
    expect(await chunksOf(id)).toHaveLength(3);
  });

  test("rows that are right already are not written", async () => {
    const all = { mode: "reprocess", streams: ["shop/orders"] };
    const { body } = await api.post("/backfills", all);
    await (await ended(body.id)).toBe("done");
    expect((await api.get(`/backfills/${body.id}`)).body).toMatchObject({
      changedRows: 0,
      chunks: { total: 3, done: 3 },
    });
  });

  test("a table without a key is made anew as a whole, and rows that are right stay", async () => {
    const request = { mode: "reprocess", streams: ["shop/clicks"], from: "2026-01-01" };
    const plan = (await api.post("/backfills", { ...request, dryRun: true })).body.plan;
    expect(plan.targets).toMatchObject([
      { asset: "int_shop__clicks", note: expect.stringContaining("no key") },
    ]);
    const { body } = await api.post("/backfills", request);
    await (await ended(body.id)).toBe("done");
    expect((await api.get(`/backfills/${body.id}`)).body).toMatchObject({
      changedRows: 0,
      chunks: { done: 1 },
    });
  });
});

describe("a chunk that fails", () => {
  test("is reported, costs the others nothing, and is retried alone", async () => {
    await api.query(
      `INSERT INTO lakehouse.meta.asset_state_log VALUES ('int_shop__orders', 'held', 'held by the test', '', 'test', now())`,
    );
    const { body } = await api.post("/backfills", {
      mode: "rebuild",
      assets: ["int_shop__orders"],
      streams: ["shop/clicks"],
    });
    await (await ended(body.id)).toBe("failed");
    const chunks = await api.get(`/backfills/${body.id}/chunks`);
    const states = chunks.body.items.map(({ asset, state, message }: Record<string, string>) => [
      asset,
      state,
      message,
    ]);
    expect(states).toEqual([
      ["int_shop__clicks", "done", null],
      ["int_shop__orders", "failed", expect.stringMatching(/is held.*\[ASSET_HELD\]/s)],
    ]);
    await api.query(
      `INSERT INTO lakehouse.meta.asset_state_log VALUES ('int_shop__orders', 'ok', NULL, '', 'test', now() + INTERVAL 1 SECOND)`,
    );
    const number = chunks.body.items.find(({ state }: { state: string }) => state === "failed").number;
    expect((await api.post(`/backfills/${body.id}/retry`, { chunk: number })).status).toBe(202);
    await (await ended(body.id)).toBe("done");
  });
});

test("everything downstream is rebuilt, upstream first", async () => {
  await api.query("UPDATE lakehouse.main.fct_orders SET amount = 7");
  const { body } = await api.post("/backfills", { mode: "rebuild", downstreamOf: ["int_shop__orders"] });
  await (await ended(body.id)).toBe("done");
  const { body: chunks } = await api.get(`/backfills/${body.id}/chunks`);
  expect(chunks.items.map(({ asset }: { asset: string }) => asset)).toEqual(["fct_orders", "fct_total"]);
  expect(chunks.items[0].endedAt <= chunks.items[1].startedAt).toBe(true);
  expect(await api.query("SELECT sum(amount)::INTEGER AS amount FROM fct_orders")).toEqual([{ amount: 210 }]);
});

describe("steering", () => {
  const begin = async (part: object = {}) => {
    const { body } = await api.post("/backfills", {
      mode: "reprocess",
      streams: ["shop/orders"],
      maxConcurrent: 1,
      ...part,
    });
    return body.id as string;
  };
  const steer = async (id: string, action: string, body?: object) =>
    expect((await api.post(`/backfills/${id}/${action}`, body)).status).toBe(202);
  const look = async (id: string) => (await api.get(`/backfills/${id}`)).body;

  test("paused before it began, it begins nothing until it is resumed", async () => {
    await spoil();
    const id = await begin();
    await steer(id, "pause");
    await (await ended(id)).toBe("paused");
    await expect.poll(async () => (await look(id)).chunks.running, { timeout: 60_000 }).toBe(0);
    const { done, total } = (await look(id)).chunks;
    expect(total).toBe(3);
    expect(done).toBeLessThan(3);
    await api.running.settle();
    expect((await look(id)).chunks.done).toBe(done);
    await steer(id, "resume");
    await (await ended(id)).toBe("done");
    expect(await amounts()).toEqual({ 1: 10, 2: 20, 3: 30, 4: 40, 5: 50, 6: 60 });
  });

  test("paused while a chunk runs, that chunk ends; cancelled then, the rest is given up and may be taken up again", async () => {
    await spoil();
    const id = await begin();
    await expect.poll(async () => (await look(id)).chunks.running, { timeout: 60_000, interval: 20 }).toBe(1);
    await steer(id, "pause");
    await (await ended(id)).toBe("paused");
    await expect.poll(async () => (await look(id)).chunks.running, { timeout: 60_000 }).toBe(0);
    const { done, waiting } = (await look(id)).chunks;
    expect(done).toBeGreaterThanOrEqual(1);
    expect(waiting).toBe(3 - done);
    expect(waiting).toBeGreaterThanOrEqual(1);
    await steer(id, "cancel");
    await (await ended(id)).toBe("cancelled");
    expect(await look(id)).toMatchObject({
      chunks: { done, cancelled: waiting },
      endedAt: expect.any(String),
    });
    // Neither goes on nor changes any more.
    await steer(id, "resume");
    await steer(id, "pause");
    await api.running.settle();
    expect(await look(id)).toMatchObject({ state: "cancelled", chunks: { done, cancelled: waiting } });
    await steer(id, "retry", {});
    await (await ended(id)).toBe("done");
    expect(await amounts()).toEqual({ 1: 10, 2: 20, 3: 30, 4: 40, 5: 50, 6: 60 });
    await steer(id, "cancel");
    await api.running.settle();
    expect(await look(id)).toMatchObject({ state: "done" });
    expect(await api.post(`/backfills/${id}/retry`, {})).toMatchObject({
      status: 409,
      body: { code: "BACKFILL_REFUSED" },
    });
    expect(await api.post(`/backfills/${id}/retry`, { chunk: 99 })).toMatchObject({ status: 404 });
  });

  test("cancelled at once, it is over at once, whatever it had begun", async () => {
    const id = await begin();
    await steer(id, "cancel");
    await expect.poll(async () => (await look(id)).endedAt, { timeout: 60_000 }).not.toBeNull();
    const { chunks, state } = await look(id);
    expect(state).toBe("cancelled");
    await expect.poll(async () => (await look(id)).chunks.running, { timeout: 60_000 }).toBe(0);
    expect(chunks.waiting).toBe(0);
  });

  test("a stream that is paused is backfilled all the same, and stays paused", async () => {
    await spoil();
    const stream = () => api.get("/streams/shop/orders").then(({ body }) => body);
    await api.post("/streams/shop/orders/pause");
    await expect.poll(async () => (await stream()).paused, { timeout: 30_000 }).toBe(true);
    await (await ended(await begin())).toBe("done");
    expect(await amounts()).toEqual({ 1: 10, 2: 20, 3: 30, 4: 40, 5: 50, 6: 60 });
    expect((await stream()).paused).toBe(true);
    await api.post("/streams/shop/orders/resume");
    await expect.poll(async () => (await stream()).paused, { timeout: 30_000 }).toBe(false);
  });

  test("no more chunks run at once than it says", async () => {
    const id = await begin({ mode: "rebuild", streams: ["shop/orders", "shop/clicks"], maxConcurrent: 1 });
    await (await ended(id)).toBe("done");
    const [first, second] = await chunksOf(id);
    expect(first.endedAt <= second.startedAt).toBe(true);
  });
});

test("live batches and chunks take turns: neither waits for the other's end", async () => {
  const { body } = await api.post("/backfills", { mode: "reprocess", streams: ["shop/orders"] });
  await (await ended(body.id)).toBe("done");
  for (let index = 0; index < 6; index += 1)
    await api.land(
      "orders",
      `2026-01-0${index + 1}/more`,
      order(100 + index, index, `2026-01-0${index + 1}`),
    );
  await api.running.settle();
  await api.post("/streams/shop/orders/pause");
  await expect
    .poll(async () => (await api.get("/streams/shop/orders")).body.paused, { timeout: 30_000 })
    .toBe(true);
  for (let index = 0; index < 16; index += 1)
    await api.land("orders", `2026-01-09/live_${index}`, order(200 + index, index, "2026-01-09"));
  const before = await api.query(
    "SELECT max(snapshot_id)::INTEGER AS id FROM ducklake_snapshots('lakehouse')",
  );
  // 6 chunks of 2 files, and 8 batches of 2, or one more where a listing came amid them.
  const both = await api.post("/backfills", {
    mode: "reprocess",
    streams: ["shop/orders"],
    to: "2026-01-06",
  });
  await api.post("/streams/shop/orders/resume");
  await (await ended(both.body.id)).toBe("done");
  await api.running.settle();
  const made = await api.query(
    `SELECT commit_message AS message FROM ducklake_snapshots('lakehouse')
     WHERE snapshot_id > ${before[0]?.id} AND author = 'feeder_shop_orders'
       AND (commit_message LIKE 'feed %' OR commit_message LIKE 'reprocess %') ORDER BY snapshot_id`,
  );
  const turns = made.map(({ message }) => (String(message).startsWith("feed") ? "f" : "c")).join("");
  expect(turns.replaceAll("c", "").length).toBeGreaterThanOrEqual(8);
  expect(turns.replaceAll("f", "")).toHaveLength(6);
  // Once both wait, neither has a turn of more than three before the other has one.
  const shared = turns.slice(
    Math.max(turns.indexOf("c"), turns.indexOf("f")),
    Math.min(turns.lastIndexOf("c"), turns.lastIndexOf("f")),
  );
  expect(shared).not.toMatch(/c{2}|f{4}/);
  expect(turns).toMatch(/cf+c.*f.*c/);
});

describe("refeed", () => {
  test("files that retention removed and that are back are fed once more, as copies", async () => {
    await api.running.settle();
    const scratch = await openScratch();
    const { lake, store } = api.running;
    const feeders = new Feeders({ lake, store, project: api.context.project, scratch });
    const writer = await feeders.get("shop", "orders");
    const now = new Date(Date.now() + 90 * 86_400_000);
    while ((await retainLanding(writer, { runId: "retention", now })).remaining > 0);
    scratch.close();
    const key = api.key("orders", "2026-01-01/a");
    const bytes = await store.get(key);
    await store.delete(key);
    const right = await amounts();
    await api.query("DELETE FROM lakehouse.main.int_shop__orders WHERE id = 1");
    const refeed = { mode: "refeed", streams: ["shop/orders"], to: "2026-01-01" };
    const planned = async () => (await api.post("/backfills", { ...refeed, dryRun: true })).body.plan;
    const { files } = await planned();
    await store.put(key, bytes);
    expect(await planned()).toMatchObject({ files: files + 1, chunks: 1 });
    const { body } = await api.post("/backfills", refeed);
    await (await ended(body.id)).toBe("done");
    expect(await amounts()).toEqual(right);
    expect(
      await api.query(
        `SELECT state, registered_path AS path FROM lakehouse.meta.feeder_files WHERE key = '${key}'`,
      ),
    ).toMatchObject([{ state: "fed", path: expect.stringContaining("/lakehouse/landed/shop/orders/") }]);
    expect(await planned()).toMatchObject({ files: 0, chunks: 0 });
    expect(await api.post("/backfills", { mode: "refeed", streams: ["shop/clicks"] })).toMatchObject({
      status: 409,
      body: { code: "BACKFILL_REFUSED", detail: expect.stringContaining("no key") },
    });
  });
});
