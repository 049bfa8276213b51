import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { appendAssetState } from "../assets/asset-states.ts";
import { materialize } from "../assets/enriched/materialize.ts";
import { feedBatch } from "../assets/feeder/feed-batch.ts";
import { mendLanding } from "../assets/feeder/mend.ts";
import { rebuildProcessed } from "../assets/feeder/rebuild.ts";
import { loadProject } from "../assets/project.ts";
import { LotusError } from "../common/errors.ts";
import { advanceFence, readFence } from "../lake/fence.ts";
import { Lake } from "../lake/lake.ts";
import { literal } from "../lake/sql.ts";
import { commitSnapshot } from "../lake/transaction.ts";
import { collectStatus } from "../orchestration/status.ts";
import { type FedStream, FeederLake, storeWith, values } from "./support/feeder-fixture.ts";
import { type RunningLake, runLake } from "./support/run-lake.ts";

let lake: FeederLake;

/** Another process, which keeps nothing of what it reads. */
let reader: Lake;

beforeAll(async () => {
  lake = await FeederLake.open();
  reader = await lake.another();
  await reader.withSession((session) =>
    session.execute(`SET enable_http_metadata_cache = false; SET parquet_metadata_cache = false;
      SET enable_external_file_cache = false`),
  );
});

afterAll(() => lake.close());

const row = (id: number, v: string) => values("id, v", `(${id}, '${v}')`);
const versioned = {
  fields: { id: "integer", v: "string", seq: "integer" },
  config: { cursor_field: ["seq"] },
};
const rows = (...tuples: string[]) => values("id, v, seq", ...tuples);
const unkeyed = { config: { primary_key: [] } };

/** Three files of a row each, fed: ids 1 to 3 of days 1 to 3. @returns the key of the second. */
async function feedThree(stream: FedStream, second = row(2, "b")): Promise<string> {
  await stream.put("2026-01-01/a.parquet", row(1, "a"));
  const key = await stream.put("2026-01-02/b.parquet", second);
  await stream.put("2026-01-03/c.parquet", row(3, "c"));
  await stream.feed();
  return key;
}

async function overwrite(key: string, content: string | Uint8Array): Promise<void> {
  await lake.store.put(key, typeof content === "string" ? await lake.parquet(content) : content);
}

/** What landing shows to a process that has not read it before: every value is scanned. */
async function landed(stream: FedStream, columns = "id, v"): Promise<unknown[][]> {
  const found = await reader.withSession((session) =>
    session.queryRaw(
      `SELECT ${columns}, sum(hash(COLUMNS(*))) OVER () AS hashed FROM ${stream.landingTable} ORDER BY ALL`,
    ),
  );
  return found.map(({ hashed, ...shown }) => Object.values(shown).slice(0, columns.split(",").length));
}

/** The paths that the catalog holds of a stream's landing, live or not, or still has to delete. */
async function catalogPaths(stream: FedStream): Promise<string[]> {
  const metadata = "__ducklake_metadata_lakehouse.ducklake";
  const found = await lake.query(
    `SELECT path FROM ${metadata}.ducklake_data_file UNION SELECT path FROM ${metadata}.ducklake_files_scheduled_for_deletion`,
  );
  const folders = [stream.prefix, `lakehouse/landed/${stream.name.source}/${stream.name.stream}/`];
  return found
    .map((entry) => String(entry.path).slice(lake.store.url("").length))
    .filter((path) => folders.some((folder) => path.startsWith(folder)))
    .sort();
}

/** Expires every old snapshot and deletes what only they had. */
async function cleanUp(): Promise<void> {
  await lake.query("CALL ducklake_expire_snapshots('lakehouse', older_than => now())");
  await lake.query("CALL ducklake_cleanup_old_files('lakehouse', cleanup_all => true)");
}

async function states(stream: FedStream): Promise<unknown[]> {
  return (await stream.ledger()).map((entry) => [
    String(entry.key).slice(stream.prefix.length),
    entry.state,
    entry.rows,
  ]);
}

const place = (day: number, name: string) =>
  `year=2026/month=01/day=${String(day).padStart(2, "0")}/${name}.parquet`;

async function scan(stream: FedStream, options: { cursorKey?: string; whole?: boolean } = {}) {
  const { backlog } = stream.context;
  return lake.lake.withSession((session) =>
    backlog.scan(session, { cursorKey: null, whole: options.cursorKey === undefined, ...options }),
  );
}

