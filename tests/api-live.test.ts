import { Client, Connection } from "@temporalio/client";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type App, createApp } from "../api/app.ts";
import type { ApiContext } from "../api/context.ts";
import { LotusError } from "../common/errors.ts";
import { ObjectStore } from "../sensors/object-store.ts";
import { ApiFixture, order, SHOP, TOKENS } from "./support/api-fixture.ts";
import { EventSource } from "./support/event-source.ts";

/** What comes in as it happens, and what is told as it happens: notifications, server-sent events, metrics. */

const authorization = { authorization: `Bearer ${TOKENS[1]?.secret}` };

let api: ApiFixture;
let url: string;
beforeAll(async () => {
  api = await ApiFixture.open({
    ...SHOP,
    "enriched/sales/fct_late.sql":
      "/* ---\nfreshness: 1s\n--- */ SELECT count(*) AS clicks FROM int_shop__clicks",
  });
  url = await api.app.listen({ host: "127.0.0.1", port: 0 });
  await api.land("orders", "2026-01-02/a", order(1, 10));
  await api.running.settle();
});
afterAll(() => api.close());

describe("events in", () => {
  let landed = 0;
  const took: number[] = [];

  /** Lands a file of the stream that is polled once an hour, and says how the servers call it. */
  async function landClick(): Promise<{ key: string; bucket: string }> {
    landed += 1;
    const key = await api.land(
      "clicks",
      `2026-01-02/click ${landed}+`,
      `SELECT ${landed}::BIGINT AS id, '/' AS page`,
    );
    return { key, bucket: api.running.store.bucket };
  }

  /** How long it is from the request to the sensor's look that finds the file. */
  async function wakes(path: string, body: unknown): Promise<void> {
    const found = () =>
      api.running.events.filter((event) => event.kind === "found" && event.stream === "clicks");
    const before = found().length;
    const began = performance.now();
    const answer = await api.post(path, body);
    expect(answer.status, answer.text).toBe(202);
    expect(answer.body).toMatchObject({ woken: expect.arrayContaining(["shop/clicks"]), ignored: 0 });
    await expect.poll(() => found().length, { interval: 5, timeout: 60_000 }).toBeGreaterThan(before);
    took.push(performance.now() - began);
    await api.running.settle();
  }

  const aws = (bucket: string, key: string) => ({
    Records: [
      {
        eventVersion: "2.1",
        eventSource: "aws:s3",
        eventName: "ObjectCreated:Put",
        s3: {
          bucket: { name: bucket },
          object: { key: encodeURIComponent(key).replaceAll("%20", "+"), size: 1 },
        },
      },
    ],
  });

  test.each<[string, (object: { bucket: string; key: string }) => unknown]>([
    ["AWS", ({ bucket, key }) => aws(bucket, key)],
    [
      "MinIO",
      ({ bucket, key }) => ({
        EventName: "s3:ObjectCreated:Put",
        Key: `${bucket}/${key}`,
        ...aws(bucket, key),
      }),
    ],
    [
      "SNS",
      ({ bucket, key }) => ({
        Type: "Notification",
        MessageId: "1",
        Message: JSON.stringify(aws(bucket, key)),
      }),
    ],
    [
      "EventBridge",
      ({ bucket, key }) => ({
        "detail-type": "Object Created",
        source: "aws.s3",
        detail: { bucket: { name: bucket }, object: { key, size: 1 } },
      }),
    ],
    [
      "SeaweedFS",
      ({ bucket, key }) => ({ key: `/buckets/${bucket}/${key}`, event_type: "create", message: {} }),
    ],
  ])("%s's notification wakes the sensor", async (_, body) => {
    await wakes("/events/s3", body(await landClick()));
  });

  test("Airbyte's notification wakes the sensors of the source", async () => {
    await landClick();
    await wakes("/events/airbyte", {
      data: { source: { name: "Shop" }, connection: { name: "Shop → lake" }, jobId: 7, success: true },
    });
  });

  test("with ?source= it need not name one", async () => {
    await landClick();
    await wakes("/events/airbyte?source=shop", { data: { jobId: 7 } });
  });

  test("long before the stream would be polled", () => {
    expect(took).toHaveLength(7);
    console.info(`from the request to the look: ${took.map(Math.round).join(", ")} ms`);
  });

  test("the same twice, and at once, feeds once", async () => {
    const before = (await api.get("/streams/shop/clicks")).body;
    const { bucket, key } = await landClick();
    await Promise.all(Array.from({ length: 10 }, () => api.post("/events/s3", aws(bucket, key))));
    await api.running.settle();
    const after = (await api.get("/streams/shop/clicks")).body;
    expect(after.rows - before.rows).toBe(1);
    const files = (await api.get(`/streams/shop/clicks/files?prefix=${encodeURIComponent(key)}`)).body.items;
    expect(files).toHaveLength(1);
  });

  test("what concerns no stream is answered politely", async () => {
    const none = { woken: [], ignored: 1 };
    const { bucket } = api.running.store;
    expect((await api.post("/events/s3", aws(bucket, "elsewhere/file.parquet"))).body).toMatchObject(none);
    expect(
      (await api.post("/events/s3", aws("another-bucket", api.key("clicks", "2026-01-02/x")))).body,
    ).toMatchObject(none);
    expect((await api.post("/events/s3", { Event: "s3:TestEvent" })).body).toMatchObject({
      woken: [],
      ignored: 0,
    });
    const answer = await api.post("/events/airbyte", { data: { connection: { name: "Billing" } } });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({
      woken: [],
      message: expect.stringMatching(/Billing.*shop.*source=/),
    });
  });

  test("what is no event is refused", async () => {
    for (const body of [{}, { Records: [{}] }, { Type: "Notification", Message: "{" }])
      expect((await api.post("/events/s3", body)).body).toMatchObject({
        status: 400,
        code: "REQUEST_INVALID",
      });
    for (const body of [{}, { data: 1 }])
      expect((await api.post("/events/airbyte", body)).body).toMatchObject({
        status: 400,
        code: "REQUEST_INVALID",
      });
  });
});

