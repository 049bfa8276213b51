import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { advancePosition } from "../assets/enriched/advance.ts";
import { materialize } from "../assets/enriched/materialize.ts";
import { retainLanding } from "../assets/feeder/retention.ts";
import { planMaintenance } from "../assets/maintenance-plan.ts";
import { oldestNeeded } from "../assets/positions.ts";
import { loadProject } from "../assets/project.ts";
import { describePlan } from "../cli/commands/maintenance.ts";
import { LotusError } from "../common/errors.ts";
import { type CleanUpOutcome, cleanUpFiles, planCleanUp } from "../lake/clean-up.ts";
import { type ExpiryLimits, expireSnapshots, planExpiry } from "../lake/expiry.ts";
import { advanceFence, readFence } from "../lake/fence.ts";
import { deleteOrphans } from "../lake/orphans.ts";
import { literal } from "../lake/sql.ts";
import { commitSnapshot } from "../lake/transaction.ts";
import type { ObjectStore } from "../sensors/object-store.ts";
import { type FedStream, FeederLake, type StreamSpec, values } from "./support/feeder-fixture.ts";
import { LakeClock, landingFiles, objectsUnder, scan } from "./support/lake-clock.ts";
import type { MaintainOrder } from "./support/maintain-child.ts";

const CATALOG = "__ducklake_metadata_lakehouse.ducklake";

/** Everything here happens in the first months of 2026; what a test does is dated back to them. */
const NOW = new Date("2026-03-31T12:00:00Z");
const THEN = new Date("2026-01-20T00:00:00Z");

let lake: FeederLake;
let clock: LakeClock;

beforeAll(async () => {
  lake = await FeederLake.open();
  clock = new LakeClock(lake);
});

afterAll(() => lake.close());

function retaining(spec: StreamSpec = {}): Promise<FedStream> {
  return lake.stream({ ...spec, feeder: { retention: "30d", ...spec.feeder } });
}

async function snapshots(): Promise<number[]> {
  const rows = await lake.query(`SELECT snapshot_id AS id FROM ${CATALOG}.ducklake_snapshot ORDER BY 1`);
  return rows.map((row) => Number(row.id));
}

async function scheduled(): Promise<string[]> {
  const rows = await lake.query(
    `SELECT path FROM ${CATALOG}.ducklake_files_scheduled_for_deletion ORDER BY 1`,
  );
  return rows.map((row) => String(row.path));
}

/** A commit that changes nothing but a fence. */
async function commit(asset = "test_nobody", other = lake.lake): Promise<void> {
  await other.withSession(async (session) => {
    const epoch = await readFence(session, asset);
    await commitSnapshot(session, async () => ({
      result: await advanceFence(session, asset, epoch),
      note: { author: "test", message: "a commit", details: {} },
    }));
  });
}

/** Lets everything expire that may: as if all of it had happened long ago. */
async function expire(limits: Partial<ExpiryLimits> = {}) {
  await clock.date(THEN);
  return expireSnapshots(lake.lake, { keepFrom: null, before: NOW, ...limits });
}

async function cleanUp(): Promise<CleanUpOutcome> {
  await clock.date(THEN);
  return cleanUpFiles(lake.lake, lake.store, { scheduledBefore: NOW });
}

async function retain(stream: FedStream, now = NOW): Promise<number> {
  await clock.date(THEN);
  const { files } = await retainLanding(stream.context, { runId: "retention", now });
  return files;
}

