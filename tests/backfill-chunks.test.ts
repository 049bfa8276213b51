import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { appendAssetState } from "../assets/asset-states.ts";
import { planBackfill } from "../assets/backfill/plan.ts";
import { chunkStateSql, readChunks, recordBackfill } from "../assets/backfill/record.ts";
import { refeedChunk } from "../assets/backfill/refeed.ts";
import { reprocessChunk } from "../assets/backfill/reprocess.ts";
import type { BackfillRequest } from "../assets/backfill/request.ts";
import type { FeederContext } from "../assets/feeder/feed-batch.ts";
import { retainLanding } from "../assets/feeder/retention.ts";
import { setPaused } from "../assets/pauses.ts";
import { loadProject } from "../assets/project.ts";
import { advanceFence, readFence } from "../lake/fence.ts";
import { Lake } from "../lake/lake.ts";
import { literal } from "../lake/sql.ts";
import { commitSnapshot } from "../lake/transaction.ts";
import { audit, found } from "./support/audit-fixture.ts";
import type { ChunkOrder } from "./support/chunk-child.ts";
import { type FedStream, FeederLake, type StreamSpec, values } from "./support/feeder-fixture.ts";
import { LakeClock, landingFiles, scan } from "./support/lake-clock.ts";

/** Chunks of backfills, done by a stream's writer: what stays, what is done once, and what is left after a crash. */

let lake: FeederLake;
let clock: LakeClock;

beforeAll(async () => {
  lake = await FeederLake.open();
  clock = new LakeClock(lake);
});

afterAll(() => lake.close());

const NOW = new Date("2026-03-31T12:00:00Z");
const SPEC: StreamSpec = {
  fields: { id: "integer", ts: "integer", v: "string" },
  config: { cursor_field: ["ts"] },
  feeder: { retention: "30d", batch_files: 2 },
};

/** Files `1` to `5` of January's first days, a row each, fed on New Year's Eve for all that the lake knows. */
async function january(spec: StreamSpec = {}): Promise<FedStream> {
  const stream = await lake.stream({ ...SPEC, ...spec });
  for (const id of [1, 2, 3, 4, 5]) await put(stream, id);
  await stream.feed();
  await clock.date(new Date("2026-01-06T00:00:00Z"));
  return stream;
}

function put(stream: FedStream, id: number, v = `v${id}`): Promise<string> {
  return stream.put(`2026-01-0${id}/${id}.parquet`, values("id, ts, v", `(${id}, ${id}, '${v}')`));
}

/** Retention and the clean-up of January, as archives are for. @returns the objects by key. */
async function archive(stream: FedStream, ids = [1, 2, 3, 4, 5]): Promise<Map<string, Buffer>> {
  const objects = new Map<string, Buffer>();
  for (const id of ids) {
    const key = stream.key(`2026-01-0${id}/${id}.parquet`);
    objects.set(key, Buffer.from(await lake.store.get(key)));
  }
  while ((await retainLanding(stream.context, { runId: "retention", now: NOW })).remaining > 0);
  for (const key of objects.keys()) await lake.store.delete(key);
  return objects;
}

async function restore(objects: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [key, body] of objects) await lake.store.put(key, body);
}

function asked(stream: FedStream, part: Partial<BackfillRequest>): BackfillRequest {
  const { source, stream: name } = stream.name;
  const streams = [`${source}/${name}`];
  return {
    mode: "reprocess",
    streams,
    assets: [],
    downstreamOf: [],
    from: null,
    to: null,
    maxConcurrent: 2,
    ...part,
  };
}

async function plan(stream: FedStream, part: Partial<BackfillRequest>) {
  const project = await loadProject(stream.dir);
  return lake.lake.withSession((session) =>
    planBackfill({ session, store: lake.store, project }, asked(stream, part)),
  );
}

let backfills = 0;