describe("overwritten after it was fed", () => {
  test("landing and the processed table become what they would be had it never been, in one snapshot", async () => {
    const stream = await lake.stream();
    const key = await feedThree(stream, values("id, v", "(2, 'b')", "(20, 'b')"));
    const cursor = await stream.cursor();
    await overwrite(key, values("id, v", "(2, 'new')", "(21, 'new')", "(22, 'new')"));
    // Whoever has not read it before cannot read landing.
    await expect(landed(stream)).rejects.toThrow();
    const [outcome] = await stream.feed({ batchId: `replace-${stream.name.source}` });
    expect(outcome).toMatchObject({ files: 1, rows: 3, replaced: 1, lost: 0, quarantined: 0, remaining: 0 });
    const wanted = [
      ["1", "a"],
      ["2", "new"],
      ["21", "new"],
      ["22", "new"],
      ["3", "c"],
    ];
    expect(await landed(stream)).toEqual(wanted.sort((left, right) => Number(left[0]) - Number(right[0])));
    expect(await stream.rows("id, v")).toEqual(wanted);
    expect(await landed(stream, "id, year, month, day")).toContainEqual(["21", "2026", "1", "2"]);
    expect(await states(stream)).toEqual([
      [place(1, "a"), "fed", "1"],
      [place(2, "b"), "fed", "3"],
      [place(3, "c"), "fed", "1"],
    ]);
    const etag = await lake.store.etag(key);
    expect((await stream.ledger())[1]).toMatchObject({ etag, batch: `replace-${stream.name.source}` });
    expect(await stream.cursor()).toBe(cursor);
    expect(await stream.quarantine()).toEqual([]);
    expect((await stream.batches()).at(-1)).toMatchObject({ files: "1", rows: "3", first_key: key });

    const version = outcome?.snapshot as number;
    const [snapshot] = await lake.query(
      `SELECT commit_extra_info AS info FROM ducklake_snapshots('lakehouse') WHERE snapshot_id = ${version}`,
    );
    expect(JSON.parse(String(snapshot?.info))).toMatchObject({
      work: "replace",
      batchId: `replace-${stream.name.source}`,
      asset: stream.context.stream.processed.asset,
    });
    const at = (when: number) =>
      lake.query(`SELECT
        (SELECT string_agg(v, ',' ORDER BY id) FROM ${stream.processedTable} AT (VERSION => ${when})) AS processed,
        (SELECT max(etag) FROM lakehouse.meta.feeder_file_log AT (VERSION => ${when}) WHERE batch = 'replace-${stream.name.source}') AS etag`);
    expect(await at(version - 1)).toEqual([{ processed: "a,b,c,b", etag: null }]);
    expect(await at(version)).toEqual([{ processed: "a,new,c,new,new", etag }]);
    // It comes to rest.
    expect(await scan(stream)).toMatchObject({ files: 0, misplaced: 0, lost: 0 });
    expect(await stream.feed()).toMatchObject([{ files: 0, snapshot: null }]);
  });

  test("again and again, back to what it was before; and no clean-up ever deletes what is live or the user's", async () => {
    const stream = await lake.stream();
    const first = await lake.parquet(row(2, "b"));
    const key = await feedThree(stream, row(2, "b"));
    const versions: [string | Uint8Array, string][] = [
      [row(2, "second"), "second"],
      [first, "b"],
      [row(2, "second"), "second"],
      [first, "b"],
    ];
    for (const [content, shown] of versions) {
      await overwrite(key, content);
      expect(await stream.feed()).toMatchObject([{ files: 1, replaced: 1, remaining: 0 }]);
      expect(await stream.rows("v")).toEqual([["a"], [shown], ["c"]].sort());
      // What is given up here is still to be deleted when the same bytes come in again.
      await lake.query("CALL ducklake_expire_snapshots('lakehouse', older_than => now())");
    }
    await cleanUp();
    expect(await landed(stream)).toEqual([
      ["1", "a"],
      ["2", "b"],
      ["3", "c"],
    ]);
    expect(await lake.store.etag(key)).not.toBeNull();
    // Its own raw path is nowhere, and of all its copies the last alone is kept.
    const paths = await catalogPaths(stream);
    expect(paths).toHaveLength(3);
    expect(paths).not.toContain(key);
  });

  test("rows without a key are replaced too, and unchanged rows are not rewritten with one", async () => {
    const plain = await lake.stream(unkeyed);
    await overwrite(await feedThree(plain), values("id, v", "(2, 'x')", "(2, 'x')"));
    await plain.feed();
    expect(await plain.rows("id, v")).toEqual([
      ["1", "a"],
      ["2", "x"],
      ["2", "x"],
      ["3", "c"],
    ]);
    const keyed = await lake.stream();
    await overwrite(await feedThree(keyed), row(4, "d"));
    const [outcome] = await keyed.feed();
    const version = outcome?.snapshot as number;
    const changes = await lake.query(
      `SELECT change_type, id FROM ducklake_table_changes('lakehouse', 'main', ${literal(keyed.context.stream.processed.asset)}, ${version}, ${version})
       ORDER BY ALL`,
    );
    expect(changes).toEqual([
      { change_type: "delete", id: "2" },
      { change_type: "insert", id: "4" },
    ]);
  });

  test("an enriched table above follows by increments", async () => {
    const stream = await lake.stream({ stream: "orders" });
    const folder = join(stream.dir, "enriched/test");
    const table = `int_${stream.name.source}__orders`;
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, "fct_letters.sql"),
      `/* ---\nunique_key: v\n--- */\nSELECT v, count(*) AS n, sum(id)::BIGINT AS total FROM ${table} GROUP BY v`,
    );
    const [model] = (await loadProject(stream.dir)).models;
    if (!model) throw new Error("no model");
    const key = await feedThree(stream, values("id, v", "(2, 'b')", "(20, 'c')"));
    await materialize(lake.lake, model, { runId: "test", full: false });
    await overwrite(key, values("id, v", "(2, 'c')", "(21, 'd')"));
    await stream.feed();
    const outcome = await materialize(lake.lake, model, { runId: "test", full: false });
    expect(outcome.mode).toBe("incremental");
    expect(await lake.query("SELECT v, n::INTEGER AS n, total FROM fct_letters ORDER BY v")).toEqual([
      { v: "a", n: 1, total: "1" },
      { v: "c", n: 2, total: "5" },
      { v: "d", n: 1, total: "21" },
    ]);
  });

  test("by something that cannot be read: set aside, out of landing, and the processed table keeps the rows", async () => {
    const stream = await lake.stream();
    const key = await feedThree(stream);
    await overwrite(key, Buffer.from("not Parquet, by any means"));
    expect(await stream.feed()).toMatchObject([{ files: 0, replaced: 0, quarantined: 1, remaining: 0 }]);
    expect(await stream.quarantine()).toMatchObject([{ key, etag: await lake.store.etag(key) }]);
    expect(await landed(stream)).toEqual([
      ["1", "a"],
      ["3", "c"],
    ]);
    expect(await stream.rows("id, v")).toEqual([
      ["1", "a"],
      ["2", "b"],
      ["3", "c"],
    ]);
    expect((await states(stream))[1]).toEqual([place(2, "b"), "lost", "1"]);
    expect(await scan(stream)).toMatchObject({ files: 0, misplaced: 0, lost: 0 });
    // Uploaded again, whole: landing is complete, and the rows of the first are gone.
    await overwrite(key, row(5, "e"));
    expect(await stream.feed()).toMatchObject([{ files: 1, replaced: 1 }]);
    expect(await stream.quarantine()).toEqual([]);
    expect(await stream.rows("id")).toEqual([["1"], ["3"], ["5"]]);
    expect(await landed(stream, "id")).toEqual([["1"], ["3"], ["5"]]);
    expect((await states(stream))[1]).toEqual([place(2, "b"), "fed", "1"]);
  });

  test("one by something that can be read and one by something that cannot", async () => {
    const stream = await lake.stream();
    const key = await feedThree(stream);
    await overwrite(key, row(5, "new"));
    await overwrite(stream.key("2026-01-03/c.parquet"), Buffer.from("not Parquet, by any means"));
    expect(await stream.feed()).toMatchObject([{ files: 1, replaced: 1, quarantined: 1, remaining: 0 }]);
    // Landing lacks what the second brought, so that the table is not made from it.
    expect(await stream.rows("id")).toEqual([["1"], ["2"], ["3"], ["5"]]);
    expect(await landed(stream, "id")).toEqual([["1"], ["5"]]);
  });

  test("by something whose footer is whole and whose pages are not", async () => {
    const stream = await lake.stream();
    const key = await feedThree(stream);
    const body = await lake.parquet("SELECT 100 + range AS id, 'v' || range AS v FROM range(5000)");
    body.fill(0xff, 8, 2000);
    await overwrite(key, body);
    expect(await stream.feed()).toMatchObject([{ files: 0, quarantined: 1, remaining: 0 }]);
    expect(await stream.quarantine()).toMatchObject([{ key, reason: expect.stringContaining("read") }]);
    expect(await landed(stream, "id")).toEqual([["1"], ["3"]]);
    expect(await stream.rows("id")).toEqual([["1"], ["2"], ["3"]]);
  });

  test("with new columns and types that need a copy in other types", async () => {
    const stream = await lake.stream();
    const key = await feedThree(stream);
    await overwrite(key, "SELECT 2.0::DOUBLE AS id, 'b' AS v, 7 AS extra");
    expect(await stream.feed()).toMatchObject([{ files: 1, replaced: 1, quarantined: 0 }]);
    expect(await landed(stream, "id, extra")).toEqual([
      ["1", null],
      ["2", "7"],
      ["3", null],
    ]);
    await overwrite(key, "SELECT 2.0::DOUBLE AS id, 'again' AS v");
    await stream.feed();
    expect(await landed(stream)).toContainEqual(["2", "again"]);
  });

  test("in a stream whose table shows the newest generation", async () => {
    const stream = await lake.stream({
      fields: { id: "integer", v: "string", _airbyte_generation_id: "integer" },
      config: { sync_mode: "full_refresh", destination_sync_mode: "overwrite", primary_key: [] },
    });
    const generation = (number: number, ...ids: number[]) =>
      values("id, v, _airbyte_generation_id", ...ids.map((id) => `(${id}, 'g${number}', ${number})`));
    await stream.put("2026-01-01/1.parquet", generation(1, 1, 2));
    const key = await stream.put("2026-01-02/2.parquet", generation(2, 1, 3));
    await stream.feed();
    await stream.publish();
    await overwrite(key, generation(2, 4, 5));
    expect(await stream.feed()).toMatchObject([{ files: 1, replaced: 1, remaining: 0 }]);
    expect(await stream.rows("id")).toEqual([["1"], ["3"]]);
    await stream.publish();
    expect(await stream.rows("id, v")).toEqual([
      ["4", "g2"],
      ["5", "g2"],
    ]);
    expect(await landed(stream, "id")).toEqual([["1"], ["2"], ["4"], ["5"]]);
  });

  test("several at once, and deleted ones with them, in one batch before anything else", async () => {
    const stream = await lake.stream({ feeder: { batch_files: 2 } });
    for (let id = 1; id <= 8; id += 1) await stream.put(`2026-01-01/${id}.parquet`, row(id, "old"));
    await stream.feed();
    for (const id of [1, 3, 5]) await overwrite(stream.key(`2026-01-01/${id}.parquet`), row(id, "new"));
    await stream.put("2026-01-02/9.parquet", row(9, "fed"));
    const outcomes = await stream.feed();
    expect(outcomes).toMatchObject([
      { files: 3, replaced: 3, lost: 0, remaining: 1 },
      { files: 1, replaced: 0, remaining: 0 },
    ]);
    expect(await stream.rows("id, v")).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => [
        String(id),
        [1, 3, 5].includes(id) ? "new" : id === 9 ? "fed" : "old",
      ]),
    );
    for (const id of [1, 2]) await overwrite(stream.key(`2026-01-01/${id}.parquet`), row(id, "newer"));
    // The first is read as a copy by now, so that landing does not miss it.
    for (const id of [3, 4]) await lake.store.delete(stream.key(`2026-01-01/${id}.parquet`));
    expect(await stream.feed()).toMatchObject([{ files: 2, replaced: 2, lost: 1, remaining: 0 }]);
    expect(await landed(stream, "id")).toEqual([1, 2, 3, 5, 6, 7, 8, 9].map((id) => [String(id)]));
    expect(await stream.rows("id, v")).toContainEqual(["1", "newer"]);
    expect(await stream.rows("id")).toContainEqual(["4"]);
  });

  test("while landing lacks other files: with a key, the new rows win over equal versions and older ones stay", async () => {
    const stream = await lake.stream({ ...versioned, feeder: { batch_files: 1 } });
    const gone = await stream.put("2026-01-01/a.parquet", rows("(1, 'a', 1)", "(9, 'kept', 1)"));
    const key = await stream.put(
      "2026-01-02/b.parquet",
      rows("(2, 'b', 1)", "(3, 'b', 1)", "(4, 'b', 5)", "(5, 'b', 1)"),
    );
    await stream.feed();
    await lake.store.delete(gone);
    await stream.feed();
    await overwrite(key, rows("(2, 'equal', 1)", "(3, 'later', 2)", "(4, 'earlier', 1)", "(6, 'more', 1)"));
    expect(await stream.feed()).toMatchObject([{ files: 1, replaced: 1, lost: 0 }]);
    expect(await stream.rows("id, v")).toEqual([
      ["1", "a"],
      ["2", "equal"],
      ["3", "later"],
      ["4", "b"],
      ["5", "b"],
      ["6", "more"],
      ["9", "kept"],
    ]);
    expect(await landed(stream, "id")).toEqual([["2"], ["3"], ["4"], ["6"]]);
  });

  test("while landing lacks other files: without a key, it is set aside", async () => {
    const stream = await lake.stream(unkeyed);
    const key = await feedThree(stream);
    await lake.store.delete(stream.key("2026-01-01/a.parquet"));
    await stream.feed();
    await overwrite(key, row(2, "new"));
    expect(await stream.feed()).toMatchObject([{ files: 0, quarantined: 1, remaining: 0 }]);
    expect(await stream.quarantine()).toMatchObject([
      { key, reason: expect.stringContaining("without a key") },
    ]);
    expect(await stream.rows("id, v")).toEqual([
      ["1", "a"],
      ["2", "b"],
      ["3", "c"],
    ]);
    expect(await landed(stream)).toEqual([["3", "c"]]);
    expect((await states(stream))[1]).toEqual([place(2, "b"), "lost", "1"]);
    expect(await scan(stream)).toMatchObject({ files: 0, misplaced: 0, lost: 0 });
  });

  test("after retention removed it: it is fed, and no clean-up deletes it for the old object's sake", async () => {
    const stream = await lake.stream();
    const key = await feedThree(stream);
    await removeAsRetentionDoes(stream, key);
    expect(await catalogPaths(stream)).toContain(key);
    await overwrite(key, row(2, "anew"));
    expect(await stream.feed()).toMatchObject([{ files: 1, replaced: 1 }]);
    await cleanUp();
    expect(await lake.store.etag(key)).not.toBeNull();
    expect(await landed(stream)).toEqual([
      ["1", "a"],
      ["2", "anew"],
      ["3", "c"],
    ]);
    // Scheduled for deletion before it is overwritten: the same.
    const other = stream.key("2026-01-03/c.parquet");
    await removeAsRetentionDoes(stream, other);
    await lake.query("CALL ducklake_expire_snapshots('lakehouse', older_than => now())");
    await overwrite(other, row(3, "anew"));
    await stream.feed();
    await lake.query("CALL ducklake_cleanup_old_files('lakehouse', cleanup_all => true)");
    expect(await lake.store.etag(other)).not.toBeNull();
    expect(await landed(stream)).toContainEqual(["3", "anew"]);
  });

  test("a batch id that was committed is found by a retry", async () => {
    const stream = await lake.stream();
    const key = await feedThree(stream);
    await overwrite(key, row(2, "new"));
    const batchId = `replaced-${stream.name.source}`;
    await stream.feed({ batchId });
    await overwrite(key, row(2, "newer"));
    const as = await stream.process(await lake.another());
    expect(await stream.feedOnce({ batchId, as })).toMatchObject({ files: 1, remaining: 1 });
    expect(await stream.rows("v")).toEqual([["a"], ["c"], ["new"]]);
  });

  test("two processes that find it at once", async () => {
    const stream = await lake.stream();
    const key = await feedThree(stream);
    for (const v of ["second", "third"]) {
      await overwrite(key, row(2, v));
      const processes = [
        await stream.process(await lake.another()),
        await stream.process(await lake.another()),
      ];
      const outcomes = await Promise.all(processes.map((as) => stream.feed({ as })));
      expect(outcomes.flat().reduce((sum, outcome) => sum + outcome.replaced, 0)).toBe(1);
      expect(await stream.rows("id, v")).toEqual([
        ["1", "a"],
        ["2", v],
        ["3", "c"],
      ]);
      expect(await landed(stream)).toEqual([
        ["1", "a"],
        ["2", v],
        ["3", "c"],
      ]);
    }
  });
});

