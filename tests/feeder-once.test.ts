import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { advanceFence, readFence } from "../lake/fence.ts";
import { commitSnapshot } from "../lake/transaction.ts";
import type { FeedOrder } from "./support/feed-child.ts";
import { type FedStream, FeederLake, storeWith, values } from "./support/feeder-fixture.ts";

let lake: FeederLake;

beforeAll(async () => {
  lake = await FeederLake.open();
});

afterAll(() => lake.close());

async function putMany(stream: FedStream, count: number, rows = 1): Promise<string[]> {
  const files = Array.from({ length: count }, (_, index) => index);
  const keys: string[] = [];
  for (const index of files) {
    const select = `SELECT ${index} * ${rows} + range AS id, 'v' || range AS v FROM range(${rows})`;
    keys.push(
      await stream.put(`2026-01-${String(1 + (index % 9)).padStart(2, "0")}/${index}.parquet`, select),
    );
  }
  return keys;
}

describe("a batch is one snapshot", () => {
  test("with its files, rows, ledger, cursor and set-aside files in it, and says so", async () => {
    const stream = await lake.stream();
    await stream.put("2026-01-01/a.parquet", values("id, v", "(1, 'a')", "(2, 'b')"));
    await stream.put("2026-01-02/bad.parquet", Buffer.from("not Parquet, by any means"));
    const last = await stream.put("2026-01-03/c.parquet", values("id, v", "(3, 'c')"));
    const [outcome] = await stream.feed({ batchId: "the-batch" });
    expect(outcome).toMatchObject({ files: 2, rows: 3, quarantined: 1, remaining: 0 });
    const [snapshot] = await lake.query(
      `SELECT author, commit_message, commit_extra_info FROM ducklake_snapshots('lakehouse') WHERE snapshot_id = ${outcome?.snapshot}`,
    );
    const asset = stream.context.stream.processed.asset;
    expect(snapshot).toMatchObject({
      author: `feeder_${stream.name.source}_items`,
      commit_message: `feed 2 files, 3 rows into ${asset}`,
    });
    const [batch] = await stream.batches();
    expect(JSON.parse(String(snapshot?.commit_extra_info))).toEqual({
      runId: batch?.run,
      batchId: "the-batch",
      asset,
      quarantined: 1,
    });
    expect(batch).toMatchObject({
      id: "the-batch",
      files: "2",
      rows: "3",
      first_key: stream.key("2026-01-01/a.parquet"),
      last_key: last,
      quarantined: "1",
    });
    expect(await stream.cursor()).toBe("year=2026/month=01/day=03/c.parquet");
    // One snapshot before, nothing of the batch is there; in it, everything.
    const at = async (version: number) =>
      lake.query(`SELECT
        (SELECT count(*)::INTEGER FROM ${stream.landingTable} AT (VERSION => ${version})) AS landed,
        (SELECT count(*)::INTEGER FROM ${stream.processedTable} AT (VERSION => ${version})) AS processed,
        (SELECT count(*)::INTEGER FROM lakehouse.meta.feeder_file_log AT (VERSION => ${version}) WHERE batch = 'the-batch') AS ledger,
        (SELECT count(*)::INTEGER FROM lakehouse.meta.feeder_batches AT (VERSION => ${version}) WHERE id = 'the-batch') AS batches,
        (SELECT count(*)::INTEGER FROM lakehouse.meta.quarantine_log AT (VERSION => ${version}) WHERE source = '${stream.name.source}') AS quarantine`);
    const version = outcome?.snapshot as number;
    expect(await at(version - 1)).toEqual([
      { landed: 0, processed: 0, ledger: 0, batches: 0, quarantine: 0 },
    ]);
    expect(await at(version)).toEqual([{ landed: 3, processed: 3, ledger: 2, batches: 1, quarantine: 1 }]);
  });

  test("a run that finds nothing writes nothing", async () => {
    const stream = await lake.stream();
    const newest = () => lake.query("SELECT max(snapshot_id) AS id FROM ducklake_snapshots('lakehouse')");
    const before = await newest();
    expect(await stream.feed()).toMatchObject([{ files: 0, snapshot: null, remaining: 0 }]);
    expect(await newest()).toEqual(before);
  });
});

