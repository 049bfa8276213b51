import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assetStates, recordAssetState } from "../assets/asset-states.ts";
import type { EnrichedModel, Project } from "../assets/definitions.ts";
import { materialize } from "../assets/enriched/materialize.ts";
import type { FeederContext } from "../assets/feeder/feed-batch.ts";
import { rebuildProcessed } from "../assets/feeder/rebuild.ts";
import { heldAssets } from "../assets/holds.ts";
import { loadProject } from "../assets/project.ts";
import { rollBack } from "../assets/rollback.ts";
import { planRollBack } from "../assets/rollback-plan.ts";
import { listSnapshots } from "../lake/history.ts";
import { Lake } from "../lake/lake.ts";
import { resolveSnapshot } from "../lake/snapshot-point.ts";
import { identifier, literal } from "../lake/sql.ts";
import { type FedStream, FeederLake, type StreamSpec, values } from "./support/feeder-fixture.ts";

/** Reading the lake as it was, taking a table back to what it was, and rebuilding it from what landing still holds. */

let fixture: FeederLake;
beforeAll(async () => {
  fixture = await FeederLake.open();
});
afterAll(() => fixture.close());

const current = () =>
  fixture.lake.withSession(async (session) => {
    const [row] = await session.queryRaw("SELECT id FROM ducklake_current_snapshot('lakehouse')");
    return Number(row?.id);
  });

/** The lake as `lotus sql --at` opens it. */
async function readAt<T>(point: string, work: (query: Lake) => Promise<T>): Promise<T> {
  const lake = await Lake.open({
    connections: fixture.isolation.connections,
    engine: { memoryLimit: "1GB", threads: 2 },
    extensions: fixture.isolation.tools.extensions,
    spillDir: join(fixture.isolation.folder, "spill"),
    mode: "read",
    at: point,
  });
  try {
    return await work(lake);
  } finally {
    lake.close();
  }
}

const listAt = (point: string, sql: string) =>
  readAt(point, (lake) =>
    lake.withSession(async (session) => (await session.read(sql)).map((row) => Object.values(row))),
  );

/** A stream `items` with versions by `seq`, and what a test says of it. */
function versioned(spec: StreamSpec = {}): Promise<FedStream> {
  const { config, ...rest } = spec;
  return fixture.stream({
    fields: { id: "integer", v: "string", seq: "integer" },
    config: { cursor_field: ["seq"], ...config },
    ...rest,
  });
}

const rows = (...tuples: string[]) => values("id, v, seq", ...tuples);

async function put(stream: FedStream, place: string, ...tuples: string[]): Promise<string> {
  return stream.put(place, rows(...tuples));
}

/** Feeds one file, and answers the snapshot that this made. */
async function feedFile(stream: FedStream, place: string, ...tuples: string[]): Promise<number> {
  await put(stream, place, ...tuples);
  const outcomes = await stream.feed();
  return outcomes.find((outcome) => outcome.snapshot !== null)?.snapshot ?? Number.NaN;
}

/** Writes the enriched models beside the stream, and loads both. */
async function withModels(stream: FedStream, models: Record<string, string>): Promise<Project> {
  for (const [asset, sql] of Object.entries(models)) {
    const path = join(stream.dir, `enriched/test/${asset}.sql`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, sql);
  }
  const project = await loadProject(stream.dir);
  expect(project.findings.filter(({ severity }) => severity === "error")).toEqual([]);
  return project;
}

function modelOf(project: Project, asset: string): EnrichedModel {
  const model = project.models.find((candidate) => candidate.asset === asset);
  if (!model) throw new Error(`no model ${asset}`);
  return model;
}

const roll = (project: Project, asset: string, snapshot: number, lake = fixture.lake) =>
  rollBack(lake, project, { asset, snapshot, runId: "test" });

const plan = (project: Project, asset: string, snapshot: number) =>
  fixture.lake.withSession((session) => planRollBack(session, project, asset, snapshot));

const held = async (asset: string) => (await fixture.lake.withSession(heldAssets)).get(asset);

const release = (stream: FedStream) =>
  rebuildProcessed(stream.context, { runId: "test", reason: "released", keepOlder: true, release: true });