/** Plans and records a backfill of a stream, every chunk of it begun. @returns its id and how many chunks it has. */
async function begin(stream: FedStream, part: Partial<BackfillRequest>) {
  backfills += 1;
  const id = `backfill-${backfills}`;
  const { targets } = await plan(stream, part);
  const chunks = targets.flatMap((target) => target.chunks);
  await lake.lake.withSession((session) =>
    commitSnapshot(session, async () => {
      await recordBackfill(
        session,
        { id, request: asked(stream, part), requestedBy: "test", run: "test" },
        chunks,
      );
      for (const number of chunks.keys())
        await session.execute(
          chunkStateSql(id, { number: number + 1, attempt: 0 }, { state: "running", run: "test" }),
        );
      return { result: null, note: { author: "test", message: "begin", details: {} } };
    }),
  );
  return { id, count: chunks.length };
}

const reprocess = (context: FeederContext, backfill: string, number: number) =>
  reprocessChunk(context, { backfill, number, runId: "run" });
const refeed = (context: FeederContext, backfill: string, number: number) =>
  refeedChunk(context, { backfill, number, runId: "run" });

const states = async (backfill: string) =>
  (await lake.lake.withSession((session) => readChunks(session, backfill))).map(({ state }) => state);

async function ledger(stream: FedStream): Promise<Record<string, string>> {
  const entries = await stream.ledger();
  return Object.fromEntries(entries.map(({ key, state }) => [String(key).split("/").at(-1), String(state)]));
}

/** What was killed, or lost against another, leaves files that nothing knows: maintenance deletes them. */
async function clean(stream: FedStream, leftovers = false): Promise<void> {
  const findings = found(await audit(lake, await loadProject(stream.dir)));
  expect(findings.filter((finding) => !(leftovers && finding === "orphan"))).toEqual([]);
}

describe("reprocess", () => {
  test("makes the rows of its days right, writes no row that is right, and leaves later versions", async () => {
    const stream = await january();
    await stream.put("2026-02-01/later.parquet", values("id, ts, v", "(3, 99, 'later')"));
    await stream.feed();
    const right = await stream.rows("id, v");
    const { id, count } = await begin(stream, { from: "2026-01-02", to: "2026-01-04" });
    expect(count).toBe(2);
    await lake.query(`UPDATE ${stream.processedTable} SET v = 'wrong' WHERE id IN (1, 2, 4)`);
    expect([await reprocess(stream.context, id, 1), await reprocess(stream.context, id, 2)]).toEqual([
      { changedRows: 1 },
      { changedRows: 1 },
    ]);
    expect(await stream.rows("id, v")).toEqual(right.map(([key, v]) => [key, key === "1" ? "wrong" : v]));
    const again = await begin(stream, {});
    expect(again.count).toBe(3);
    const changed: number[] = [];
    for (const number of [1, 2, 3])
      changed.push((await reprocess(stream.context, again.id, number)).changedRows);
    expect(changed).toEqual([1, 0, 0]);
    expect(await stream.rows("id, v")).toEqual(right);
    await clean(stream);
  });

  test("runs the model as it is now", async () => {
    const stream = await january({
      model: "/* ---\non_code_change: keep\n--- */ SELECT id, ts, v FROM TABLE_NAME",
    });
    await stream.load(lake.lake, {
      model: "/* ---\non_code_change: keep\n--- */ SELECT id, ts, upper(v) AS v FROM TABLE_NAME",
    });
    const { id } = await begin(stream, { to: "2026-01-02" });
    expect(await reprocess(stream.context, id, 1)).toEqual({ changedRows: 2 });
    expect(await stream.rows("v")).toEqual([["V1"], ["V2"], ["v3"], ["v4"], ["v5"]]);
  });

  test("is done while the stream is paused, and refused while its table is held", async () => {
    const stream = await january();
    const { asset, codeHash } = stream.context.stream.processed;
    const pause = { paused: true, by: "test", run: "test" };
    await lake.lake.withSession((session) => setPaused(session, stream.context.stream, pause));
    const { id } = await begin(stream, {});
    await lake.query(`UPDATE ${stream.processedTable} SET v = 'wrong'`);
    expect(await reprocess(stream.context, id, 1)).toEqual({ changedRows: 2 });
    await state("held", "held by the test");
    await expect(reprocess(stream.context, id, 2)).rejects.toMatchObject({ code: "ASSET_HELD" });
    expect((await plan(stream, {})).targets).toMatchObject([
      { obstacle: expect.stringContaining("is held") },
    ]);
    await state("ok", null);
    expect(await reprocess(stream.context, id, 2)).toEqual({ changedRows: 2 });
    expect(await reprocess(stream.context, id, 3)).toEqual({ changedRows: 1 });
    await clean(stream);

    async function state(name: "held" | "ok", message: string | null) {
      await lake.lake.withSession(async (session) => {
        const epoch = await readFence(session, asset);
        await commitSnapshot(session, async () => {
          await appendAssetState(session, { asset, state: name, message, codeHash, run: "test" });
          await advanceFence(session, asset, epoch);
          return { result: null, note: { author: asset, message: name, details: { asset } } };
        });
      });
    }
  });

  test("a model that fails fails its chunk and writes nothing", async () => {
    const stream = await january({ model: "SELECT id, ts, v FROM TABLE_NAME" });
    const before = await stream.rows("id, v");
    await stream.load(lake.lake, {
      model: "SELECT id, ts, CAST(v AS INTEGER)::VARCHAR AS v FROM TABLE_NAME",
    });
    const { id } = await begin(stream, {});
    await expect(reprocess(stream.context, id, 1)).rejects.toMatchObject({ code: "MODEL_FAILED" });
    expect(await stream.rows("id, v")).toEqual(before);
    expect(await states(id)).toEqual(["running", "running", "running"]);
  });
});