describe("overwritten while it is fed by another process, which listed it as new", () => {
  const second = rows("(2, 'second', 2)");
  const cut = async () => (await lake.parquet(second)).subarray(0, -9);

  test.each([
    ["by something that can be read", async () => second],
    ["by something that cannot", cut],
  ])("%s", async (_name, content) => {
    const stream = await lake.stream(versioned);
    const other = await stream.process(await lake.another());
    const key = await stream.put("2026-01-02/b.parquet", rows("(2, 'first', 1)"));
    const first = await lake.parquet(rows("(2, 'first', 1)"));
    const overwriting = await content();
    await overwrite(key, overwriting);
    await other.lake.withSession((session) => other.backlog.scan(session, { cursorKey: null, whole: true }));
    await overwrite(key, first);
    await stream.feed();
    await overwrite(key, overwriting);
    // It goes on with what it listed.
    const outcome = await feedBatch(other, { batchId: randomUUID(), runId: "other" });
    expect(outcome).toMatchObject(overwriting === second ? { replaced: 1 } : { files: 0, quarantined: 1 });
    const readable = overwriting === second;
    expect(await landed(stream)).toEqual(readable ? [["2", "second"]] : []);
    expect(await stream.rows("id, v")).toEqual([["2", readable ? "second" : "first"]]);
    expect(await states(stream)).toEqual([[place(2, "b"), readable ? "fed" : "lost", "1"]]);
    expect(await stream.quarantine()).toHaveLength(readable ? 0 : 1);
  });
});

