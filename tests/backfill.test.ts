import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ApiFixture, order, SHOP } from "./support/api-fixture.ts";

/** Backfills from the request to the rows, on real parts. */

let api: ApiFixture;
beforeAll(async () => {
  api = await ApiFixture.open({
    ...SHOP,
    "dag/streams/shop/orders.json": {
      ...(SHOP["dag/streams/shop/orders.json"] as object),
      feeder: { poll: "1s", batch_files: 2 },
    },
  });
  for (const day of [1, 2, 3, 4, 5, 6])
    await api.land("orders", `2026-01-0${day}/a`, order(day, day * 10, `2026-01-0${day}`));
  await api.land("clicks", "2026-01-01/a", "SELECT 1::BIGINT AS id, '/home' AS page");
  await api.running.settle();
});
afterAll(() => api.close());

async function ended(id: string) {
  return expect.poll(async () => (await api.get(`/backfills/${id}`)).body?.state, { timeout: 90_000 });
}

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
    await api.query("UPDATE lakehouse.main.int_shop__orders SET amount = -1");
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
  });

  test("rows that are right already are not written", async () => {
    const all = { mode: "reprocess", streams: ["shop/orders"] };
    await (await ended((await api.post("/backfills", all)).body.id)).toBe("done");
    const { body } = await api.post("/backfills", all);
    await (await ended(body.id)).toBe("done");
    expect((await api.get(`/backfills/${body.id}`)).body).toMatchObject({
      changedRows: 0,
      chunks: { total: 3, done: 3 },
    });
  });

  test("a stream without a key is refused", async () => {
    const answer = await api.post("/backfills", { mode: "reprocess", streams: ["shop/clicks"] });
    expect(answer).toMatchObject({ status: 409, body: { code: "BACKFILL_REFUSED" } });
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

test("a pause lets the chunk that runs end and begins no other; a cancel gives the rest up", async () => {
  await api.query("UPDATE lakehouse.main.int_shop__orders SET amount = -1");
  const { body } = await api.post("/backfills", {
    mode: "reprocess",
    streams: ["shop/orders"],
    maxConcurrent: 1,
  });
  expect((await api.post(`/backfills/${body.id}/pause`)).status).toBe(202);
  await (await ended(body.id)).toBe("paused");
  const running = () => api.get(`/backfills/${body.id}`).then((answer) => answer.body.chunks);
  await expect.poll(async () => (await running()).running, { timeout: 60_000 }).toBe(0);
  const { done } = await running();
  expect(done).toBeLessThan(3);
  expect((await api.post(`/backfills/${body.id}/resume`)).status).toBe(202);
  await (await ended(body.id)).toBe("done");
  const other = await api.post("/backfills", {
    mode: "reprocess",
    streams: ["shop/orders"],
    maxConcurrent: 1,
  });
  expect((await api.post(`/backfills/${other.body.id}/cancel`)).status).toBe(202);
  await (await ended(other.body.id)).toMatch(/cancelled|done/);
});

test("live batches and chunks have their turn one after the other", async () => {
  const { body } = await api.post("/backfills", { mode: "reprocess", streams: ["shop/orders"] });
  for (const day of [7, 8, 9])
    await api.land("orders", `2026-01-0${day}/live`, order(day, day * 10, `2026-01-0${day}`));
  await (await ended(body.id)).toBe("done");
  const status = await api.running.settle();
  expect(status.idle).toBe(true);
  expect(await api.query("SELECT count(*)::INTEGER AS n FROM int_shop__orders")).toEqual([{ n: 9 }]);
});

describe("refeed", () => {
  test("files that retention removed and that are back are fed once more, as copies", async () => {
    const key = api.key("orders", "2026-01-01/a");
    const bytes = await api.running.store.get(key);
    await api.query(
      `INSERT INTO lakehouse.meta.feeder_file_log SELECT source, stream, key, etag, size, rows, batch, 'removed',
         registered_path, 100000, now() FROM lakehouse.meta.feeder_files WHERE key = '${key}'`,
    );
    await api.query(
      "DELETE FROM lakehouse.staging.stg_shop__orders WHERE year = 2026 AND month = 1 AND day = 1",
    );
    await api.query("DELETE FROM lakehouse.main.int_shop__orders WHERE id = 1");
    await api.running.store.delete(key);
    const refeed = { mode: "refeed", streams: ["shop/orders"], from: "2026-01-01", to: "2026-01-01" };
    expect((await api.post("/backfills", { ...refeed, dryRun: true })).body.plan).toMatchObject({
      files: 0,
      chunks: 0,
    });
    await api.running.store.put(key, bytes);
    expect((await api.post("/backfills", { ...refeed, dryRun: true })).body.plan).toMatchObject({
      files: 1,
      chunks: 1,
    });
    const { body } = await api.post("/backfills", refeed);
    await (await ended(body.id)).toBe("done");
    expect(await api.query("SELECT amount::INTEGER AS amount FROM int_shop__orders WHERE id = 1")).toEqual([
      { amount: 10 },
    ]);
    const [file] = await api.query(
      `SELECT state, registered_path AS path FROM lakehouse.meta.feeder_files WHERE key = '${key}'`,
    );
    expect(file).toMatchObject({
      state: "fed",
      path: expect.stringContaining("/lakehouse/landed/shop/orders/"),
    });
  });
});