describe("refeed", () => {
  test("feeds what retention had removed and what is back as it was, as copies; and once more after that", async () => {
    const stream = await january();
    await stream.put("2026-03-20/9.parquet", values("id, ts, v", "(9, 9, 'v9')"));
    await stream.feed();
    const right = await stream.rows("id, v");
    const objects = await archive(stream);
    expect(await stream.landed("id")).toEqual([["9"]]);
    expect(await plan(stream, { mode: "refeed" })).toMatchObject({ targets: [{ files: 0, chunks: [] }] });

    // Of five, three come back; one of them is another file by now.
    const [first, second, third] = [...objects] as [string, Buffer][];
    await restore(new Map([first, second, third] as [string, Buffer][]));
    await put(stream, 3, "other");
    expect(await plan(stream, { mode: "refeed" })).toMatchObject({
      targets: [{ from: "2026-01-01", to: "2026-01-02", days: 2, files: 2, obstacle: null }],
    });
    await lake.query(`DELETE FROM ${stream.processedTable} WHERE id IN (1, 4)`);
    const { id, count } = await begin(stream, { mode: "refeed" });
    expect(count).toBe(1);
    await refeed(stream.context, id, 1);
    expect(await states(id)).toEqual(["done"]);
    expect(await ledger(stream)).toMatchObject({
      "1.parquet": "fed",
      "2.parquet": "fed",
      "3.parquet": "removed",
      "4.parquet": "removed",
      "9.parquet": "fed",
    });
    expect(await stream.landed("id")).toEqual([["1"], ["2"], ["9"]]);
    expect(await stream.rows("id, v")).toEqual(right.filter(([key]) => key !== "4"));
    // The one that is another file is fed by itself, as any that was overwritten.
    await stream.feed();
    expect(await stream.rows("v")).toEqual([["other"], ["v1"], ["v2"], ["v5"], ["v9"]]);

    // What was fed again grows old again, and may come back again; no path is ever registered twice.
    await clock.date(new Date("2026-01-06T00:00:00Z"));
    const again = await archive(stream, [1, 2]);
    await restore(again);
    const next = await begin(stream, { mode: "refeed", to: "2026-01-02" });
    await refeed(stream.context, next.id, 1);
    await scan(stream);
    expect(await stream.landed("id")).toEqual([["1"], ["2"], ["9"]]);
    const paths = await landingFiles(stream, "ever");
    expect(new Set(paths).size).toBe(paths.length);
  });

  test("leaves later versions, counts no row twice, and the lake is sound afterwards", async () => {
    const stream = await january();
    await stream.put("2026-03-20/9.parquet", values("id, ts, v", "(2, 99, 'later')"));
    await stream.feed();
    const right = await stream.rows("id, v");
    await restore(await archive(stream));
    const { id, count } = await begin(stream, { mode: "refeed", to: "2026-01-04" });
    expect(count).toBe(2);
    for (const number of [1, 2]) await refeed(stream.context, id, number);
    expect(await stream.rows("id, v")).toEqual(right);
    // Done is done.
    expect(await refeed(stream.context, id, 1)).toEqual({ changedRows: 0 });
    expect(await stream.landed("count(*)::INTEGER")).toEqual([[5]]);
    await clean(stream);
  });

  test("a file that landing does not take any more fails its chunk; the others are fed, and a retry takes the rest", async () => {
    const stream = await lake.stream(SPEC);
    const odd = await stream.put("2026-01-01/1.parquet", values("id, ts, v, x", "(1, 1, 'v1', 7)"));
    await put(stream, 2);
    await stream.feed();
    await clock.date(new Date("2026-01-06T00:00:00Z"));
    const right = await stream.rows("id, v");
    await restore(await archive(stream, [1, 2]));
    // Meanwhile the column was given up, and new ones are not wanted any more.
    await lake.query(`ALTER TABLE ${stream.landingTable} DROP COLUMN x`);
    await stream.load(lake.lake, { feeder: { ...SPEC.feeder, on_new_column: "fail" } });
    const { id } = await begin(stream, { mode: "refeed" });
    await refeed(stream.context, id, 1);
    expect(await states(id)).toEqual(["failed"]);
    expect(await ledger(stream)).toEqual({ "1.parquet": "removed", "2.parquet": "fed" });
    expect(await stream.quarantine()).toEqual([]);
    const [chunk] = await lake.query(
      `SELECT message FROM lakehouse.meta.backfill_chunks WHERE backfill = ${literal(id)}`,
    );
    expect(chunk?.message).toMatch(/x.*retry the chunk.*\[FILE_UNREADABLE\]/);
    expect(chunk?.message).toContain(odd);
    // A chunk of which nothing can be fed is left to its caller to record.
    await again(1);
    await expect(refeed(stream.context, id, 1)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });

    await stream.load(lake.lake, { feeder: { ...SPEC.feeder, on_new_column: "add" } });
    await again(2);
    await refeed(stream.context, id, 1);
    expect(await states(id)).toEqual(["done"]);
    expect(await ledger(stream)).toEqual({ "1.parquet": "fed", "2.parquet": "fed" });
    expect(await stream.rows("id, v")).toEqual(right);
    await clean(stream);

    async function again(attempt: number) {
      const running = chunkStateSql(id, { number: 1, attempt }, { state: "running", run: "test" });
      await lake.query(running);
    }
  });
});

