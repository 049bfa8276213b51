import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordAssetState } from "../assets/asset-states.ts";
import { planRetention, type RetainOutcome, retainLanding } from "../assets/feeder/retention.ts";
import { literal } from "../lake/sql.ts";
import { type FedStream, FeederLake, type StreamSpec, values } from "./support/feeder-fixture.ts";
import { LakeClock, landingFiles, scan } from "./support/lake-clock.ts";

let lake: FeederLake;
let clock: LakeClock;

beforeAll(async () => {
  lake = await FeederLake.open();
  clock = new LakeClock(lake);
});

afterAll(() => lake.close());

/** Everything here happens in the first months of 2026. */
const NOW = new Date("2026-03-31T12:00:00Z");

function retaining(spec: StreamSpec = {}): Promise<FedStream> {
  return lake.stream({ ...spec, feeder: { retention: "30d", ...spec.feeder } });
}

/** Feeds what waits, as if at this time. */
async function feedAt(stream: FedStream, time: string): Promise<void> {
  await stream.feed();
  await clock.date(new Date(time));
}

/** Removes what is old until nothing is left, and reads everything after each step. */
async function retain(stream: FedStream, now = NOW): Promise<RetainOutcome[]> {
  const outcomes: RetainOutcome[] = [];
  for (;;) {
    const outcome = await retainLanding(stream.context, { runId: "retention", now });
    await scan(stream);
    outcomes.push(outcome);
    if (outcome.remaining === 0) return outcomes;
  }
}

function plan(stream: FedStream, now = NOW) {
  return lake.lake.withSession((session) => planRetention(session, stream.context.stream, now));
}

async function states(stream: FedStream): Promise<Record<string, string>> {
  const ledger = await stream.ledger();
  return Object.fromEntries(ledger.map(({ key, state }) => [String(key).split("/").at(-1), String(state)]));
}

/** A file with one row, whose id is also its name. */
function put(stream: FedStream, day: string, id: number, rows = 1): Promise<string> {
  return stream.put(
    `${day}/${id}.parquet`,
    `SELECT ${id} + range AS id, 'v' || (${id} + range) AS v FROM range(${rows})`,
  );
}

describe("what is old", () => {
  test("by its partition day and by its feeding, and by both only", async () => {
    const stream = await retaining();
    await put(stream, "2026-01-10", 100);
    await put(stream, "2026-02-28", 200);
    // The first day that is kept on 31 March.
    await put(stream, "2026-03-01", 300);
    await feedAt(stream, "2026-03-01T11:59:59Z");
    await put(stream, "2026-01-10", 400);
    await feedAt(stream, "2026-03-01T12:00:01Z");
    const before = await stream.rows("id, v");
    expect(await plan(stream)).toMatchObject({ files: 2, rows: 2, days: ["2026-01-10", "2026-02-28"] });
    expect(await retain(stream)).toMatchObject([{ files: 2, rows: 2, remaining: 0 }]);
    expect(await stream.landed("id")).toEqual([["300"], ["400"]]);
    expect(await stream.rows("id, v")).toEqual(before);
    expect(await states(stream)).toEqual({
      "100.parquet": "removed",
      "200.parquet": "removed",
      "300.parquet": "fed",
      "400.parquet": "fed",
    });
    expect(await plan(stream)).toMatchObject({ files: 0, keys: [], blocked: null });
  });

  test("nothing, where a stream keeps everything", async () => {
    const stream = await lake.stream();
    await put(stream, "2020-01-01", 1);
    await feedAt(stream, "2020-01-02T00:00:00Z");
    expect(await plan(stream)).toMatchObject({ retentionMs: null, files: 0 });
    expect(await retain(stream)).toEqual([{ files: 0, rows: 0, bytes: 0, remaining: 0, snapshot: null }]);
  });

  test("days that are not padded, and no file that waits or is set aside", async () => {
    const stream = await retaining();
    await stream.put("2026-1-9/1.parquet", values("id, v", "(1, 'a')"));
    const broken = await stream.put("2026-01-09/broken.parquet", Buffer.from("no Parquet"));
    await feedAt(stream, "2026-01-10T00:00:00Z");
    const waiting = await stream.put("2026-01-09/3.parquet", values("id, v", "(3, 'c')"));
    expect(await plan(stream)).toMatchObject({ files: 1, days: ["2026-01-09"] });
    await retain(stream);
    expect(await states(stream)).toEqual({ "1.parquet": "removed" });
    expect((await stream.quarantine()).map((entry) => entry.key)).toEqual([broken]);
    await stream.feed();
    expect(await stream.landed("id")).toEqual([["3"]]);
    expect((await stream.ledger()).map((row) => row.key)).toContain(waiting);
  });
});