describe("server-sent events", () => {
  const open: EventSource[] = [];
  afterEach(() => {
    for (const source of open.splice(0)) source.close();
  });

  async function listen(
    headers: Record<string, string> = {},
    query = "",
    options = {},
  ): Promise<EventSource> {
    const source = await EventSource.open(
      `${url}/api/v1/events${query}`,
      { ...authorization, ...headers },
      options,
    );
    open.push(source);
    return source;
  }

  async function newest(): Promise<number> {
    return (await api.get("/snapshots?limit=1")).body.items[0].id;
  }

  test("tell what happens, and how everything stands", async () => {
    const source = await listen();
    expect(source.response.headers).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "x-content-type-options": "nosniff",
    });
    await expect
      .poll(() => source.events.some(({ event }) => event === "status"), { timeout: 60_000 })
      .toBe(true);
    const before = await newest();
    await api.land("orders", "2026-01-05/a", order(5, 50));
    await api.running.settle();
    const last = await newest();
    await expect.poll(() => source.news.map(({ id }) => id), { timeout: 60_000 }).toContain(last);
    const [batch] = source.news;
    expect(batch).toMatchObject({
      event: "batch",
      data: { author: "feeder_shop_orders", details: { batchId: expect.any(String) } },
    });
    expect(batch?.id).toBeGreaterThan(before);
    expect(source.news.map(({ event }) => event)).toContain("materialization");
    const states = (assets: { key: string; state: string; reason: string | null }[]) =>
      Object.fromEntries(assets.map(({ key, state, reason }) => [key, { state, reason }]));
    // fct_late is late a second after its update, of which one may be told before the other.
    await vi.waitFor(
      async () => {
        const told = source.events.filter(({ event }) => event === "status").at(-1)?.data;
        expect(told).toMatchObject({ idle: true, running: [], at: expect.any(String) });
        const { body } = await api.get("/assets");
        expect(states(told.assets)).toEqual(states(body.items));
        expect(states(body.items).fct_late).toEqual({
          state: "late",
          reason: expect.stringMatching(/should have been updated/),
        });
      },
      { timeout: 60_000, interval: 200 },
    );
  });

  test("a listener that was away is told what it missed, once and in order", async () => {
    const last = await newest();
    const all = (await api.get("/snapshots?limit=1000")).body.items
      .map(({ id }: { id: number }) => id)
      .reverse();
    for (const [headers, query] of [
      [{ "last-event-id": "3" }, ""],
      [{}, "?after=3"],
    ] as const) {
      const source = await listen(headers, query);
      await expect.poll(() => source.news.at(-1)?.id, { timeout: 60_000 }).toBe(last);
      expect(source.news.map(({ id }) => id)).toEqual(all.filter((id: number) => id > 3));
      source.close();
    }
    // A lake that was made anew: its numbers are lower than what this listener saw last.
    const source = await listen({ "last-event-id": "999999" });
    await api.query("CREATE TABLE lakehouse.main.other_1 (id BIGINT)");
    await expect.poll(() => source.news.map(({ id }) => id), { timeout: 60_000 }).toEqual([last + 1]);
  });

  test("listeners that come and go while much happens miss nothing, and hear nothing twice", async () => {
    const from = await newest();
    let going = true;
    const writing = (async () => {
      for (let number = 0; number < 60; number += 1)
        await api.query(`CREATE TABLE lakehouse.main.storm_${number} (id BIGINT)`);
      going = false;
    })();
    const heard: number[] = [];
    let last = from;
    while (going) {
      const source = await listen({ "last-event-id": String(last) });
      await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 900));
      source.close();
      heard.push(...source.news.map(({ id }) => id as number));
      last = heard.at(-1) ?? from;
    }
    await writing;
    const end = await newest();
    const source = await listen({ "last-event-id": String(last) });
    const wanted = Array.from({ length: end - from }, (_, index) => from + 1 + index);
    await expect
      .poll(() => [...heard, ...source.news.map(({ id }) => id)], { timeout: 60_000 })
      .toEqual(wanted);
  });

  test("a listener that takes nothing holds little, and the others are told", async () => {
    const slow = await listen({ "last-event-id": "0" }, "", { take: false });
    const [before, quick] = [await newest(), await listen()];
    await api.query("CREATE TABLE lakehouse.main.other_2 (id BIGINT)");
    await expect.poll(() => quick.news.at(-1)?.id, { timeout: 60_000 }).toBe(before + 1);
    expect(slow.events).toEqual([]);
    slow.response.resume();
    await expect.poll(() => slow.news.at(-1)?.id, { timeout: 60_000 }).toBe(before + 1);
  });

  test("what is no id is refused", async () => {
    for (const id of ["x", "-1", "1.5"])
      expect((await api.get("/events", { headers: { "last-event-id": id } })).body).toMatchObject({
        status: 400,
      });
    expect((await api.get("/events?after=x")).body).toMatchObject({ status: 400, code: "REQUEST_INVALID" });
  });

  test("there are not more listeners than a hundred", async () => {
    const sources = await Promise.all(Array.from({ length: 100 }, () => listen()));
    const { body } = await api.get("/events");
    expect(body).toMatchObject({ status: 429, code: "RATE_LIMITED" });
    for (const source of sources) source.close();
    await expect
      .poll(
        async () => {
          const source = await listen();
          source.close();
          return source.response.statusCode;
        },
        { timeout: 60_000, interval: 1000 },
      )
      .toBe(200);
  });
});