describe("exactly once", () => {
  test("a batch id that was committed is found by every other attempt, in this process and in another", async () => {
    const stream = await lake.stream();
    const keys = await putMany(stream, 2);
    await stream.feed({ batchId: "lost-answer" });
    await stream.put("2026-02-01/new.parquet", values("id, v", "(99, 'new')"));
    for (const as of [stream.context, await stream.process(await lake.another())]) {
      const outcome = await stream.feedOnce({ batchId: "lost-answer", as });
      expect(outcome).toMatchObject({ batchId: "lost-answer", files: 2, rows: 2, remaining: 1 });
    }
    await stream.expectFedOnce(keys);
    expect(await stream.feed()).toMatchObject([{ files: 1 }]);
  });

  test("two processes that feed the same stream at once", async () => {
    const stream = await lake.stream({ feeder: { batch_files: 4 } });
    const keys = await putMany(stream, 30, 50);
    const one = await stream.process(await lake.another());
    const two = await stream.process(await lake.another());
    const outcomes = await Promise.all([stream.feed({ as: one }), stream.feed({ as: two })]);
    expect(outcomes.flat().reduce((files, outcome) => files + outcome.files, 0)).toBe(30);
    await stream.expectFedOnce(keys);
    expect(await stream.rows("count(*)::INTEGER, count(DISTINCT id)::INTEGER")).toEqual([[1500, 1500]]);
  });

  test("two that work with one backlog in one process", async () => {
    const stream = await lake.stream({ feeder: { batch_files: 3 } });
    const keys = await putMany(stream, 12);
    await Promise.all([stream.feed(), stream.feed()]);
    await stream.feed();
    await stream.expectFedOnce(keys);
  });

  test("first use of a stream by two processes", async () => {
    const stream = await lake.stream({ config: { primary_key: [] } });
    await lake.query(`DROP TABLE ${stream.landingTable}`);
    await lake.query(`DROP TABLE ${stream.processedTable}`);
    const keys = await putMany(stream, 2);
    const one = await stream.process(await lake.another());
    const two = await stream.process(await lake.another());
    await Promise.all([stream.feed({ as: one }), stream.feed({ as: two })]);
    await stream.expectFedOnce(keys);
  });

  test("a fence that was lost leaves nothing half-written, and the batch is planned again", async () => {
    const stream = await lake.stream();
    const keys = await putMany(stream, 3);
    const { asset } = stream.context.stream.processed;
    const rival = await lake.another();
    const inner = stream.context.store;
    // Another writer commits between this batch's planning and its commit.
    let interfered = 0;
    const slow = storeWith(inner, {
      copy: async (from, to) => {
        interfered += 1;
        await rival.withSession(async (session) => {
          const epoch = await readFence(session, asset);
          await commitSnapshot(session, async () => ({
            result: await advanceFence(session, asset, epoch),
            note: { author: "rival", message: "was faster", details: {} },
          }));
        });
        return inner.copy(from, to);
      },
    });
    keys.push(await stream.put("2026-01-05/[copied].parquet", values("id, v", "(77, 'x')")));
    await stream.feed({ as: { ...stream.context, store: slow }, batchId: "twice-planned" }).catch((error) => {
      // It gives up after a while: retryable, and nothing was written.
      expect(error).toMatchObject({ code: "FENCE_LOST", retryable: true });
    });
    expect(interfered).toBeGreaterThan(1);
    expect(await stream.ledger()).toEqual([]);
    expect(await stream.landed("count(*)::INTEGER")).toEqual([[0]]);
    expect(await stream.rows()).toEqual([]);
    await stream.feed({ batchId: "twice-planned" });
    await stream.expectFedOnce(keys);
  });

  test("a process killed at any moment: after the next one, every file was fed once", async () => {
    const stream = await lake.stream({ feeder: { batch_files: 3 }, config: { primary_key: [] } });
    const keys = await putMany(stream, 24, 200);
    let killed = 0;
    for (let round = 0; round < 6; round += 1) killed += await feedAndKill(stream, 15 + round * 60);
    expect(killed).toBeGreaterThan(0);
    await stream.feed({ as: await stream.process(await lake.another()) });
    await stream.expectFedOnce(keys);
    expect(await stream.rows("count(*)::INTEGER, count(DISTINCT id)::INTEGER")).toEqual([[4800, 4800]]);
  });
});