describe("removal", () => {
  test("lets go of whole files, however few rows they have, and of files with none", async () => {
    const stream = await retaining();
    for (const rows of [0, 1, 2, 10, 11, 2000]) await put(stream, "2026-01-10", 10_000 * (rows + 1), rows);
    await feedAt(stream, "2026-01-11T00:00:00Z");
    expect(await landingFiles(stream)).toHaveLength(5);
    expect(await retain(stream)).toMatchObject([{ files: 6, rows: 2024 }]);
    expect(await landingFiles(stream)).toEqual([]);
    expect(await stream.landed("count(*)::INTEGER")).toEqual([[0]]);
    expect(await stream.rows("count(*)::INTEGER")).toEqual([[2024]]);
  });

  test("goes on in pieces of a batch, oldest day first, each one snapshot with its ledger", async () => {
    const stream = await retaining({ feeder: { batch_files: 2 } });
    for (const day of ["2026-01-13", "2026-01-11", "2026-01-12", "2026-01-15", "2026-01-14"]) {
      await put(stream, day, Number(day.slice(-2)));
    }
    await feedAt(stream, "2026-01-16T00:00:00Z");
    const planned = await plan(stream);
    expect(planned.days).toEqual(["2026-01-11", "2026-01-12", "2026-01-13", "2026-01-14", "2026-01-15"]);
    const outcomes = await retain(stream);
    expect(outcomes.map(({ files, remaining }) => [files, remaining])).toEqual([
      [2, 3],
      [2, 1],
      [1, 0],
    ]);
    const snapshot = outcomes[0]?.snapshot ?? 0;
    const [made] = await lake.query(
      `SELECT author, commit_message, commit_extra_info FROM ducklake_snapshots('lakehouse') WHERE snapshot_id = ${snapshot}`,
    );
    expect(made).toMatchObject({
      author: `feeder_${stream.name.source}_items`,
      commit_message: `retention: 2 files, 2 rows out of stg_${stream.name.source}__items`,
    });
    expect(JSON.parse(String(made?.commit_extra_info))).toMatchObject({
      work: "retention",
      runId: "retention",
    });
    const at = (version: number) =>
      lake.query(
        `SELECT (SELECT count(*)::INTEGER FROM ${stream.landingTable} AT (VERSION => ${version})) AS landed,
           (SELECT count(*)::INTEGER FROM lakehouse.meta.feeder_file_log AT (VERSION => ${version})
            WHERE source = ${literal(stream.name.source)} AND state = 'removed') AS removed`,
      );
    expect(await at(snapshot - 1)).toEqual([{ landed: 5, removed: 0 }]);
    expect(await at(snapshot)).toEqual([{ landed: 3, removed: 2 }]);
    const removed = (await stream.ledger()).filter((row) => row.state === "removed").map((row) => row.key);
    expect(removed).toEqual([...planned.keys].sort());
  });

  test("of a copy of the lake's own, and of names that need quoting", async () => {
    const stream = await retaining({ fields: { id: "integer", v: "string" } });
    await stream.put("2026-01-10/[1].parquet", values("id, v", "(1, 'copied')"));
    await stream.put("2026-01-10/converted.parquet", values("id, v", "(2::DOUBLE, 'x')"));
    await stream.put("2026-01-10/it's; -- 100%2F.parquet", values("id, v", "(3, 'quoted')"));
    await feedAt(stream, "2026-01-11T00:00:00Z");
    expect((await landingFiles(stream)).filter((path) => path.includes("/lakehouse/landed/"))).toHaveLength(
      2,
    );
    expect(await retain(stream)).toMatchObject([{ files: 3, rows: 3 }]);
    expect(await landingFiles(stream)).toEqual([]);
  });

  test("leaves a kept snapshot as it was", async () => {
    const stream = await retaining();
    await put(stream, "2026-01-10", 1);
    await put(stream, "2026-03-30", 2);
    await feedAt(stream, "2026-01-11T00:00:00Z");
    const [outcome] = await retain(stream);
    const before = (outcome?.snapshot ?? 0) - 1;
    const past = `SELECT id, v FROM ${stream.landingTable} AT (VERSION => ${before}) WHERE id = 1`;
    expect(await lake.query(past)).toEqual([{ id: "1", v: "v1" }]);
    expect(await stream.landed("id")).toEqual([["2"]]);
  });
});