describe("a process that dies between taking the old registration out and the commit", () => {
  // What follows the correction fails: the model refuses the new rows.
  const model = "SELECT id, CASE WHEN v = 'poison' THEN error('poison') ELSE v END AS v FROM TABLE_NAME";

  async function failHalfWay(): Promise<{ stream: FedStream; key: string }> {
    const stream = await lake.stream({ model });
    const key = await feedThree(stream);
    await overwrite(key, row(2, "poison"));
    await expect(stream.feed()).rejects.toMatchObject({ code: "MODEL_FAILED" });
    // Landing can be read, and nothing was recorded.
    expect(await landed(stream)).toEqual([
      ["1", "a"],
      ["3", "c"],
    ]);
    expect(await states(stream)).toHaveLength(3);
    expect(await catalogPaths(stream)).not.toContain(key);
    return { stream, key };
  }

  test("the next attempt finishes", async () => {
    const { stream, key } = await failHalfWay();
    await overwrite(key, row(2, "cured"));
    await stream.use(await lake.another());
    expect(await stream.feed()).toMatchObject([{ files: 1, replaced: 1 }]);
    expect(await landed(stream)).toContainEqual(["2", "cured"]);
    expect(await stream.rows("v")).toEqual([["a"], ["c"], ["cured"]]);
  });

  test.each(["this process", "another"])(
    "an object that is put back as it was meanwhile comes in again: %s",
    async (who) => {
      const { stream, key } = await failHalfWay();
      await overwrite(key, row(2, "b"));
      if (who === "another") await stream.use(await lake.another());
      expect(await scan(stream)).toMatchObject({ files: 1, lost: 0 });
      expect(await stream.feed()).toMatchObject([{ files: 1, replaced: 1, remaining: 0 }]);
      expect(await landed(stream)).toContainEqual(["2", "b"]);
      expect(await stream.rows("v")).toEqual([["a"], ["b"], ["c"]]);
      expect(await scan(stream)).toMatchObject({ files: 0, lost: 0 });
    },
  );

  test("a rebuild that comes first does not lose the rows of an object that is gone", async () => {
    const { stream, key } = await failHalfWay();
    await lake.store.delete(key);
    const as = await stream.use(await lake.another());
    await rebuildProcessed(as, { runId: "rebuild", reason: "asked for", keepOlder: true });
    expect((await states(stream))[1]).toEqual([place(2, "b"), "lost", "1"]);
    expect(await stream.rows("v")).toEqual([["a"], ["b"], ["c"]]);
  });

  test.each(["this process", "another"])("an object that is deleted meanwhile is lost: %s", async (who) => {
    const { stream, key } = await failHalfWay();
    await lake.store.delete(key);
    if (who === "another") await stream.use(await lake.another());
    expect(await stream.feed()).toMatchObject([{ files: 0, lost: 1, remaining: 0 }]);
    expect((await states(stream))[1]).toEqual([place(2, "b"), "lost", "1"]);
    expect(await stream.rows("v")).toEqual([["a"], ["b"], ["c"]]);
  });
});