/** Starts a process that feeds, and kills it some time after it began its first batch. @returns 1 if it was at work. */
async function feedAndKill(stream: FedStream, milliseconds: number): Promise<number> {
  const { connections, tools, folder } = lake.isolation;
  const order: FeedOrder = {
    connections,
    extensions: tools.extensions,
    spillDir: join(folder, "child"),
    dir: stream.dir,
  };
  const child = spawn(
    process.execPath,
    [
      "--import",
      "tsx",
      fileURLToPath(new URL("./support/feed-child.ts", import.meta.url)),
      JSON.stringify(order),
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const exit = once(child, "exit");
  const began = once(child.stdout, "data");
  await Promise.race([began, exit]);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  child.kill("SIGKILL");
  const [, signal] = await exit;
  return signal === "SIGKILL" ? 1 : 0;
}

describe("late files", () => {
  // The clock stands still: a listing of everything is due again only when a test says so.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  const lateCases: [title: string, place: string][] = [
    ["of the cursor's day, sorting before it", "2026-03-10/0.parquet"],
    ["of an older day within the look-back", "2026-03-08/z.parquet"],
  ];

  test.each(lateCases)("%s: found by an ordinary listing, and the cursor stays", async (_, place) => {
    const stream = await lake.stream({ feeder: { lookback: "2d" } });
    await stream.put("2026-03-10/5.parquet", values("id, v", "(1, 'a')"));
    await stream.feed();
    const cursor = await stream.cursor();
    const late = await stream.put(place, values("id, v", "(2, 'late')"));
    expect(await listFromCursor(stream)).toMatchObject({ files: 1 });
    await stream.drain();
    expect(await stream.cursor()).toBe(cursor);
    expect((await stream.ledger()).map((row) => row.key)).toContain(late);
    expect(await stream.rows("id")).toEqual([["1"], ["2"]]);
  });

  test("beyond the look-back: found by a whole listing, and kept when the next listing starts later", async () => {
    const stream = await manyPages({ lookback: "2d", batch_files: 1 });
    const late = [
      await stream.put("2025-11-01/late.parquet", values("id, v", "(2, 'late')")),
      await stream.put("2025-11-02/late.parquet", values("id, v", "(3, 'late')")),
      await stream.put("/misplaced.parquet", values("id, v", "(4, 'late')")),
    ];
    // `/misplaced` sorts before the days, so that an ordinary listing does not see it either.
    expect(await listFromCursor(stream)).toMatchObject({ files: 0, misplaced: 0 });
    expect(await listFromCursor(stream, { whole: true })).toMatchObject({ files: 2, misplaced: 1 });
    // The sensor ticks while the feeder works on what was found.
    expect(await listFromCursor(stream)).toMatchObject({ files: 2, misplaced: 1 });
    await stream.drain();
    expect((await stream.ledger()).map((row) => row.key)).toEqual(expect.arrayContaining(late.slice(0, 2)));
    expect((await stream.quarantine()).map((row) => row.key)).toEqual(late.slice(2));
    expect(await stream.cursor()).toBe("year=2026/month=03/day=10/5.parquet");
    expect(await listFromCursor(stream)).toMatchObject({ files: 0, misplaced: 0 });
  });

  test("a whole listing comes by itself after a day at the latest", async () => {
    const stream = await manyPages({});
    await stream.put("2025-11-01/late.parquet", values("id, v", "(2, 'late')"));
    expect(await listFromCursor(stream)).toMatchObject({ files: 0 });
    const { page } = stream.context.store;
    vi.setSystemTime(Date.now() + 25 * 3_600_000);
    // S3 would not take a request signed at that time.
    stream.context.store.page = (...request) => {
      vi.useRealTimers();
      return page(...request);
    };
    expect(await listFromCursor(stream)).toMatchObject({ files: 1 });
  });

  test("while everything fits one page, each listing is a whole one", async () => {
    const stream = await lake.stream();
    await stream.put("2026-03-10/5.parquet", values("id, v", "(1, 'a')"));
    await stream.feed();
    await stream.put("2025-11-01/late.parquet", values("id, v", "(2, 'late')"));
    expect(await listFromCursor(stream)).toMatchObject({ files: 1 });
  });

  /** A stream whose S3 hands out two keys a page, with its cursor at `2026-03-10/5.parquet`. */
  async function manyPages(feeder: Record<string, unknown>): Promise<FedStream> {
    const stream = await lake.stream({ feeder });
    const store = storeWith(lake.store, {
      page: async (prefix, startAfter, token) => {
        const { objects } = await lake.store.page(prefix, token ?? startAfter, null);
        const next = objects.length > 2 ? (objects[1]?.key ?? null) : null;
        return { objects: objects.slice(0, 2), next };
      },
    });
    await stream.use(lake.lake, store);
    for (const part of [1, 2, 3, 4, 5])
      await stream.put(`2026-03-10/${part}.parquet`, values("id, v", `(${part}, 'a')`));
    await stream.feed();
    expect(await stream.cursor()).toBe("year=2026/month=03/day=10/5.parquet");
    return stream;
  }

  function listFromCursor(stream: FedStream, options: { whole?: boolean } = {}) {
    return lake.lake.withSession((session) =>
      stream.context.backlog.scan(session, { cursorKey: stream.key("2026-03-10/5.parquet"), ...options }),
    );
  }
});

describe("batches", () => {
  test("part numbers are fed in number order, and the cursor ends at the last", async () => {
    const stream = await lake.stream({ feeder: { batch_files: 4 } });
    for (let part = 0; part < 12; part += 1)
      await stream.put(
        `2026-01-01/2026_01_01_1767225600000_${part}.parquet`,
        values("id, v", `(${part}, 'x')`),
      );
    await stream.feed();
    const lasts = (await stream.batches()).map(
      (batch) => /_(\d+)\.parquet$/.exec(String(batch.last_key))?.[1],
    );
    expect(lasts).toEqual(["3", "7", "11"]);
    expect(await stream.cursor()).toMatch(/_11\.parquet$/);
  });

  test("a file larger than the batch is fed alone; bytes and files both bound a batch", async () => {
    const stream = await lake.stream({ feeder: { batch: "20KB", batch_files: 3 } });
    const big = await lake.parquet("SELECT range AS id, md5(range::VARCHAR) AS v FROM range(3000)");
    expect(big.length).toBeGreaterThan(20_000);
    await stream.put("2026-01-01/1.parquet", values("id, v", "(-1, 'x')"));
    await stream.put("2026-01-01/2.parquet", big);
    for (let part = 3; part < 8; part += 1)
      await stream.put(`2026-01-01/${part}.parquet`, values("id, v", `(-${part}, 'x')`));
    const outcomes = await stream.feed();
    expect(outcomes.map((outcome) => outcome.files)).toEqual([1, 1, 3, 2]);
    expect(outcomes.map((outcome) => outcome.remaining)).toEqual([6, 5, 2, 0]);
  });

  test("1,200 tiny files in several batches", async () => {
    const stream = await lake.stream({ feeder: { batch_files: 500 } });
    const file = await lake.parquet(values("id, v", "(1, 'a')"));
    const places = Array.from(
      { length: 1200 },
      (_, index) => `2026-01-0${1 + (index % 7)}/part_${index}.parquet`,
    );
    for (let start = 0; start < places.length; start += 50)
      await Promise.all(places.slice(start, start + 50).map((place) => stream.put(place, file)));
    const outcomes = await stream.feed();
    expect(outcomes.map((outcome) => outcome.files)).toEqual([500, 500, 200]);
    await stream.expectFedOnce(places.map((place) => stream.key(place)));
    expect(await stream.rows("id, v")).toEqual([["1", "a"]]);
  });
});