describe("afterwards", () => {
  test("a removed file is never fed again, in this process and in another", async () => {
    const stream = await retaining();
    await put(stream, "2026-01-10", 1);
    await feedAt(stream, "2026-01-11T00:00:00Z");
    await retain(stream);
    for (const as of [stream.context, await stream.process(await lake.another())]) {
      expect(await stream.feed({ as })).toMatchObject([{ files: 0, quarantined: 0, remaining: 0 }]);
    }
    expect(await stream.landed("id")).toEqual([]);
    expect(await stream.rows("id")).toEqual([["1"]]);
  });

  test("a file that comes late to a removed day is fed, and kept until its own feeding is old", async () => {
    const stream = await retaining();
    await put(stream, "2026-01-10", 1);
    await feedAt(stream, "2026-01-11T00:00:00Z");
    await retain(stream);
    const late = await put(stream, "2026-01-10", 2);
    await feedAt(stream, "2026-03-15T00:00:00Z");
    expect(await stream.rows("id")).toEqual([["1"], ["2"]]);
    await retain(stream);
    expect(await stream.landed("id")).toEqual([["2"]]);
    await retain(stream, new Date("2026-04-13T23:59:00Z"));
    expect(await stream.landed("id")).toEqual([["2"]]);
    expect(await plan(stream, new Date("2026-04-14T00:01:00Z"))).toMatchObject({ keys: [late] });
    await retain(stream, new Date("2026-04-14T00:01:00Z"));
    expect(await stream.landed("id")).toEqual([]);
    expect(await stream.rows("id")).toEqual([["1"], ["2"]]);
  });

  test("versions go on from what processed keeps: an older one that comes late loses, a newer one wins", async () => {
    const stream = await retaining({
      fields: { id: "integer", v: "string", updated_at: { type: "string", format: "date-time" } },
      config: { cursor_field: ["updated_at"] },
    });
    const version = (v: string, at: string) =>
      values("id, v, updated_at", `(1, '${v}', TIMESTAMPTZ '${at}Z')`);
    await stream.put("2026-01-10/1.parquet", version("kept", "2026-01-10 12:00:00"));
    await feedAt(stream, "2026-01-11T00:00:00Z");
    await retain(stream);
    await stream.put("2026-01-09/2.parquet", version("older", "2026-01-09 12:00:00"));
    await stream.feed();
    expect(await stream.rows("v")).toEqual([["kept"]]);
    await stream.put("2026-01-09/3.parquet", version("newer", "2026-01-10 13:00:00"));
    await stream.feed();
    expect(await stream.rows("v")).toEqual([["newer"]]);
  });
});