describe("expiry", () => {
  test("ends before the oldest snapshot that has to stay, says why, and leaves no gap", async () => {
    for (let count = 0; count < 6; count += 1) await commit();
    await clock.date(THEN);
    const before = await snapshots();
    const [oldest, newest] = [before[0] ?? 0, before.at(-1) ?? 0];
    const plans = [
      [{ keepFrom: null, before: NOW }, newest, "current"],
      [{ keepFrom: newest - 2, before: NOW }, newest - 2, "needed"],
      [{ keepFrom: null, before: THEN }, oldest, "young"],
      [{ keepFrom: newest - 2, before: new Date(THEN.getTime() - 1) }, oldest, "young"],
    ] as const;
    for (const [limits, oldestKept, keptBecause] of plans) {
      const plan = await planExpiry(lake.lake, limits);
      expect(plan).toEqual({
        snapshots: before.filter((id) => id < oldestKept),
        oldestKept,
        keptBecause,
      });
    }
    expect(await snapshots()).toEqual(before);
    const planned = await planExpiry(lake.lake, { keepFrom: newest - 2, before: NOW });
    expect(await expire({ keepFrom: newest - 2 })).toEqual({
      expired: planned.snapshots.length,
      oldestKept: newest - 2,
      keptBecause: "needed",
    });
    expect(await snapshots()).toEqual([newest - 2, newest - 1, newest]);
    // A position that expired long ago holds nothing up for ever.
    expect(await expire({ keepFrom: 1 })).toMatchObject({ expired: 0, oldestKept: newest - 2 });
  });

  test("a younger snapshot among older ones keeps all after it: times do not rise with the numbers", async () => {
    for (let count = 0; count < 4; count += 1) await commit();
    await clock.date(THEN);
    const before = await snapshots();
    const middle = before.at(-3) ?? 0;
    await lake.query(
      `UPDATE ${CATALOG}.ducklake_snapshot SET snapshot_time = TIMESTAMPTZ '2026-03-31 00:00:00Z' WHERE snapshot_id = ${middle}`,
    );
    const limits = { keepFrom: null, before: new Date("2026-03-30T00:00:00Z") };
    await expect(expireSnapshots(lake.lake, limits)).resolves.toMatchObject({ oldestKept: middle });
    expect(await snapshots()).toEqual(before.filter((id) => id >= middle));
  });

  test("what was made a moment ago stays, whatever is asked", async () => {
    await commit();
    await clock.date(THEN);
    const [recent] = (await snapshots()).slice(-1);
    await commit();
    await lake.query(
      `UPDATE ${CATALOG}.ducklake_snapshot SET snapshot_time = now() + INTERVAL 1 HOUR WHERE snapshot_id > ${recent ?? 0}`,
    );
    const limits = { keepFrom: null, before: new Date(Date.now() + 7_200_000) };
    expect(await expireSnapshots(lake.lake, limits)).toMatchObject({
      oldestKept: (recent ?? 0) + 1,
      keptBecause: "young",
    });
  });

  test("while a transaction is open, what it must learn of at its commit stays", async () => {
    const rival = await lake.another();
    await commit("test_fence");
    await lake.lake.withSession(async (session) => {
      const epoch = await readFence(session, "test_fence");
      const [began] = (await snapshots()).slice(-1);
      const late = commitSnapshot(session, async () => {
        await advanceFence(session, "test_fence", epoch);
        await commit("test_fence", rival);
        await commit("test_other", rival);
        const outcome = await expire();
        expect(outcome).toMatchObject({ keptBecause: "open transaction" });
        // The snapshots after the one that it reads, above all.
        expect(outcome.oldestKept).toBeLessThanOrEqual(began ?? 0);
        return { result: null, note: { author: "zombie", message: "too late", details: {} } };
      });
      await expect(late).rejects.toMatchObject({ code: "LAKE_CONFLICT" });
    });
    expect(await expire()).toMatchObject({ keptBecause: "current" });
  });

  test("never passes what an enriched table has read; a table that is gone holds nothing", async () => {
    const stream = await lake.stream();
    const project = await withFact(stream);
    expect(await lake.lake.withSession((session) => oldestNeeded(session, project))).toBeNull();
    await stream.put("2026-01-01/1.parquet", values("id, v", "(1, 'a')"));
    await stream.feed();
    const [model] = project.models;
    if (!model) throw new Error(JSON.stringify(project.findings));
    const { snapshot } = await materialize(lake.lake, model, { runId: "test", full: false });
    const position = await lake.lake.withSession((session) => oldestNeeded(session, project));
    expect(position).toBe((snapshot ?? 0) - 1);
    await stream.put("2026-01-02/2.parquet", values("id, v", "(2, 'b'), (3, 'c')"));
    await stream.feed();
    await expect(expire({ keepFrom: position })).resolves.toMatchObject({ oldestKept: position });
    // What changed since can still be read: no rebuild.
    await expect(materialize(lake.lake, model, { runId: "test", full: false })).resolves.toMatchObject({
      mode: "incremental",
      changedRows: 2,
    });
    expect(await lake.lake.withSession((session) => oldestNeeded(session, { models: [] }))).toBeNull();
  });
});

/** The project of a stream with an enriched table over it. */
async function withFact(stream: FedStream) {
  const { asset } = stream.context.stream.processed;
  const folder = join(stream.dir, "enriched", "test");
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, `fct_${stream.name.source}.sql`),
    `/* ---\nunique_key: id\n--- */\nSELECT id, v FROM ${asset}`,
  );
  return loadProject(stream.dir);
}