describe("deleted after it was fed", () => {
  test("its rows leave landing, the processed table keeps them, and the ledger says so", async () => {
    const stream = await lake.stream();
    const key = await feedThree(stream);
    const cursor = await stream.cursor();
    await lake.store.delete(key);
    await expect(landed(stream)).rejects.toThrow();
    // An ordinary listing tells nothing; a whole one does.
    expect(await scan(stream)).toMatchObject({ files: 0, misplaced: 0, lost: 1 });
    const [outcome] = await stream.feed({ batchId: `lost-${stream.name.source}` });
    expect(outcome).toMatchObject({ files: 0, rows: 0, replaced: 0, lost: 1, quarantined: 0, remaining: 0 });
    expect(await landed(stream)).toEqual([
      ["1", "a"],
      ["3", "c"],
    ]);
    expect(await stream.rows("id")).toEqual([["1"], ["2"], ["3"]]);
    expect((await states(stream))[1]).toEqual([place(2, "b"), "lost", "1"]);
    expect(await stream.quarantine()).toEqual([]);
    expect(await stream.cursor()).toBe(cursor);
    const [snapshot] = await lake.query(
      `SELECT commit_extra_info AS info FROM ducklake_snapshots('lakehouse') WHERE snapshot_id = ${outcome?.snapshot}`,
    );
    expect(JSON.parse(String(snapshot?.info))).toMatchObject({ work: "lost", lost: 1 });
    expect(await scan(stream)).toMatchObject({ files: 0, misplaced: 0, lost: 0 });
    const again = await stream.feedOnce({ batchId: `lost-${stream.name.source}` });
    expect(again).toMatchObject({ files: 0, remaining: 1 });
    expect(
      (await stream.batches()).filter((batch) => batch.id === `lost-${stream.name.source}`),
    ).toHaveLength(1);

    // Put back as it was, it is known; as something else, it is fed.
    await overwrite(key, row(2, "b"));
    expect(await stream.feed()).toMatchObject([{ files: 0, snapshot: null }]);
    expect(await landed(stream, "id")).toEqual([["1"], ["3"]]);
    await overwrite(key, row(4, "d"));
    expect(await stream.feed()).toMatchObject([{ files: 1, replaced: 1 }]);
    expect(await stream.rows("id")).toEqual([["1"], ["3"], ["4"]]);
    expect(await landed(stream, "id")).toEqual([["1"], ["3"], ["4"]]);
  });

  test("a listing that the server cut short is not believed", async () => {
    const stream = await lake.stream();
    await feedThree(stream);
    const cut = storeWith(lake.store, { page: async () => ({ objects: [], next: null }) });
    await stream.use(lake.lake, cut);
    expect(await scan(stream)).toMatchObject({ files: 0, lost: 0 });
    await lake.store.delete(stream.key("2026-01-02/b.parquet"));
    expect(await scan(stream)).toMatchObject({ files: 0, lost: 1 });
  });

  test("put back before it was dealt with: nothing happened", async () => {
    const stream = await lake.stream();
    const key = await feedThree(stream);
    await lake.store.delete(key);
    expect(await scan(stream)).toMatchObject({ lost: 1 });
    await overwrite(key, row(2, "b"));
    expect(await stream.drain()).toMatchObject([{ files: 0, lost: 0, snapshot: null }]);
    expect(await landed(stream, "id")).toEqual([["1"], ["2"], ["3"]]);
    expect((await states(stream))[1]).toEqual([place(2, "b"), "fed", "1"]);
  });

  test("more than one look asks for: the rest have their turn", async () => {
    const stream = await lake.stream();
    const { source } = stream.name;
    const key = literal(stream.key("2026-01-01/"));
    await lake.query(
      `INSERT INTO lakehouse.meta.feeder_file_log SELECT ${literal(source)}, 'items', key, 'etag', 1, 1, 'batch', 'fed',
         concat(${literal(lake.store.url(""))}, key), 1, now() FROM (SELECT concat(${key}, range, '.parquet') AS key FROM range(620))`,
    );
    await stream.use(lake.lake);
    expect(await scan(stream)).toMatchObject({ lost: 500 });
    expect(await stream.drain()).toMatchObject([{ lost: 500 }]);
    expect(await stream.feed()).toMatchObject([{ lost: 120, remaining: 0 }]);
    expect(await scan(stream)).toMatchObject({ lost: 0 });
    expect(new Set((await stream.ledger()).map((entry) => entry.state))).toEqual(new Set(["lost"]));
  });

  test("a file without rows, which landing never had, and what came in as a copy are not missed", async () => {
    const stream = await lake.stream();
    const empty = await stream.put("2026-01-01/empty.parquet", `${row(1, "a")} WHERE false`);
    const odd = await stream.put("2026-01-01/[odd].parquet", row(2, "b"));
    await stream.feed();
    await lake.store.delete(empty);
    await lake.store.delete(odd);
    await stream.use(await lake.another());
    expect(await scan(stream)).toMatchObject({ files: 0, lost: 0 });
    expect(await landed(stream)).toEqual([["2", "b"]]);
  });
});