describe("metrics", () => {
  async function metrics(): Promise<Map<string, number>> {
    const { status, headers, text } = await api.call("GET", "/metrics", { token: TOKENS[1]?.secret ?? null });
    expect(status, text).toBe(200);
    expect(headers["content-type"]).toMatch(/^text\/plain; version=0.0.4/);
    return parse(text);
  }

  test("are Prometheus's text, with names as it wants them", async () => {
    const { text } = await api.call("GET", "/metrics");
    parse(text);
    const types = [...text.matchAll(/^# TYPE (lotus_\w+) (\w+)$/gm)];
    expect(types.length).toBeGreaterThan(15);
    for (const [, name, type] of types)
      expect((name as string).endsWith("_total"), name).toBe(type === "counter");
    expect(text).toContain("process_cpu_seconds_total");
  });

  test("count what was fed and made since the last look, once", async () => {
    const before = await metrics();
    await api.land("orders", "2026-01-06/a", `${order(6, 1)} UNION ALL ${order(7, 1)}`);
    const bad = api.key("orders", "2026-01-06/bad");
    await api.running.store.put(bad, Buffer.from("no Parquet"));
    await api.running.settle();
    const after = await metrics();
    // What the logs have already told is not told anew when they are written out.
    for (const log of ["feeder_batches", "materializations"])
      await api.query(
        `CALL ducklake_flush_inlined_data('lakehouse', schema_name => 'meta', table_name => '${log}')`,
      );
    const again = await metrics();
    const orders = `{source="shop",stream="orders"}`;
    const grew = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
    expect(grew(`lotus_fed_rows_total${orders}`)).toBe(2);
    expect(grew(`lotus_fed_files_total${orders}`)).toBe(1);
    expect(grew(`lotus_fed_bytes_total${orders}`)).toBeGreaterThan(100);
    expect(grew(`lotus_quarantined_files_total${orders}`)).toBe(1);
    expect(grew(`lotus_batches_total${orders}`)).toBeGreaterThanOrEqual(1);
    expect(grew(`lotus_batch_seconds_count${orders}`)).toBe(grew(`lotus_batches_total${orders}`));
    expect(
      grew(`lotus_materializations_total{asset="fct_orders",mode="incremental"}`),
    ).toBeGreaterThanOrEqual(1);
    expect(grew(`lotus_materialization_seconds_count{asset="fct_orders"}`)).toBeGreaterThanOrEqual(1);
    expect(grew(`lotus_changed_rows_total{asset="fct_orders"}`)).toBe(2);
    for (const [name, value] of after)
      if (/^lotus_\w+(_total|_count|_sum|_bucket)\{/.test(name)) expect(again.get(name), name).toBe(value);
    expect(after.get(`lotus_stream_quarantined_files${orders}`)).toBe(1);
    expect(after.get(`lotus_stream_lag_files${orders}`)).toBe(0);
    expect(after.get(`lotus_table_rows{asset="int_shop__orders"}`)).toBe(4);
    expect(after.get(`lotus_workers`)).toBe(1);
    expect(after.get(`lotus_snapshot_age_seconds`)).toBeLessThan(60);
    expect(after.get(`lotus_assets{state="fresh"}`)).toBe(7);
  });

  test("say what waits while a stream is paused, and for how long", async () => {
    await api.post("/streams/shop/orders/pause");
    await expect
      .poll(async () => (await api.get("/streams/shop/orders")).body.paused, { timeout: 60_000 })
      .toBe(true);
    await api.land("orders", "2026-01-07/a", order(8, 1));
    const orders = `{source="shop",stream="orders"}`;
    await expect
      .poll(async () => (await metrics()).get(`lotus_stream_lag_files${orders}`), { timeout: 60_000 })
      .toBe(1);
    await expect
      .poll(async () => (await metrics()).get(`lotus_stream_lag_seconds${orders}`), { timeout: 60_000 })
      .toBeGreaterThan(1);
    const waiting = await metrics();
    expect(waiting.get(`lotus_stream_lag_bytes${orders}`)).toBeGreaterThan(100);
    expect(waiting.get(`lotus_stream_paused${orders}`)).toBe(1);
    await api.post("/streams/shop/orders/resume");
    await expect
      .poll(async () => (await metrics()).get(`lotus_stream_lag_files${orders}`), { timeout: 60_000 })
      .toBe(0);
  });

  test("count a failure, and say what failed", async () => {
    const name = `{asset="fct_total"}`;
    const before = await metrics();
    expect(before.get(`lotus_asset_failed${name}`)).toBe(0);
    await api.query(
      "INSERT INTO lakehouse.main.int_shop__orders (id, amount) SELECT 1000 + range, 9223372036854775807 FROM range(3)",
    );
    await expect
      .poll(async () => (await metrics()).get(`lotus_asset_failed${name}`), {
        timeout: 60_000,
        interval: 1000,
      })
      .toBe(1);
    const after = await metrics();
    expect(
      (after.get(`lotus_failures_total${name}`) ?? 0) - (before.get(`lotus_failures_total${name}`) ?? 0),
    ).toBeGreaterThanOrEqual(1);
    expect(after.get(`lotus_assets{state="failed"}`)).toBe(1);
  });
});

/** Reads Prometheus's text format. */
function parse(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split("\n")) {
    if (line === "" || /^# (HELP|TYPE) \w+ /.test(line)) continue;
    const [, name, value] =
      /^(\w+(?:\{(?:\w+="(?:[^"\\]|\\.)*",?)*\})?) (-?[\d.e+-]+|[Nn]a[Nn]|[+-]Inf)$/.exec(line) ?? [];
    expect(name, line).toBeDefined();
    values.set(name as string, Number(value));
  }
  return values;
}

describe("probes", () => {
  async function withOther(parts: Partial<ApiContext>, work: (app: App) => Promise<void>): Promise<void> {
    const app = await createApp({ ...api.context, ...parts }, pino({ level: "silent" }));
    try {
      await work(app);
    } finally {
      await app.close();
    }
  }

  test("say that all is well, to anybody", async () => {
    expect((await api.call("GET", "/healthz", { token: null })).body).toEqual({ ok: true });
    const { status, body } = await api.call("GET", "/readyz", { token: null });
    const well = { ok: true, message: null };
    expect(status).toBe(200);
    expect(body).toEqual({ ready: true, catalog: well, s3: well, temporal: well });
  });

  test("say which part is missing", async () => {
    const { s3, catalogUrl } = api.isolation.connections;
    const nowhere = "127.0.0.1:1";
    const connection = Connection.lazy({ address: nowhere, interceptors: [] });
    const gone = {
      withSession: () => Promise.reject(new LotusError("CATALOG_UNREACHABLE", "Postgres is away.")),
    };
    const parts: [string, Partial<ApiContext>][] = [
      ["s3", { store: new ObjectStore({ ...s3, endpoint: `http://${nowhere}` }) }],
      ["temporal", { client: new Client({ connection }) }],
      ["catalog", { lake: gone as unknown as ApiContext["lake"] }],
    ];
    for (const [missing, part] of parts) {
      await withOther(part, async (app) => {
        const { status, body } = await api.call("GET", "/readyz", { app, token: null });
        expect(status, missing).toBe(503);
        expect(body.ready).toBe(false);
        for (const name of ["catalog", "s3", "temporal"]) expect(body[name].ok, name).toBe(name !== missing);
        expect(body[missing].message).toMatch(/\w/);
        expect(JSON.stringify(body)).not.toContain(new URL(catalogUrl).password);
        expect((await api.call("GET", "/healthz", { app, token: null })).status).toBe(200);
      });
    }
    await connection.close();
  });

  test("routes answer 503 for a part that is missing, with its code", async () => {
    const connection = Connection.lazy({ address: "127.0.0.1:1", interceptors: [] });
    await withOther({ client: new Client({ connection }) }, async (app) => {
      const { body } = await api.get("/runs", { app });
      expect(body).toMatchObject({ status: 503, code: "TEMPORAL_UNREACHABLE" });
    });
    await connection.close();
  });
});