const NO_ROWS = "SELECT 1::BIGINT AS id, 'x' AS v WHERE FALSE";

describe("clean-up", () => {
  test("raw files go after their rows and their snapshots, and nothing else does", async () => {
    const stream = await retaining();
    const old = await stream.put("2026-01-10/1.parquet", values("id, v", "(1, 'a')"));
    const empty = await stream.put("2026-01-10/0.parquet", NO_ROWS);
    const copied = await stream.put("2026-01-10/[2].parquet", values("id, v", "(2, 'b')"));
    const kept = await stream.put("2026-03-30/3.parquet", values("id, v", "(3, 'c')"));
    const broken = await stream.put("2026-01-10/4.parquet", Buffer.from("no Parquet"));
    await stream.feed();
    const fed = await newest();
    const copies = await objectsUnder(lake, `lakehouse/landed/${stream.name.source}/`);
    expect(copies).toHaveLength(1);

    expect(await cleanUp()).toMatchObject({ raw: 0 });
    expect(await retain(stream)).toBe(3);
    expect(await landingFiles(stream, "ever")).toHaveLength(3);
    // Fed, and in no snapshot either; and one that waits.
    const late = await stream.put("2026-01-10/5.parquet", NO_ROWS);
    await stream.feed();
    const waiting = await stream.put("2026-01-10/6.parquet", values("id, v", "(6, 'e')"));
    const all = await objectsUnder(lake, stream.prefix);
    // A file without rows is in no snapshot.
    expect(await cleanUp()).toMatchObject({ raw: 1 });
    expect(await objectsUnder(lake, stream.prefix)).toEqual(all.filter((key) => key !== empty));
    const past = `SELECT id, v FROM ${stream.landingTable} AT (VERSION => ${fed}) ORDER BY id`;
    expect((await lake.query(past)).map(({ id, v }) => `${id}${v}`)).toEqual(["1a", "2b", "3c"]);
    await scan(stream);

    await expire();
    expect(await landingFiles(stream, "ever")).toEqual([lake.store.url(kept)]);
    expect((await snapshots())[0]).toBeGreaterThan(fed);
    await scan(stream);
    const planned = await planCleanUp(lake.lake, lake.store, { scheduledBefore: THEN });
    expect(planned).toMatchObject({ own: [], raw: [] });
    expect(await objectsUnder(lake, `lakehouse/landed/${stream.name.source}/`)).toEqual(copies);

    await clock.date(THEN);
    const plan = await planCleanUp(lake.lake, lake.store, { scheduledBefore: NOW });
    expect(plan.raw.map(({ key }) => key)).toEqual([old, copied].sort());
    expect(plan.own.map(({ path }) => path)).toEqual(copies.map((key) => lake.store.url(key)));
    expect(await cleanUp()).toMatchObject({ raw: 2, own: 1, spared: 0 });
    expect(await objectsUnder(lake, stream.prefix)).toEqual([kept, broken, late, waiting].sort());
    expect(await objectsUnder(lake, `lakehouse/landed/${stream.name.source}/`)).toEqual([]);
    expect(await scheduled()).toEqual([]);
    await scan(stream);
    await stream.feed();
    expect(await stream.rows("id")).toEqual([["1"], ["2"], ["3"], ["6"]]);
  });

  test("an object that was overwritten since it was removed stays, and comes in", async () => {
    const stream = await retaining();
    const key = await stream.put("2026-01-10/1.parquet", values("id, v", "(1, 'a')"));
    const copied = await stream.put("2026-01-10/[2].parquet", values("id, v", "(2, 'b')"));
    await stream.feed();
    await retain(stream);
    await expire();
    await stream.put("2026-01-10/1.parquet", values("id, v", "(1, 'other')"));
    await stream.put("2026-01-10/[2].parquet", values("id, v", "(2, 'other')"));
    expect(await cleanUp()).toMatchObject({ raw: 0, own: 1, spared: 1 });
    expect(await scheduled()).toEqual([]);
    expect(await objectsUnder(lake, stream.prefix)).toEqual([key, copied].sort());
    await stream.feed();
    await scan(stream);
    expect(await stream.landed("id, v")).toEqual([
      ["1", "other"],
      ["2", "other"],
    ]);
  });

  test("an object is overwritten between the plan and its deletion", async () => {
    const stream = await retaining();
    const key = await stream.put("2026-01-10/1.parquet", values("id, v", "(1, 'a')"));
    await stream.feed();
    await retain(stream);
    await expire();
    await clock.date(THEN);
    const other = await lake.parquet(values("id, v", "(1, 'other')"));
    const { store } = lake;
    const hurried = inheriting(store, {
      deleteExactly: async (target: string, etag: string) => {
        await store.put(key, other);
        return store.deleteExactly(target, etag);
      },
    });
    expect(await cleanUpFiles(lake.lake, hurried, { scheduledBefore: NOW })).toMatchObject({ raw: 0 });
    expect(Buffer.from(await store.get(key)).equals(other)).toBe(true);
  });

  test("what DuckLake gave up and the ledger does not call removed is taken off its list and left alone", async () => {
    const stream = await lake.stream();
    const fed = await stream.put("2026-01-10/1.parquet", values("id, v", "(1, 'a')"));
    await stream.feed();
    const foreign = "raw/elsewhere/x.parquet";
    await lake.store.put(foreign, await lake.parquet(values("id", "(1)")));
    const outside = lake.store.url("reports/q1.parquet");
    await lake.store.put("reports/q1.parquet", new Uint8Array([1]));
    // A live file, as after a path was removed and registered again; one that nobody knows; one of somebody else's.
    const paths = [
      lake.store.url(fed),
      lake.store.url(foreign),
      outside,
      "s3://other-bucket/lakehouse/x.parquet",
    ];
    const [live] = await lake.query(
      `SELECT path FROM ${CATALOG}.ducklake_data_file WHERE path_is_relative AND end_snapshot IS NULL LIMIT 1`,
    );
    const rows = paths.map((path, index) => `(${9_000_000 + index}, ${literal(path)}, FALSE, now())`);
    await lake.query(
      `INSERT INTO ${CATALOG}.ducklake_files_scheduled_for_deletion VALUES ${rows.join(", ")}`,
    );
    const before = await objectsUnder(lake, "");
    expect(await cleanUp()).toMatchObject({ raw: 0, own: 0, spared: 4 });
    expect(live).toBeDefined();
    expect(await objectsUnder(lake, "")).toEqual(before);
    expect(await scheduled()).toEqual([]);
    await scan(stream);
  });

  test("a file of the lake's own that is scheduled and live again stays", async () => {
    const stream = await lake.stream();
    await stream.put("2026-01-10/[1].parquet", values("id, v", "(1, 'a')"));
    await stream.feed();
    const [path] = await landingFiles(stream);
    await lake.query(
      `INSERT INTO ${CATALOG}.ducklake_files_scheduled_for_deletion VALUES (9000010, ${literal(path ?? "")}, FALSE, now())`,
    );
    expect(await cleanUp()).toMatchObject({ own: 0, spared: 1 });
    await scan(stream);
  });

  test("while a reader has the snapshot open, its files stay", async () => {
    const stream = await lake.stream({ config: { primary_key: [] } });
    for (const part of [1, 2]) {
      await stream.put(
        `2026-01-10/${part}.parquet`,
        `SELECT range AS id, md5(range::VARCHAR) AS v FROM range(${5000 * part})`,
      );
      await stream.feed();
    }
    const { asset } = stream.context.stream.processed;
    const reader = await lake.another();
    await reader.withSession(async (session) => {
      await session.execute("BEGIN TRANSACTION");
      await session.queryRaw(`SELECT count(*) FROM ${stream.processedTable}`);
      // What it replaces is scheduled at once.
      await lake.query(
        `CALL ducklake_merge_adjacent_files('lakehouse', ${literal(asset)}, schema => 'main')`,
      );
      await clock.date(THEN);
      expect((await scheduled()).length).toBeGreaterThan(0);
      expect(await cleanUp()).toMatchObject({ own: 0 });
      const [row] = await session.queryRaw(
        `SELECT sum(hash(t))::VARCHAR AS read, count(*)::INTEGER AS rows FROM ${stream.processedTable} AS t`,
      );
      expect(row).toMatchObject({ rows: 15_000 });
      await session.execute("ROLLBACK");
    });
    expect((await cleanUp()).own).toBeGreaterThan(0);
    await scan(stream);
  });
});