describe("work that meets it before any listing", () => {
  test.each(["overwritten", "deleted"])("a rebuild mends landing and goes on: %s", async (what) => {
    const stream = await lake.stream();
    const key = await feedThree(stream);
    const more = stream.key("2026-01-03/c.parquet");
    if (what === "overwritten") await overwrite(key, row(2, "new"));
    else await lake.store.delete(key);
    await overwrite(more, row(3, "new"));
    const as = await stream.use(await lake.another());
    await rebuildProcessed(as, { runId: "rebuild", reason: "asked for", keepOlder: true });
    expect(await stream.rows("id, v")).toEqual([
      ["1", "a"],
      ["2", what === "overwritten" ? "new" : "b"],
      ["3", "new"],
    ]);
    expect(await landed(stream, "id")).toHaveLength(what === "overwritten" ? 3 : 2);
  });

  // S3 refuses to read from beyond its end, or gives less than was asked for up to it.
  test.each([1, 20, 400, 4000])(
    "a rebuild that meets an object that is shorter by %s characters",
    async (cut) => {
      const stream = await lake.stream();
      const text = Array.from({ length: 4100 }, (_, index) => (index * 7919).toString(36).slice(-1)).join("");
      const key = await feedThree(stream, row(2, text));
      await overwrite(key, row(2, text.slice(cut)));
      const as = await stream.use(await lake.another());
      await rebuildProcessed(as, { runId: "rebuild", reason: "asked for" });
      expect(await stream.rows("v")).toEqual([["a"], ["c"], [text.slice(cut)]].sort());
    },
  );

  test("a replacement that finds that others changed too takes them along", async () => {
    const stream = await lake.stream();
    const key = await feedThree(stream);
    await overwrite(key, row(2, "new"));
    let copies = 0;
    const meanwhile = storeWith(lake.store, {
      copy: async (...request) => {
        copies += 1;
        if (copies === 1) await overwrite(stream.key("2026-01-03/c.parquet"), row(30, "meanwhile"));
        return lake.store.copy(...request);
      },
    });
    await stream.use(await lake.another(), meanwhile);
    expect(await stream.feed()).toMatchObject([{ files: 2, replaced: 2, remaining: 0 }]);
    expect(copies).toBe(3);
    expect(await stream.rows("id, v")).toEqual([
      ["1", "a"],
      ["2", "new"],
      ["30", "meanwhile"],
    ]);
    expect(await landed(stream, "id")).toEqual([["1"], ["2"], ["30"]]);
  });

  test("the release of a held table", async () => {
    const stream = await lake.stream();
    const key = await feedThree(stream);
    const { asset, codeHash } = stream.context.stream.processed;
    await lake.lake.withSession((session) =>
      appendAssetState(session, { asset, state: "held", message: null, codeHash, run: "test" }),
    );
    await overwrite(key, row(2, "new"));
    const as = await stream.use(await lake.another());
    // Held, its rows stay, whatever lies in S3.
    expect(await stream.feed({ as })).toMatchObject([{ files: 0, snapshot: null }]);
    await expect(landed(stream)).rejects.toThrow();
    const unreadable = new LotusError("NOT_FOUND", "landing cannot be read");
    expect(await mendLanding(as, unreadable, { runId: "mend" })).toBe(true);
    expect(await landed(stream)).toContainEqual(["2", "new"]);
    expect(await stream.rows("v")).toEqual([["a"], ["b"], ["c"]]);
    await rebuildProcessed(as, { runId: "release", reason: "released", keepOlder: true, release: true });
    expect(await stream.rows("v")).toEqual([["a"], ["c"], ["new"]]);
    await overwrite(key, row(2, "newer"));
    expect(await stream.feed({ as })).toMatchObject([{ replaced: 1 }]);
    expect(await stream.rows("v")).toEqual([["a"], ["c"], ["newer"]]);
  });
});

