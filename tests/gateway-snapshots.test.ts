import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cleanUpFiles } from "../lake/clean-up.ts";
import { expireSnapshots } from "../lake/expiry.ts";
import { ObjectStore } from "../sensors/object-store.ts";
import { GatewayFixture } from "./support/gateway-fixture.ts";

let fixture: GatewayFixture;

beforeAll(async () => {
  fixture = await GatewayFixture.open(`
    CREATE TABLE small AS SELECT i AS id, 0 AS version FROM range(10) t(i);
    CREATE TABLE large AS SELECT i AS id, 0 AS version, repeat('x', 20) AS filler FROM range(300000) t(i)`);
});

afterAll(() => fixture.close());

async function rows(client: pg.Client, sql: string): Promise<unknown[][]> {
  return (await client.query({ text: sql, rowMode: "array" })).rows;
}

test("a transaction that begins after a commit sees it, whether a copy in memory is there or not", async () => {
  const client = await fixture.connect();
  for (let version = 1; version <= 25; version += 1) {
    await fixture.lake.inLake(`UPDATE small SET version = ${version}`);
    expect(await rows(client, "SELECT count(*)::int, min(version), max(version) FROM small")).toEqual([
      [10, version, version],
    ]);
    // Time enough for a copy, now and then.
    if (version % 5 === 0) {
      await sleep(300);
      expect(await rows(client, "SELECT DISTINCT version FROM small")).toEqual([[version]]);
    }
  }
});

test("transactions of different ages each see their own version, of small tables and large ones", async () => {
  const open: { client: pg.Client; version: number }[] = [];
  for (let version = 100; version < 104; version += 1) {
    await fixture.lake.inLake(
      `BEGIN; UPDATE small SET version = ${version}; UPDATE large SET version = ${version} WHERE id < 1000; COMMIT`,
    );
    const client = await fixture.connect();
    await client.query("BEGIN");
    expect(await rows(client, "SELECT DISTINCT version FROM small")).toEqual([[version]]);
    open.push({ client, version });
  }
  await sleep(500);
  for (const { client, version } of open) {
    expect(await rows(client, "SELECT DISTINCT version FROM small")).toEqual([[version]]);
    expect(await rows(client, "SELECT count(*)::int, max(version) FROM large WHERE version >= 100")).toEqual([
      [1000, version],
    ]);
    expect(
      await rows(
        client,
        `SELECT count(*)::int FROM large l JOIN small s ON l.version = s.version WHERE l.id < 1000`,
      ),
    ).toEqual([[10_000]]);
  }
  for (const { client } of open) await client.query("COMMIT");
});

test("expiry and clean-up wait for the longest open transaction", async () => {
  const { lake, isolation } = fixture.lake;
  const store = new ObjectStore(isolation.connections.s3);
  const later = () => new Date(Date.now() + 3_600_000);
  const client = await fixture.connect();
  await client.query("BEGIN");
  const before = await rows(
    client,
    "SELECT count(*)::int, sum(version)::int, sum(length(filler))::int FROM large",
  );
  await fixture.lake.inLake("DELETE FROM large WHERE id % 2 = 0");
  await fixture.lake.inLake("CREATE OR REPLACE TABLE large AS SELECT * FROM large");
  // Snapshots of the last ten seconds stay anyhow.
  await sleep(11_000);
  await fixture.lake.inLake("INSERT INTO small VALUES (99, 99)");
  await expireSnapshots(lake, { keepFrom: null, before: later() });
  await cleanUpFiles(lake, store, { scheduledBefore: later() });
  expect(
    await rows(client, "SELECT count(*)::int, sum(version)::int, sum(length(filler))::int FROM large"),
  ).toEqual(before);
  await client.query("COMMIT");
  await client.end();
  // The last reader lets go a moment later.
  await expect
    .poll(async () => (await expireSnapshots(lake, { keepFrom: null, before: later() })).expired, {
      timeout: 30_000,
      interval: 1000,
    })
    .toBeGreaterThan(0);
  const reader = await fixture.connect();
  expect(await rows(reader, "SELECT count(*)::int FROM large")).toEqual([[150_000]]);
  store.close();
}, 120_000);

test("a slow client's portal reads one snapshot while the table is changed under it", async () => {
  const client = await fixture.connect();
  await client.query("BEGIN");
  await client.query("DECLARE c CURSOR FOR SELECT version FROM large ORDER BY id");
  const seen = new Set<unknown>();
  let count = 0;
  for (;;) {
    const some = await rows(client, "FETCH 50000 FROM c");
    if (some.length === 0) break;
    count += some.length;
    for (const [version] of some) seen.add(version);
    await fixture.lake.inLake(`UPDATE large SET version = version + 1000`);
  }
  await client.query("COMMIT");
  expect(count).toBe(150_000);
  expect([...seen].every((version) => Number(version) < 1000)).toBe(true);
});

test("rows of Postgres's own wait for a slow client too", async () => {
  const client = await fixture.connect();
  const { stream } = (client as unknown as { connection: { stream: NodeJS.ReadableStream } }).connection;
  const before = process.memoryUsage.rss();
  const running = client.query("SELECT repeat('x', 1000) FROM generate_series(1, 400000)").catch(() => {});
  stream.pause();
  await sleep(3000);
  // 400 MB would have come by now.
  expect(process.memoryUsage.rss() - before).toBeLessThan(250 * 2 ** 20);
  (stream as unknown as { destroy(): void }).destroy();
  await running;
});