describe("nothing is removed", () => {
  test("while the table is held, whose release reads landing", async () => {
    const stream = await retaining();
    await put(stream, "2026-01-10", 1);
    await feedAt(stream, "2026-01-11T00:00:00Z");
    const { asset, codeHash } = stream.context.stream.processed;
    const record = (state: "held" | "ok") =>
      lake.lake.withSession((session) =>
        recordAssetState(session, { asset, state, message: "rolled back", codeHash, run: "test" }),
      );
    await record("held");
    expect(await plan(stream)).toMatchObject({ files: 0, blocked: expect.stringContaining("held") });
    expect(await retain(stream)).toMatchObject([{ files: 0, snapshot: null }]);
    expect(await stream.landed("id")).toEqual([["1"]]);
  });

  test("while the table is to be rebuilt from landing for its new model", async () => {
    const stream = await retaining();
    await put(stream, "2026-01-10", 1);
    await feedAt(stream, "2026-01-11T00:00:00Z");
    await stream.load(lake.lake, { model: "SELECT id, v || '!' AS v FROM TABLE_NAME" });
    expect(await plan(stream)).toMatchObject({ files: 0, blocked: expect.stringContaining("rebuilt") });
    expect(await retain(stream)).toMatchObject([{ files: 0 }]);
    await stream.publish();
    expect(await retain(stream)).toMatchObject([{ files: 1 }]);
    expect(await stream.rows("v")).toEqual([["v1!"]]);
    // Landing has a gap now: the table keeps what the old model made of the removed rows, and waits for nothing.
    await put(stream, "2026-01-11", 2);
    await feedAt(stream, "2026-01-12T00:00:00Z");
    await stream.load(lake.lake, { model: "SELECT id, v || '?' AS v FROM TABLE_NAME" });
    expect(await retain(stream)).toMatchObject([{ files: 1 }]);
  });

  test("of the generation that an overwrite stream shows, or is about to show", async () => {
    const stream = await retaining({
      config: { sync_mode: "full_refresh", destination_sync_mode: "overwrite", primary_key: [] },
    });
    const generation = (number: number | null, ...ids: number[]) =>
      values(
        "id, v, _airbyte_generation_id",
        ...ids.map((id) => `(${id}, 'g', ${number ?? "NULL"}::BIGINT)`),
      );
    await stream.put("2026-01-09/0.parquet", generation(null, 9));
    await stream.put("2026-01-10/1.parquet", generation(1, 1, 2));
    await stream.put("2026-01-11/2.parquet", generation(2, 3));
    // One file of two generations.
    await stream.put("2026-01-08/mixed.parquet", `${generation(1, 5)} UNION ALL ${generation(2, 6)}`);
    await feedAt(stream, "2026-01-12T00:00:00Z");
    expect(await plan(stream)).toMatchObject({
      files: 0,
      blocked: expect.stringContaining("does not show yet"),
    });
    expect(await retain(stream)).toMatchObject([{ files: 0 }]);
    await stream.publish();
    expect(await stream.rows("id")).toEqual([["3"], ["6"]]);
    expect(await retain(stream)).toMatchObject([{ files: 2, rows: 3 }]);
    expect(await states(stream)).toEqual({
      "0.parquet": "removed",
      "1.parquet": "removed",
      "2.parquet": "fed",
      "mixed.parquet": "fed",
    });
    await stream.publish();
    expect(await stream.rows("id")).toEqual([["3"], ["6"]]);
    // A newer generation that is not complete yet hides nothing.
    await stream.put("2026-01-13/3.parquet", generation(3, 7));
    await feedAt(stream, "2026-01-13T00:00:00Z");
    expect(await retain(stream)).toMatchObject([{ files: 0 }]);
    await stream.publish();
    expect(await retain(stream)).toMatchObject([{ files: 2 }]);
    expect(await stream.landed("id")).toEqual([["7"]]);
  });
});

describe("with others at work", () => {
  test("two that remove the same, and one that feeds meanwhile: each file once", async () => {
    const stream = await retaining({ feeder: { batch_files: 3 } });
    for (let id = 1; id <= 9; id += 1) await put(stream, `2026-01-0${id}`, id);
    await feedAt(stream, "2026-01-11T00:00:00Z");
    for (let id = 11; id <= 19; id += 1) await put(stream, `2026-03-${id}`, id);
    const one = await stream.process(await lake.another());
    const two = await stream.process(await lake.another());
    const drain = async (context: typeof one) => {
      let files = 0;
      for (;;) {
        const outcome = await retainLanding(context, { runId: "retention", now: NOW });
        files += outcome.files;
        if (outcome.remaining === 0) return files;
      }
    };
    const [first, second] = await Promise.all([drain(one), drain(two), stream.feed()]);
    expect(first + second).toBe(9);
    await scan(stream);
    expect(await stream.landed("count(*)::INTEGER, min(id)::INTEGER")).toEqual([[9, 11]]);
    expect(await stream.rows("count(*)::INTEGER, count(DISTINCT id)::INTEGER")).toEqual([[18, 18]]);
    const log = await lake.query(
      `SELECT state, count(*)::INTEGER AS entries, count(DISTINCT key)::INTEGER AS keys
       FROM lakehouse.meta.feeder_file_log WHERE source = ${literal(stream.name.source)} GROUP BY ALL ORDER BY ALL`,
    );
    expect(log).toEqual([
      { state: "fed", entries: 18, keys: 18 },
      { state: "removed", entries: 9, keys: 9 },
    ]);
  });
});