const rebuild = (stream: FedStream, keepOlder = false) =>
  rebuildProcessed(stream.context, { runId: "test", reason: "asked for", keepOlder });

class Gate {
  open = () => {};
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

describe("reading the lake as it was", () => {
  test("tables, views and meta tables are as of the snapshot, also under a predicate on what changed since", async () => {
    const stream = await versioned();
    const table = stream.context.stream.processed.asset;
    const first = await feedFile(stream, "2026-01-01/a.parquet", "(1, 'old', 1)", "(2, 'old', 1)");
    await fixture.query(
      `CREATE VIEW lakehouse.main.v_items AS SELECT v, count(*) AS n FROM ${identifier(table)} GROUP BY v`,
    );
    const viewed = await current();
    await feedFile(stream, "2026-01-02/a.parquet", "(1, 'new', 2)", "(2, 'new', 2)", "(3, 'new', 2)");
    await stream.load(fixture.lake, { fields: { id: "integer", v: "string", seq: "integer", w: "string" } });
    await feedFile(stream, "2026-01-03/a.parquet", "(1, 'newest', 3)");
    const count = `SELECT count(*)::INTEGER FROM ${identifier(table)} WHERE v = 'old'`;

    expect(await listAt(String(first), count)).toEqual([[2]]);
    expect(await listAt(String(viewed), "SELECT v, n::INTEGER FROM v_items WHERE v = 'old'")).toEqual([
      ["old", 2],
    ]);
    const batches = `SELECT count(*)::INTEGER FROM meta.feeder_batches WHERE source = ${literal(stream.name.source)}`;
    expect(await listAt(String(first), batches)).toEqual([[1]]);
    const keys = `SELECT count(*)::INTEGER FROM meta.feeder_files WHERE source = ${literal(stream.name.source)} AND state = 'fed'`;
    expect(await listAt(String(first), keys)).toEqual([[1]]);
    expect(await listAt(String(await current()), keys)).toEqual([[3]]);
    await expect(listAt(String(first), "SELECT * FROM v_items")).rejects.toThrow("v_items");
    expect(
      await listAt(
        String(first),
        `SELECT column_name FROM (DESCRIBE ${identifier(table)}) WHERE column_name = 'w'`,
      ),
    ).toEqual([]);

    // What was written out and merged since is still there as it was.
    await fixture.query("CALL ducklake_flush_inlined_data('lakehouse')");
    await fixture.query(
      `CALL ducklake_merge_adjacent_files('lakehouse', ${literal(table)}, schema => 'main')`,
    );
    expect(await listAt(String(first), count)).toEqual([[2]]);
    expect(await listAt(String(first), batches)).toEqual([[1]]);
  });

  test("and today's statistics, narrower than its past, cost it no rows (ducklake issue 1377)", async () => {
    await fixture.query("CREATE TABLE lakehouse.main.narrowed AS SELECT i AS id FROM range(10) AS r (i)");
    await fixture.query("CALL ducklake_flush_inlined_data('lakehouse', table_name => 'narrowed')");
    const wide = String(await current());
    await fixture.query("DELETE FROM lakehouse.main.narrowed WHERE id >= 5");
    await fixture.query("CALL ducklake_rewrite_data_files('lakehouse', 'narrowed', delete_threshold => 0.0)");
    expect(await listAt(wide, "SELECT count(*)::INTEGER FROM narrowed WHERE id > 4")).toEqual([[5]]);
  });

  test("by a time: the last snapshot until then, UTC where no zone is given", async () => {
    const stream = await versioned();
    const table = stream.context.stream.processed.asset;
    const first = await feedFile(stream, "2026-01-01/a.parquet", "(1, 'old', 1)");
    await feedFile(stream, "2026-01-02/a.parquet", "(1, 'new', 2)");
    const entries = await fixture.lake.withSession((session) =>
      listSnapshots(session, { tables: null, limit: 1000 }),
    );
    const { time } = entries.find((entry) => entry.id === first) ?? { time: "" };
    const resolve = (point: string) => fixture.lake.withSession((session) => resolveSnapshot(session, point));
    expect(await listAt(time, `SELECT v FROM ${identifier(table)}`)).toEqual([["old"]]);
    const [day, clock] = [time.slice(0, 10), time.slice(11, -1)];
    expect(await resolve(`${day} ${clock}`)).toBe(first);
    expect(await resolve(`${day}T${clock}+00:00`)).toBe(first);
    expect(await resolve(`${day} ${clock} Z`)).toBe(first);
    const hour = new Date(`${time.slice(0, 23)}Z`);
    hour.setUTCHours(hour.getUTCHours() + 2);
    const elsewhere = `${hour.toISOString().slice(0, 19)}${time.slice(19, 26)}+02:00`;
    expect(await resolve(elsewhere)).toBe(first);
  });

  test("what is not there is refused with what is there", async () => {
    const newest = await current();
    const open = (point: string) => readAt(point, async () => {});
    await expect(open(String(newest + 1000))).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringMatching(
        /no snapshot \d+ yet\. Kept are snapshots 0 \(.*UTC\) to \d+ \(.*UTC\); list them/,
      ),
    });
    await expect(open("2999-01-01")).rejects.toThrow(/2999-01-01 lies in the future\. Kept are/);
    await expect(open("2001-01-01T00:00:00Z")).rejects.toThrow(/before the lake's first snapshot/);
    for (const nonsense of [
      "yesterday",
      "2026-02-30",
      "2026-01-01T25:00",
      "-1",
      "1.5",
      "'; DROP TABLE x; --",
    ])
      await expect(open(nonsense)).rejects.toThrow(/neither a snapshot's number nor a time/);
  });
});

describe("rolling a table back", () => {
  test("undoes what came since in one snapshot, holds the table, and feeding goes on when it is released", async () => {
    const stream = await versioned();
    const { asset } = stream.context.stream.processed;
    const project = await loadProject(stream.dir);
    const good = await feedFile(stream, "2026-01-01/a.parquet", "(1, 'a', 1)", "(2, 'a', 1)", "(3, 'a', 1)");
    const then = await stream.rows();
    await feedFile(stream, "2026-01-02/a.parquet", "(1, 'b', 2)", "(4, 'b', 2)");
    await feedFile(stream, "2026-01-03/a.parquet", "(5, 'c', 3)");
    const before = await stream.rows();

    expect(await plan(project, asset, good)).toMatchObject({
      rowsNow: 5,
      rowsThen: 3,
      goes: 2,
      returns: 0,
      reverts: 1,
      columnsGoing: [],
      follows: [],
      filesLost: 0,
    });
    const outcome = await roll(project, asset, good);
    expect(outcome).toMatchObject({ rows: 3, changedRows: 3 });
    expect(await stream.rows()).toEqual(then);
    expect((await held(asset))?.message).toMatch(
      new RegExp(
        `^rolled back to snapshot ${good} \\(.*UTC\\) and held since .* UTC; \`lotus release ${asset}\``,
      ),
    );
    // Rows and hold stand in the same snapshot.
    await readAt(String(outcome.snapshot), async (lake) =>
      expect((await lake.withSession(heldAssets)).has(asset)).toBe(true),
    );
    await readAt(String(outcome.snapshot - 1), async (lake) => {
      expect((await lake.withSession(heldAssets)).has(asset)).toBe(false);
    });

    await put(stream, "2026-01-04/a.parquet", "(6, 'd', 4)");
    expect(await stream.feed()).toMatchObject([{ files: 0, remaining: 0, snapshot: null }]);
    const restarted = await stream.process(await fixture.another());
    expect(await stream.feed({ as: restarted })).toMatchObject([{ files: 0, snapshot: null }]);
    await expect(rebuild(stream)).rejects.toMatchObject({ code: "ASSET_HELD" });
    expect(await stream.rows()).toEqual(then);

    await release(stream);
    expect(await held(asset)).toBeUndefined();
    expect(await stream.rows()).toEqual(before);
    await stream.feed();
    expect(await stream.rows("id")).toEqual(["1", "2", "3", "4", "5", "6"].map((id) => [id]));
    await stream.expectFedOnce(["01", "02", "03", "04"].map((day) => stream.key(`2026-01-${day}/a.parquet`)));
  });

  test("twice, and forward again", async () => {
    const stream = await versioned();
    const { asset } = stream.context.stream.processed;
    const project = await loadProject(stream.dir);
    const first = await feedFile(stream, "2026-01-01/a.parquet", "(1, 'a', 1)");
    const second = await feedFile(stream, "2026-01-02/a.parquet", "(1, 'b', 2)", "(2, 'b', 2)");
    await feedFile(stream, "2026-01-03/a.parquet", "(1, 'c', 3)", "(3, 'c', 3)");
    await roll(project, asset, second);
    expect(await stream.rows("id, v")).toEqual([
      ["1", "b"],
      ["2", "b"],
    ]);
    await roll(project, asset, first);
    expect(await stream.rows("id, v")).toEqual([["1", "a"]]);
    expect((await held(asset))?.message).toContain(`snapshot ${first} `);
    expect(await roll(project, asset, first)).toMatchObject({ changedRows: 0 });
    await roll(project, asset, second);
    expect(await stream.rows("id, v")).toEqual([
      ["1", "b"],
      ["2", "b"],
    ]);
    await release(stream);
    expect(await stream.rows("id, v")).toEqual([
      ["1", "c"],
      ["2", "b"],
      ["3", "c"],
    ]);
  });

  test("gives the columns back that the table had, and its layout when it is released", async () => {
    const first = { model: "SELECT id, v, seq FROM TABLE_NAME" };
    const stream = await versioned(first);
    const { asset } = stream.context.stream.processed;
    const good = await feedFile(stream, "2026-01-01/a.parquet", "(1, 'a', 1)", "(2, 'a', 1)");
    const columns = await stream.processedTypes();
    const head = "/* ---\npartitioned_by: [w]\nsorted_by: [upper(w)]\n--- */";
    await stream.load(fixture.lake, {
      model: `${head} SELECT id, seq::VARCHAR AS at_text, v || '!' AS w, CAST(id AS VARCHAR) AS v FROM TABLE_NAME`,
    });
    await rebuild(stream);
    const project = await loadProject(stream.dir);
    expect(await plan(project, asset, good)).toMatchObject({
      columnsGoing: expect.arrayContaining(["at_text", "w"]),
      rowsThen: 2,
    });
    await roll(project, asset, good);
    expect(await stream.processedTypes()).toEqual(columns);
    expect(await stream.rows("id, v, seq")).toEqual([
      ["1", "a", "1"],
      ["2", "a", "1"],
    ]);
    await release(stream);
    expect(await stream.rows("id, w")).toEqual([
      ["1", "a!"],
      ["2", "a!"],
    ]);
    const layout = await fixture.query(
      `SELECT c.transform FROM __ducklake_metadata_lakehouse.ducklake.ducklake_partition_column c
       JOIN __ducklake_metadata_lakehouse.ducklake.ducklake_partition_info p USING (partition_id)
       JOIN __ducklake_metadata_lakehouse.ducklake.ducklake_table t ON t.table_id = p.table_id AND t.end_snapshot IS NULL
       WHERE t.table_name = ${literal(asset)} AND p.end_snapshot IS NULL`,
    );
    expect(layout).toHaveLength(1);
  });

  test("a table without a key, with rows that repeat", async () => {
    const stream = await versioned({ config: { primary_key: [] } });
    const { asset } = stream.context.stream.processed;
    const project = await loadProject(stream.dir);
    const good = await feedFile(stream, "2026-01-01/a.parquet", "(1, 'a', 1)", "(1, 'a', 1)");
    await feedFile(stream, "2026-01-02/a.parquet", "(1, 'a', 1)", "(2, 'b', 2)");
    expect(await plan(project, asset, good)).toMatchObject({ goes: 2, returns: 0, reverts: 0 });
    await roll(project, asset, good);
    expect(await stream.rows("id, v")).toEqual([
      ["1", "a"],
      ["1", "a"],
    ]);
    await release(stream);
    expect(await stream.rows("id")).toEqual([["1"], ["1"], ["1"], ["2"]]);
  });

  test("what reads a rolled back table follows it, and a held table is not written until it is released", async () => {
    const stream = await versioned();
    const { asset } = stream.context.stream.processed;
    const [low, high] = [`fct_${stream.name.source}_low`, `fct_${stream.name.source}_high`];
    const project = await withModels(stream, {
      [low]: `/* ---\nunique_key: v\n--- */ SELECT v, count(*) AS n FROM ${asset} GROUP BY v`,
      [high]: `/* ---\nunique_key: v\n--- */ SELECT v, n * 10 AS n FROM ${low}`,
    });
    const [lower, higher] = [modelOf(project, low), modelOf(project, high)];
    const update = (model: EnrichedModel, release = false) =>
      materialize(fixture.lake, model, { runId: "test", full: false, release });
    const list = async (table: string) =>
      (
        await fixture.query(`SELECT v, n::INTEGER AS n FROM lakehouse.main.${identifier(table)} ORDER BY ALL`)
      ).map((row) => Object.values(row));
    const good = await feedFile(stream, "2026-01-01/a.parquet", "(1, 'a', 1)", "(2, 'a', 1)");
    for (const model of [lower, higher]) await update(model);
    const made = await current();
    await feedFile(stream, "2026-01-02/a.parquet", "(1, 'b', 2)", "(3, 'b', 2)");
    for (const model of [lower, higher]) await update(model);
    expect(await list(high)).toEqual([
      ["a", 10],
      ["b", 20],
    ]);

    expect((await plan(project, asset, good)).follows).toEqual([high, low]);
    await roll(project, asset, good);
    expect(await update(lower)).toMatchObject({ mode: "incremental" });
    await update(higher);
    expect(await list(high)).toEqual([["a", 20]]);

    await release(stream);
    for (const model of [lower, higher]) await update(model);
    await roll(project, low, made);
    expect(await list(low)).toEqual([["a", 2]]);
    await expect(update(lower)).rejects.toMatchObject({ code: "ASSET_HELD" });
    expect((await plan(project, asset, good)).follows).toEqual([high]);
    await update(higher);
    expect(await list(high)).toEqual([["a", 20]]);
    expect(await update(lower, true)).toMatchObject({ mode: "rebuild", reason: "released" });
    await update(higher);
    expect(await list(high)).toEqual([
      ["a", 10],
      ["b", 20],
    ]);
    expect(await held(low)).toBeUndefined();
  });

  test("a batch that a roll-back overtakes writes nothing and waits", async () => {
    const stream = await versioned();
    const { asset, codeHash } = stream.context.stream.processed;
    const project = await loadProject(stream.dir);
    const good = await feedFile(stream, "2026-01-01/a.parquet", "(1, 'a', 1)");
    await feedFile(stream, "2026-01-02/a.parquet", "(1, 'b', 2)");
    const late = await put(stream, "2026-01-03/a.parquet", "(1, 'c', 3)");

    const [gate, reached] = [new Gate(), new Gate()];
    const zombie = await stream.process(await fixture.another());
    const { model } = zombie;
    const slow = {
      sql: model.sql,
      // Called inside the batch's transaction.
      withHiddenColumn: async (columns: readonly string[]) => {
        reached.open();
        await gate.opened;
        return model.withHiddenColumn(columns);
      },
    } as FeederContext["model"];
    const feeding = stream.feed({ as: { ...zombie, model: slow } });
    await reached.opened;
    await roll(project, asset, good);
    gate.open();
    expect(await feeding).toMatchObject([{ files: 0, snapshot: null }]);
    expect(await stream.rows("id, v")).toEqual([["1", "a"]]);
    expect((await stream.ledger()).map((row) => row.key)).not.toContain(late);

    // Nor does what it has to say of its own end end the hold.
    await fixture.lake.withSession((session) =>
      recordAssetState(session, { asset, state: "failed", message: "late", codeHash, run: "zombie" }),
    );
    expect(await held(asset)).toBeDefined();
    await release(stream);
    await stream.feed();
    expect(await stream.rows("id, v")).toEqual([["1", "c"]]);
  });

  test("the last state counts, whatever the clock said when it was recorded", async () => {
    const stream = await versioned();
    const { asset, codeHash } = stream.context.stream.processed;
    const project = await loadProject(stream.dir);
    const good = await feedFile(stream, "2026-01-01/a.parquet", "(1, 'a', 1)");
    await roll(project, asset, good);
    await fixture.query(
      `UPDATE lakehouse.meta.asset_state_log SET recorded_at = now() + INTERVAL 1 HOUR WHERE asset = ${literal(asset)}`,
    );
    await release(stream);
    const record = (state: "failed" | "ok") =>
      fixture.lake.withSession((session) =>
        recordAssetState(session, { asset, state, message: null, codeHash, run: "test" }),
      );
    const state = async () => (await fixture.lake.withSession(assetStates)).get(asset)?.state;
    expect(await state()).toBe("ok");
    await record("failed");
    expect(await state()).toBe("failed");
    await record("ok");
    expect(await state()).toBe("ok");
  });

  test("is refused for landing, for a feeder, and for a snapshot that is not there or before the table", async () => {
    const before = await current();
    const stream = await versioned();
    const { processed, landing } = stream.context.stream;
    const project = await loadProject(stream.dir);
    await feedFile(stream, "2026-01-01/a.parquet", "(1, 'a', 1)");
    const { source } = stream.name;
    for (const asset of [landing.table, `feeder_${source}_items`, "landing_tables"]) {
      await expect(roll(project, asset, before)).rejects.toMatchObject({
        code: "ROLLBACK_REFUSED",
        message: expect.stringContaining("is not rolled back: landing is what the files in S3 hold"),
      });
    }
    await expect(roll(project, "fct_nothing", before)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(roll(project, processed.asset, before)).rejects.toMatchObject({
      code: "ROLLBACK_REFUSED",
      message: expect.stringMatching(/was created in snapshot \d+: it did not exist at snapshot \d+/),
    });
    await expect(roll(project, processed.asset, 1_000_000)).rejects.toThrow(
      "There is no snapshot 1000000 yet",
    );
    expect(await held(processed.asset)).toBeUndefined();
  });
});

/** Takes a fed file's rows out of landing, as retention does. */
async function takeOut(stream: FedStream, key: string, state: "removed" | "lost" = "removed"): Promise<void> {
  const { source, stream: name } = stream.name;
  await fixture.query(
    `DELETE FROM ${stream.landingTable} WHERE filename = ${literal(fixture.store.url(key))}`,
  );
  await fixture.query(
    `INSERT INTO lakehouse.meta.feeder_file_log SELECT * REPLACE (${literal(state)} AS state, epoch + 1000 AS epoch)
     FROM lakehouse.meta.feeder_file_log WHERE source = ${literal(source)} AND stream = ${literal(name)} AND key = ${literal(key)}`,
  );
}

describe("rebuilding from landing where it does not hold every file any more", () => {
  test("is refused with what is gone and from when on it could, unless older rows are kept", async () => {
    const stream = await versioned();
    await feedFile(stream, "2026-01-01/a.parquet", "(1, 'old', 1)", "(2, 'old', 9)", "(3, 'old', 1)");
    await feedFile(stream, "2026-01-31/a.parquet", "(4, 'old', 1)");
    await feedFile(stream, "2026-02-02/a.parquet", "(1, 'new', 2)", "(2, 'late', 2)", "(5, 'new', 2)");
    await takeOut(stream, stream.key("2026-01-01/a.parquet"));
    await takeOut(stream, stream.key("2026-01-31/a.parquet"), "lost");
    const before = await stream.rows();
    await expect(rebuild(stream)).rejects.toMatchObject({
      code: "LANDING_INCOMPLETE",
      retryable: false,
      message: expect.stringMatching(
        /no longer holds 2 of the files that were fed; it is complete from 2026-02-01 on\. Keep the older rows.*--full --keep-older/,
      ),
    });
    expect(await stream.rows()).toEqual(before);

    await stream.load(fixture.lake, {
      model: "SELECT id, upper(v) AS v, seq, seq * 2 AS twice FROM TABLE_NAME",
    });
    await rebuild(stream, true);
    expect(await stream.rows("id, v, seq, twice")).toEqual([
      ["1", "NEW", "2", "4"],
      ["2", "old", "9", null],
      ["3", "old", "1", null],
      ["4", "old", "1", null],
      ["5", "NEW", "2", "4"],
    ]);
    await feedFile(stream, "2026-02-03/a.parquet", "(3, 'newest', 3)");
    expect(await stream.rows("id, v, twice")).toContainEqual(["3", "NEWEST", "6"]);
  });

  test("of two equal versions landing's counts, and a retyped column keeps the values of older rows", async () => {
    const stream = await versioned({ model: "SELECT id, v, seq FROM TABLE_NAME" });
    await feedFile(stream, "2026-01-01/a.parquet", "(1, '10', 1)", "(2, '20', 1)");
    await feedFile(stream, "2026-01-02/a.parquet", "(1, '11', 2)");
    await takeOut(stream, stream.key("2026-01-01/a.parquet"));
    await stream.load(fixture.lake, { model: "SELECT id, v::INTEGER AS v, seq FROM TABLE_NAME" });
    await rebuild(stream, true);
    expect(await stream.processedTypes()).toMatchObject({ v: "INTEGER" });
    expect(await stream.rows("id, v")).toEqual([
      ["1", 11],
      ["2", 20],
    ]);
    await stream.load(fixture.lake, { model: "SELECT id, v::INTEGER + 1 AS v, seq FROM TABLE_NAME" });
    await rebuild(stream, true);
    expect(await stream.rows("id, v")).toEqual([
      ["1", 12],
      ["2", 20],
    ]);
  });

  test("without a key it is always refused, and so is a roll-back, which could not be released", async () => {
    const stream = await versioned({ config: { primary_key: [] } });
    const { asset } = stream.context.stream.processed;
    await feedFile(stream, "2026-01-01/a.parquet", "(1, 'a', 1)");
    const good = await feedFile(stream, "2026-01-02/a.parquet", "(2, 'b', 2)");
    await takeOut(stream, stream.key("2026-01-01/a.parquet"));
    for (const keepOlder of [false, true]) {
      await expect(rebuild(stream, keepOlder)).rejects.toMatchObject({
        code: "LANDING_INCOMPLETE",
        message: expect.stringMatching(/1 of the files.*complete from 2026-01-02 on\. The table has no key/),
      });
    }
    await expect(roll(await loadProject(stream.dir), asset, good)).rejects.toMatchObject({
      code: "LANDING_INCOMPLETE",
    });
    expect(await stream.rows("id")).toEqual([["1"], ["2"]]);
  });

  test("a key that older rows do not have cannot keep them", async () => {
    const stream = await versioned();
    await feedFile(stream, "2026-01-01/a.parquet", "(1, 'a', 1)");
    await takeOut(stream, stream.key("2026-01-01/a.parquet"));
    await stream.load(fixture.lake, {
      model: "/* ---\nunique_key: number\n--- */ SELECT id AS number, v FROM TABLE_NAME",
    });
    await expect(rebuild(stream, true)).rejects.toThrow(/older rows have no number, which the key needs/);
  });

  test("a release keeps older rows, and the plan says what would not return", async () => {
    const stream = await versioned();
    const { asset } = stream.context.stream.processed;
    const project = await loadProject(stream.dir);
    const good = await feedFile(stream, "2026-01-01/a.parquet", "(1, 'a', 1)", "(2, 'a', 1)");
    await feedFile(stream, "2026-01-02/a.parquet", "(2, 'b', 2)", "(3, 'b', 2)");
    await feedFile(stream, "2026-01-03/a.parquet", "(4, 'c', 3)");
    await takeOut(stream, stream.key("2026-01-01/a.parquet"));
    await takeOut(stream, stream.key("2026-01-02/a.parquet"));
    expect((await plan(project, asset, good)).filesLost).toBe(1);
    await roll(project, asset, good);
    await release(stream);
    expect(await stream.rows("id, v")).toEqual([
      ["1", "a"],
      ["2", "a"],
      ["4", "c"],
    ]);
  });

  test("a table shown by generations is what landing holds of the newest one, whatever is gone", async () => {
    const stream = await versioned({ config: { primary_key: [], destination_sync_mode: "overwrite" } });
    const generation = (number: number, ...tuples: string[]) =>
      `SELECT *, ${number}::BIGINT AS _airbyte_generation_id FROM (${rows(...tuples)})`;
    await stream.put("2026-01-01/a.parquet", generation(1, "(1, 'a', 1)"));
    await stream.feed();
    await stream.put("2026-01-02/a.parquet", generation(2, "(2, 'b', 2)"));
    await stream.feed();
    await takeOut(stream, stream.key("2026-01-01/a.parquet"));
    await rebuild(stream);
    expect(await stream.rows("id")).toEqual([["2"]]);
  });
});

describe("the list of snapshots", () => {
  test("says who did what to which tables, newest first", async () => {
    const stream = await versioned();
    const { processed, landing } = stream.context.stream;
    const project = await loadProject(stream.dir);
    const fed = await feedFile(stream, "2026-01-01/a.parquet", "(1, 'a', 1)");
    const { snapshot: rolled } = await roll(project, processed.asset, fed);
    await fixture.query(
      `CALL ducklake_merge_adjacent_files('lakehouse', ${literal(processed.asset)}, schema => 'main')`,
    );
    const list = (tables: string[] | null, limit = 1000) =>
      fixture.lake.withSession((session) => listSnapshots(session, { tables, limit }));
    const all = await list(null);
    expect(all.map((entry) => entry.id)).toEqual([...all.map((entry) => entry.id)].sort((a, b) => b - a));
    expect(all.find((entry) => entry.id === fed)).toEqual({
      id: fed,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      author: `feeder_${stream.name.source}_items`,
      message: `feed 1 files, 1 rows into ${processed.asset}`,
      tables: [processed.asset, landing.table],
      run: expect.stringMatching(/^run-\d+$/),
    });
    const rolledBack = all.find((entry) => entry.id === rolled);
    expect(rolledBack?.message).toContain(`roll ${processed.asset} back to snapshot ${fed}`);
    const own = await list([processed.asset.toUpperCase()]);
    expect(own.map((entry) => entry.id)).toContain(fed);
    for (const entry of own) expect(entry.tables).toContain(processed.asset);
    expect(await list([processed.asset], 1)).toEqual(own.slice(0, 1));
    expect(await list(["fct_nothing"])).toEqual([]);
  });
});

// Last: what expires is gone for the whole file.
describe("snapshots that have expired", () => {
  test("cannot be read, nor rolled back to, nor guessed from a time between two that are kept", async () => {
    const stream = await versioned();
    const { asset } = stream.context.stream.processed;
    const project = await loadProject(stream.dir);
    const first = await feedFile(stream, "2026-01-01/a.parquet", "(1, 'a', 1)");
    const second = await feedFile(stream, "2026-01-02/a.parquet", "(1, 'b', 2)");
    const third = await feedFile(stream, "2026-01-03/a.parquet", "(1, 'c', 3)");
    const entries = await fixture.lake.withSession((session) =>
      listSnapshots(session, { tables: null, limit: 1000 }),
    );
    const timeOf = (id: number) => entries.find((entry) => entry.id === id)?.time ?? "";
    await fixture.query(`CALL ducklake_expire_snapshots('lakehouse', versions => [${second}])`);
    await expect(roll(project, asset, second)).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining(`Snapshot ${second} has expired. Kept are snapshots`),
    });
    const resolve = (point: string) => fixture.lake.withSession((session) => resolveSnapshot(session, point));
    await expect(resolve(String(second))).rejects.toThrow(`Snapshot ${second} has expired`);
    await expect(resolve(timeOf(second))).rejects.toThrow(/have expired\. Kept are/);
    expect(await resolve(timeOf(third))).toBe(third);
    await fixture.query(
      `CALL ducklake_expire_snapshots('lakehouse', versions => range(0, ${first + 1})::BIGINT[])`,
    );
    await expect(resolve(timeOf(first))).rejects.toThrow(
      /The snapshots of .* have expired\. Kept are snapshots/,
    );
    await roll(project, asset, third);
    expect(await stream.rows("id, v")).toEqual([["1", "c"]]);
  });
});