describe("memory", () => {
  test.each(["reprocess", "refeed"] as const)(
    "%s: a chunk that needs more than there is is done in pieces, the last of which ends it",
    async (mode) => {
      const stream = await lake.stream({ ...SPEC, feeder: { retention: "30d" } });
      const days = [1, 2, 3, 4, 5, 6, 7, 8];
      for (const day of days)
        await stream.put(
          `2026-01-0${day}/${day}.parquet`,
          `SELECT (hash(i % 54000 + ${day * 20_000}) % 100000000)::BIGINT AS id, ${day * 1_000_000} + i AS ts,
             repeat(hash(i + ${day})::VARCHAR, 6) AS v FROM range(60000) AS r (i)`,
        );
      await stream.feed();
      await clock.date(new Date("2026-01-09T00:00:00Z"));
      if (mode === "refeed")
        while ((await retainLanding(stream.context, { runId: "retention", now: NOW })).remaining > 0);
      const sum = () => stream.rows("count(*)::INTEGER, sum(hash(id, ts, v))::VARCHAR");
      const right = await sum();
      const { id, count } = await begin(stream, { mode });
      expect(count).toBe(1);
      await lake.query(`UPDATE ${stream.processedTable} SET v = 'wrong', ts = 0`);
      const { connections, tools, folder } = lake.isolation;
      const scarce = await Lake.open({
        connections,
        engine: { memoryLimit: "70MB", threads: 2 },
        extensions: tools.extensions,
        spillDir: join(folder, "scarce"),
      });
      const writer = await stream.process(scarce);
      const before = await stream.batches();
      const { changedRows } = await (mode === "refeed" ? refeed : reprocess)(writer, id, 1);
      scarce.close();
      expect(await sum()).toEqual(right);
      expect(changedRows).toBeGreaterThanOrEqual(Number(right[0]?.[0]));
      expect(await states(id)).toEqual(["done"]);
      const snapshots = await lake.query(
        `SELECT commit_message FROM ducklake_snapshots('lakehouse') WHERE commit_extra_info LIKE '%"backfill":"${id}"%'`,
      );
      const pieces = mode === "refeed" ? (await stream.batches()).length - before.length : snapshots.length;
      expect(pieces).toBeGreaterThan(1);
      await clean(stream, true);
    },
  );
});