describe("the same content under two keys", () => {
  test("both are fed; with a key its rows show once, without one twice", async () => {
    for (const [spec, count] of [
      [{}, 1],
      [unkeyed, 2],
    ] as const) {
      const stream = await lake.stream(spec);
      const body = await lake.parquet(row(1, "a"));
      await stream.put("2026-01-01/a.parquet", body);
      await stream.put("2026-01-02/again.parquet", body);
      expect(await stream.feed()).toMatchObject([{ files: 2, rows: 2 }]);
      expect(await stream.rows("id, v")).toEqual(Array.from({ length: count }, () => ["1", "a"]));
      expect(await landed(stream, "id")).toEqual([["1"], ["1"]]);
      await rebuildProcessed(stream.context, { runId: "rebuild", reason: "asked for" });
      expect(await stream.rows("id, v")).toHaveLength(count);
    }
  });
});

describe("a running lake", () => {
  let running: RunningLake;

  afterAll(() => running?.stop());

  test("notices, deals with it, says so, and comes to rest", async () => {
    const stream = await lake.stream({ feeder: { poll: "1s" } });
    const project = await loadProject(stream.dir);
    const key = await feedThree(stream);
    running = await runLake(lake.isolation, project);
    await running.settle();
    await overwrite(key, row(2, "new"));
    await lake.store.delete(stream.key("2026-01-03/c.parquet"));
    const parts = { lake: running.lake, store: running.store, client: running.client, project };
    expect((await collectStatus(parts)).streams).toMatchObject([{ waitingFiles: 2 }]);
    const status = await running.settle();
    expect(status).toMatchObject({ idle: true, streams: [{ waitingFiles: 0, quarantinedFiles: 0 }] });
    expect(running.events).toContainEqual(
      expect.objectContaining({ kind: "batch", files: 1, replaced: 1, lost: 1 }),
    );
    expect(await stream.rows("v")).toEqual([["a"], ["c"], ["new"]]);
    expect(await landed(stream)).toEqual([
      ["1", "a"],
      ["2", "new"],
    ]);
    // A process that only looks sees the same.
    const onlooker = await Lake.open({
      connections: lake.isolation.connections,
      engine: { memoryLimit: "1GB", threads: 1 },
      extensions: lake.isolation.tools.extensions,
      spillDir: join(lake.isolation.folder, "spill-onlooker"),
      mode: "read",
    });
    const seen = await collectStatus({ ...parts, lake: onlooker });
    expect(seen.streams).toMatchObject([{ waitingFiles: 0 }]);
    onlooker.close();
  });
});

/** What retention does to one file: its rows leave landing, and the ledger says so. */
async function removeAsRetentionDoes(stream: FedStream, key: string): Promise<void> {
  const { asset } = stream.context.stream.processed;
  await lake.lake.withSession(async (session) => {
    const epoch = await readFence(session, asset);
    await commitSnapshot(session, async () => {
      await session.execute(
        `DELETE FROM ${stream.landingTable} WHERE filename = ${literal(lake.store.url(key))}`,
      );
      const next = await advanceFence(session, asset, epoch);
      await session.execute(
        `INSERT INTO lakehouse.meta.feeder_file_log SELECT source, stream, key, etag, size, rows, batch, 'removed',
           registered_path, ${next}, now() FROM lakehouse.meta.feeder_files WHERE key = ${literal(key)}`,
      );
      return { result: null, note: { author: "test", message: "retention", details: {} } };
    });
  });
}