async function newest(): Promise<number> {
  return (await snapshots()).at(-1) ?? 0;
}

/** The store with some of its methods replaced. */
function inheriting(store: ObjectStore, methods: Partial<ObjectStore>): ObjectStore {
  return new Proxy(store, {
    get(target, name) {
      if (name in methods) return methods[name as keyof ObjectStore];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe("half-way", () => {
  test("S3 goes away in the middle: the next run finishes", async () => {
    const stream = await retaining();
    for (let id = 1; id <= 6; id += 1) {
      await stream.put(`2026-01-1${id}/${id}.parquet`, values("id, v", `(${id}, 'a')`));
      await stream.put(`2026-01-1${id}/[${id}].parquet`, values("id, v", `(${id + 10}, 'b')`));
    }
    await stream.feed();
    await retain(stream);
    await expire();
    await clock.date(THEN);
    let requests = 0;
    const failing = async <T>(work: () => Promise<T>): Promise<T> => {
      requests += 1;
      if (requests > broken) throw new LotusError("S3_UNREACHABLE", "gone");
      return work();
    };
    let broken = 0;
    const { store } = lake;
    const flaky = inheriting(store, {
      delete: (key) => failing(() => store.delete(key)),
      deleteExactly: (key, etag) => failing(() => store.deleteExactly(key, etag)),
    });
    for (broken of [0, 4, 9]) {
      requests = 0;
      await expect(cleanUpFiles(lake.lake, flaky, { scheduledBefore: NOW })).rejects.toMatchObject({
        code: "S3_UNREACHABLE",
      });
      await scan(stream);
    }
    await cleanUp();
    expect(await objectsUnder(lake, stream.prefix)).toEqual([]);
    expect(await objectsUnder(lake, `lakehouse/landed/${stream.name.source}/`)).toEqual([]);
    expect(await scheduled()).toEqual([]);
  });

  test("killed on its way, each time a step further: the next process goes on, and the last one ends where it should", async () => {
    const stream = await retaining({ feeder: { batch_files: 2 } });
    for (let id = 1; id <= 2; id += 1)
      await stream.put(`2026-01-1${id}/${id}.parquet`, values("id, v", `(${id}, 'a')`));
    await stream.put("2026-01-10/[3].parquet", values("id, v", "(3, 'b')"));
    const kept = await stream.put("2026-03-30/4.parquet", values("id, v", "(4, 'c')"));
    await stream.feed();
    const rows = await stream.rows("id, v");
    let kills = 0;
    for (let calm = 0; calm < 3; ) {
      await clock.date(THEN);
      // Each process dies one step further on its way; what is left by three that live is nothing.
      if (await maintainAndKill(stream, kills + 2)) kills += 1;
      else calm += 1;
      await scan(stream);
      expect(await stream.rows("id, v")).toEqual(rows);
      // The ledger and landing tell the same story at any moment, and every registered object is there.
      const ledger = await stream.ledger();
      expect(await stream.landed("count(*)::INTEGER")).toEqual([
        [ledger.filter((row) => row.state === "fed").length],
      ]);
      const objects = new Set((await objectsUnder(lake, "")).map((key) => lake.store.url(key)));
      for (const path of await landingFiles(stream, "ever")) expect(objects).toContain(path);
    }
    expect(kills).toBeGreaterThanOrEqual(4);
    expect(await objectsUnder(lake, stream.prefix)).toEqual([kept]);
    expect(await objectsUnder(lake, `lakehouse/landed/${stream.name.source}/`)).toEqual([]);
    expect(await landingFiles(stream, "ever")).toEqual([lake.store.url(kept)]);
    expect(await scheduled()).toEqual([]);
    expect(await stream.feed({ as: await stream.process(await lake.another()) })).toMatchObject([
      { files: 0 },
    ]);
  }, 900_000);
});

/** Runs a process that looks after the lake and kills itself at a step. @returns whether it came that far. */
async function maintainAndKill(stream: FedStream, killAt: number): Promise<boolean> {
  const { connections, tools, folder } = lake.isolation;
  const order: MaintainOrder = {
    connections,
    extensions: tools.extensions,
    spillDir: join(folder, "child"),
    stream: stream.context.stream,
    now: NOW.toISOString(),
    killAt,
  };
  const script = fileURLToPath(new URL("./support/maintain-child.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", script, JSON.stringify(order)], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code, signal] = await once(child, "exit");
  expect(code === 0 || signal === "SIGKILL").toBe(true);
  return signal === "SIGKILL";
}

describe("orphans", () => {
  const later = () => new Date(Date.now() + 60_000);

  test("are files of the lake's own that nothing knows, old enough; a dry run lists exactly those", async () => {
    const stream = await retaining();
    await stream.put("2026-01-10/[1].parquet", values("id, v", "(1, 'a')"));
    await stream.put("2026-01-11/2.parquet", "SELECT range AS id, md5(range::VARCHAR) AS v FROM range(3000)");
    await stream.feed();
    // An update of a large table: data files and a delete file.
    await lake.query(`UPDATE ${stream.processedTable} SET v = 'x' WHERE id < 500`);
    await deleteOrphans(lake.lake, lake.store, { olderThan: later() });
    await scan(stream);
    const file = await lake.parquet(values("id", "(1)"));
    const orphans = [
      `lakehouse/landed/${stream.name.source}/items/year=2026/month=01/day=10/copy-00.parquet`,
      "lakehouse/main/it's [one] 100% +?.parquet",
      "lakehouse/orphan.parquet",
    ];
    const others = ["lakehouse/README.txt", "lakehouse.parquet", "reports/a.parquet", "raw/other/a.parquet"];
    for (const key of [...orphans, ...others]) await lake.store.put(key, file);
    // What is scheduled is the clean-up's.
    await retain(stream);
    await expire();
    const waiting = await scheduled();
    expect(waiting.some((path) => path.startsWith("landed/"))).toBe(true);
    const before = await objectsUnder(lake, "");

    const young = await deleteOrphans(lake.lake, lake.store, { olderThan: new Date(Date.now() - 3_600_000) });
    expect(young).toEqual({ orphans: [], bytes: 0 });
    const dry = await deleteOrphans(lake.lake, lake.store, { olderThan: later(), dryRun: true });
    expect(dry.orphans.map(({ key }) => key)).toEqual([...orphans].sort());
    expect(dry.bytes).toBe(file.length * 3);
    expect(await objectsUnder(lake, "")).toEqual(before);
    expect(await deleteOrphans(lake.lake, lake.store, { olderThan: later() })).toEqual(dry);
    expect(await objectsUnder(lake, "")).toEqual(before.filter((key) => !orphans.includes(key)));
    expect(await scheduled()).toEqual(waiting);
    await scan(stream);
    await cleanUp();
  });

  test("a file that is committed while orphans are looked for is none", async () => {
    const stream = await lake.stream();
    const { store } = lake;
    const slow = inheriting(store, {
      async *list(prefix: string) {
        await stream.put("2026-01-10/[9].parquet", values("id, v", "(9, 'a')"));
        const copy = store.copy.bind(store);
        let listed: Awaited<ReturnType<typeof objectsUnder>> = [];
        // Listed after it was written and before it is committed.
        const feeding = inheriting(store, {
          copy: async (from, to) => {
            const done = await copy(from, to);
            listed = await objectsUnder(lake, prefix);
            return done;
          },
        });
        await stream.use(lake.lake, feeding);
        await stream.feed();
        yield listed.map((key) => ({ key, etag: "", size: 1, lastModified: new Date(0) }));
      },
    });
    const { orphans } = await deleteOrphans(lake.lake, slow, { olderThan: NOW });
    expect(orphans).toEqual([]);
    await scan(stream);
    expect(await stream.landed("id")).toEqual([["9"]]);
  });

  test("one that was written anew since it was listed is left alone", async () => {
    const { store } = lake;
    const key = "lakehouse/landed/shop/items/year=2026/month=01/day=10/copy-01.parquet";
    await store.put(key, await lake.parquet(values("id", "(1)")));
    const early = inheriting(store, {
      async *list() {
        yield [{ key, etag: "", size: 1, lastModified: new Date(0) }];
      },
    });
    const anHourAgo = new Date(Date.now() - 3_600_000);
    expect((await deleteOrphans(lake.lake, early, { olderThan: anHourAgo })).orphans).toEqual([]);
    expect(await objectsUnder(lake, key)).toEqual([key]);
    expect((await deleteOrphans(lake.lake, early, { olderThan: later() })).orphans).toHaveLength(1);
    expect(await objectsUnder(lake, key)).toEqual([]);
  });
});

describe("a whole run", () => {
  test("takes away exactly what its dry run lists", async () => {
    const stream = await retaining({ feeder: { batch_files: 2 } });
    const quiet = await lake.stream();
    const models = (await withFact(stream)).models.concat((await withFact(quiet)).models);
    const project = { ...(await loadProject(stream.dir)), models };
    project.streams = [stream.context.stream, quiet.context.stream];
    await quiet.put("2026-01-10/1.parquet", values("id, v", "(1, 'a')"));
    await quiet.feed();
    for (let id = 1; id <= 5; id += 1) {
      await stream.put(`2026-01-1${id}/${id}.parquet`, values("id, v", `(${id}, 'a')`));
      await stream.feed();
    }
    await stream.put("2026-01-10/[6].parquet", values("id, v", "(6, 'c')"));
    await stream.feed();
    // An earlier run, whose files wait to be deleted.
    expect(await retain(stream, new Date("2026-02-19T12:00:01Z"))).toBe(2);
    await retain(stream, new Date("2026-02-19T12:00:01Z"));
    await expire();
    for (const model of models) await materialize(lake.lake, model, { runId: "test", full: false });
    for (let id = 7; id <= 9; id += 1) {
      await stream.put(`2026-01-1${id}/${id}.parquet`, values("id, v", `(${id}, 'a')`));
      await stream.feed();
    }
    const [fact] = models;
    if (!fact) throw new Error("no models");
    await materialize(lake.lake, fact, { runId: "test", full: false });
    await stream.put("2026-01-19/10.parquet", values("id, v", "(10, 'c')"));
    await stream.feed();
    await lake.store.put("lakehouse/orphan.parquet", await lake.parquet(values("id", "(1)")));
    await clock.date(THEN);

    const limits = { now: new Date(), keepMs: 120_000, orphanAgeMs: 0 };
    const before = await objectsUnder(lake, "");
    const plan = await planMaintenance({ lake: lake.lake, store: lake.store, project }, limits);
    expect(await objectsUnder(lake, "")).toEqual(before);
    expect(plan.retention).toMatchObject([{ source: stream.name.source, blocked: null }]);
    expect(plan.retention[0]?.keys.length).toBeGreaterThan(2);
    // The quiet table is moved on first; the other one has yet to read what was fed last.
    expect(plan.expiry).toMatchObject({ keptBecause: "needed", neededBy: { asset: fact.asset } });
    expect(plan.expiry.snapshots.length).toBeGreaterThan(2);
    expect(plan.cleanUp.raw).toHaveLength(4);
    expect(plan.cleanUp.own.length).toBeGreaterThan(0);
    expect(plan.orphans).toHaveLength(1);
    const text = describePlan(plan);
    for (const { key } of [...plan.cleanUp.raw, ...plan.orphans]) expect(text).toContain(key);

    const removedBefore = await removedKeys(stream);
    for (;;) {
      const { remaining } = await retainLanding(stream.context, { runId: "run", now: limits.now });
      if (remaining === 0) break;
    }
    expect((await removedKeys(stream)).filter((key) => !removedBefore.includes(key))).toEqual(
      [...(plan.retention[0]?.keys ?? [])].sort(),
    );
    for (const model of models) await advancePosition(lake.lake, model, { runId: "run" });
    const keepFrom = await lake.lake.withSession((session) => oldestNeeded(session, project));
    const kept = (await snapshots()).filter((id) => !plan.expiry.snapshots.includes(id));
    await expireSnapshots(lake.lake, { keepFrom, before: new Date(limits.now.getTime() - limits.keepMs) });
    expect(await snapshots()).toEqual(kept);
    expect(kept[0]).toBe(plan.expiry.oldestKept);
    // What this run has scheduled itself is left to the next one.
    await cleanUpFiles(lake.lake, lake.store, { scheduledBefore: limits.now });
    await deleteOrphans(lake.lake, lake.store, {
      olderThan: new Date(limits.now.getTime() - limits.orphanAgeMs),
    });
    const gone = [
      ...plan.cleanUp.raw.map(({ key }) => key),
      ...plan.cleanUp.own.map(({ path }) => path.slice(lake.store.url("").length)),
      ...plan.orphans.map(({ key }) => key),
    ];
    expect(await objectsUnder(lake, "")).toEqual(before.filter((key) => !gone.includes(key)));
    await scan(stream);
    await scan(quiet);
  }, 300_000);

  test("30 days of a stream that keeps 7: updates, late files, and a run each day", async () => {
    const stream = await lake.stream({
      fields: { id: "integer", v: "string", updated_at: { type: "string", format: "date-time" } },
      config: { cursor_field: ["updated_at"] },
      feeder: { retention: "7d", batch_files: 3 },
    });
    const project = await withFact(stream);
    const [model] = project.models;
    if (!model) throw new Error(JSON.stringify(project.findings));
    const wanted = new Map<number, { v: string; at: number }>();
    /** Rows of an hour of a day: new ids, and new versions of some that are there. */
    const put = async (day: number, file: string, ids: readonly number[], hour: number) => {
      const at = START + day * DAY + hour * HOUR;
      const rows = ids.map((id) => {
        const v = `${file}-${id}`;
        if ((wanted.get(id)?.at ?? 0) < at) wanted.set(id, { v, at });
        return `(${id}, '${v}', TIMESTAMPTZ '${new Date(at).toISOString()}')`;
      });
      const date = new Date(START + day * DAY).toISOString().slice(0, 10);
      return stream.put(`${date}/${file}.parquet`, values("id, v, updated_at", ...rows));
    };
    for (let day = 0; day < 30; day += 1) {
      const now = new Date(START + day * DAY + 13 * HOUR);
      await put(day, `a${day}`, [day * 2, day * 2 + 1, Math.floor(day / 2), Math.floor(day / 3) + 1], 10);
      // Late for a day that is removed or soon to be, with versions older than what is there.
      if (day % 4 === 3) await put(Math.max(0, day - 9), `late${day}`, [day * 2, 1000 + day], 11);
      if (day % 5 === 2) await put(day, `[copied ${day}]`, [2000 + day, 2000 + day - 5], 12);
      await stream.feed();
      await clock.date(now);
      // The fact lags behind, and holds the expiry up meanwhile.
      if (day % 3 === 0) await materialize(lake.lake, model, { runId: "test", full: false });
      const oldest = await maintain(stream, project, now, { keepMs: 2 * DAY, graceMs: DAY });
      // Before that, the oldest snapshot may have no such table.
      if (day > 3)
        await lake.query(`SELECT sum(hash(id)) FROM ${stream.landingTable} AT (VERSION => ${oldest})`);
      expect(await stream.rows("id, v")).toEqual(
        [...wanted].map(([id, { v }]) => [String(id), v]).sort(byText),
      );
    }
    const states = await stream.ledger();
    const fed = states.filter((row) => row.state === "fed").map((row) => String(row.key));
    expect(fed.length).toBeLessThan(states.length / 2);
    // Days that are over the limit are gone from S3, but for what has come late.
    const early = (await objectsUnder(lake, stream.prefix)).filter((key) => key < stream.key("2026-02-15/"));
    expect(early.every((key) => key.includes("late"))).toBe(true);

    await materialize(lake.lake, model, { runId: "test", full: false });
    const end = new Date(START + 29 * DAY + 14 * HOUR);
    for (let round = 0; round < 2; round += 1) {
      await clock.date(new Date(end.getTime() - HOUR));
      await maintain(stream, project, end, { keepMs: 0, graceMs: 0 });
    }
    expect(await objectsUnder(lake, stream.prefix)).toEqual([...fed].sort());
    const paths = await landingFiles(stream, "ever");
    expect(paths).toHaveLength(fed.length);
    expect(await objectsUnder(lake, `lakehouse/landed/${stream.name.source}/`)).toEqual(
      paths.filter((path) => path.includes("/landed/")).map((path) => path.slice(lake.store.url("").length)),
    );
    expect(await scheduled()).toEqual([]);
    const { orphans } = await deleteOrphans(lake.lake, lake.store, {
      olderThan: new Date(Date.now() + 60_000),
      dryRun: true,
    });
    expect(orphans).toEqual([]);
  }, 900_000);
});

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse("2026-02-01T00:00:00Z");

function byText(left: unknown[], right: unknown[]): number {
  const [a, b] = [Number(left[0]), Number(right[0])];
  return a - b;
}

/**
 * One day's run, with everything read after each step. What it does is dated with the day that follows.
 * @returns the oldest snapshot that stays.
 */
async function maintain(
  stream: FedStream,
  project: Awaited<ReturnType<typeof loadProject>>,
  now: Date,
  { keepMs, graceMs }: { keepMs: number; graceMs: number },
): Promise<number> {
  const before = (milliseconds: number) => new Date(now.getTime() - milliseconds);
  for (;;) {
    const { remaining } = await retainLanding(stream.context, { runId: "run", now });
    await scan(stream);
    if (remaining === 0) break;
  }
  const keepFrom = await lake.lake.withSession((session) => oldestNeeded(session, project));
  const { oldestKept } = await expireSnapshots(lake.lake, { keepFrom, before: before(keepMs) });
  await scan(stream);
  await cleanUpFiles(lake.lake, lake.store, { scheduledBefore: before(graceMs) });
  await scan(stream);
  return oldestKept;
}

async function removedKeys(stream: FedStream): Promise<string[]> {
  const ledger = await stream.ledger();
  return ledger.filter((row) => row.state === "removed").map((row) => String(row.key));
}