describe("exactly once", () => {
  test("two writers of one chunk and one that feeds: all is done once", async () => {
    const stream = await january();
    await restore(await archive(stream));
    for (const id of [6, 7, 8])
      await stream.put(`2026-03-2${id}/${id}.parquet`, values("id, ts, v", `(${id}, ${id}, 'v${id}')`));
    const { id } = await begin(stream, { mode: "refeed" });
    const [one, two] = [
      await stream.process(await lake.another()),
      await stream.process(await lake.another()),
    ];
    const all = async (context: FeederContext) => {
      for (const number of [1, 2, 3]) await refeed(context, id, number);
    };
    await Promise.all([all(one), all(two), stream.feed()]);
    expect(await states(id)).toEqual(["done", "done", "done"]);
    expect(await stream.landed("count(*)::INTEGER, count(DISTINCT id)::INTEGER")).toEqual([[8, 8]]);
    expect(await stream.rows("count(*)::INTEGER")).toEqual([[8]]);
    const [log] = await lake.query(
      `SELECT count(*)::INTEGER AS done FROM lakehouse.meta.backfill_chunk_log
       WHERE backfill = ${literal(id)} AND state = 'done'`,
    );
    expect(log).toEqual({ done: 3 });
    await clean(stream, true);
  });

  test.each(["reprocess", "refeed"] as const)(
    "%s: killed anywhere, a chunk is done or not at all, and the next attempt does what is left",
    async (mode) => {
      const stream = await january();
      if (mode === "refeed") await restore(await archive(stream));
      const right = await stream.rows("id, v");
      const { id, count } = await begin(stream, { mode });
      expect(count).toBe(3);
      await lake.query(`UPDATE ${stream.processedTable} SET v = 'wrong', ts = ts - 1`);
      let kills = 0;
      let chunk = 1;
      for (let killAt = 1; chunk <= count; killAt += killAt < 8 ? 1 : 5) {
        const killed = await workAndKill(stream, { mode, backfill: id, chunk, killAt });
        kills += killed ? 1 : 0;
        await scan(stream);
        const done = (await states(id)).filter((state) => state === "done").length;
        const wrong = (await stream.rows("v")).filter(([v]) => v === "wrong").length;
        const landed = await stream.landed("count(*)::INTEGER");
        // A chunk has two files, the last one; what says that it is done and what it did are one.
        expect(wrong).toBe(Math.max(0, 5 - 2 * done));
        if (mode === "refeed") expect(landed).toEqual([[Math.min(5, 2 * done)]]);
        if (done >= chunk) {
          chunk += 1;
          killAt = Math.max(0, killAt - 12);
        }
      }
      expect(kills).toBeGreaterThanOrEqual(6);
      expect(await stream.rows("id, v")).toEqual(right);
      await clean(stream, true);
    },
    900_000,
  );
});

/** Does a chunk in a process that kills itself. @returns whether it came that far. */
async function workAndKill(
  stream: FedStream,
  order: Pick<ChunkOrder, "mode" | "backfill" | "chunk" | "killAt">,
): Promise<boolean> {
  const { connections, tools, folder } = lake.isolation;
  const whole: ChunkOrder = {
    connections,
    extensions: tools.extensions,
    spillDir: join(folder, "child"),
    dir: stream.dir,
    ...order,
  };
  const script = fileURLToPath(new URL("./support/chunk-child.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", script, JSON.stringify(whole)], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code, signal] = await once(child, "exit");
  expect(code === 0 || signal === "SIGKILL").toBe(true);
  return signal === "SIGKILL";
}
