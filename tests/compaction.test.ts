import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { advancePosition } from "../assets/enriched/advance.ts";
import { liveFilesSql } from "../lake/catalog-files.ts";
import { compactTable } from "../lake/compaction.ts";
import { advanceFence, readFence } from "../lake/fence.ts";
import { flushMeta } from "../lake/flush.ts";
import { changedTables, rowChanges, tableAt } from "../lake/snapshots.ts";
import { commitSnapshot } from "../lake/transaction.ts";
import { EnrichedLake } from "./support/enriched-fixture.ts";

let lake: EnrichedLake;
beforeAll(async () => {
  lake = await EnrichedLake.open();
});
afterAll(() => lake.close());

/** Twelve batches of new and of updated rows, as a feeder writes them: many small files, many deletes. */
async function manyBatches(name: string, layout = ""): Promise<void> {
  await lake.run(`CREATE TABLE lakehouse.main.${name} (id BIGINT, day BIGINT, v BIGINT)`);
  if (layout) await lake.run(`ALTER TABLE lakehouse.main.${name} SET PARTITIONED BY (${layout})`);
  for (let batch = 0; batch < 12; batch += 1) {
    await lake.write(`MERGE INTO lakehouse.main.${name} t
      USING (SELECT ${batch * 20} + r AS id, (${batch * 20} + r) % 2 AS day, ${batch} AS v FROM range(40) x(r)) n
      ON t.id = n.id WHEN MATCHED THEN UPDATE SET v = n.v WHEN NOT MATCHED THEN INSERT`);
  }
}

const files = (name: string) => lake.rows(liveFilesSql({ schema: "main", name }));
const contents = (name: string) => lake.list(`SELECT id, day, v FROM lakehouse.main.${name}`);
const compact = (name: string) =>
  compactTable(lake.lake, { schema: "main", name }, { asset: name, runId: "test" });

describe("compactTable", () => {
  test("makes many small files few, changes no row, and finds nothing to do afterwards", async () => {
    await manyBatches("int_few");
    const before = await contents("int_few");
    expect((await files("int_few")).length).toBeGreaterThanOrEqual(12);
    const outcome = await compact("int_few");
    expect(outcome.files).toBeGreaterThanOrEqual(12);
    expect(await files("int_few")).toHaveLength(1);
    expect(await contents("int_few")).toEqual(before);
    const snapshot = await lake.currentSnapshot();
    expect(await compact("int_few")).toEqual({ files: 0, remaining: false });
    expect(await lake.currentSnapshot()).toBe(snapshot);
  });

  test("keeps the partitions apart", async () => {
    await manyBatches("int_parts", "day");
    const before = await contents("int_parts");
    await compact("int_parts");
    const after = await files("int_parts");
    expect(after.map((file) => file.place).sort()).toEqual(["0", "1"]);
    expect(await contents("int_parts")).toEqual(before);
  });

  test("leaves every older snapshot as it was, with and without a predicate", async () => {
    const start = await lake.currentSnapshot();
    await manyBatches("int_past");
    await lake.write("DELETE FROM lakehouse.main.int_past WHERE id % 3 = 0");
    const end = await lake.currentSnapshot();
    const read = async () => {
      const found: string[][] = [];
      for (let snapshot = start + 1; snapshot <= end; snapshot += 1) {
        const past = tableAt({ schema: "main", name: "int_past" }, snapshot);
        found.push(await lake.list(`SELECT id, v FROM ${past}`));
        found.push(await lake.list(`SELECT id, v FROM ${past} WHERE v = 3 AND id > 70`));
      }
      return found;
    };
    const before = await read();
    await compact("int_past");
    expect(await read()).toEqual(before);
  });

  test("is not seen by what follows the table's changes", async () => {
    await manyBatches("int_seen");
    const model = await lake.model(
      "fct_seen",
      "/* ---\nunique_key: id\n--- */\nSELECT id, v * 2 AS double FROM int_seen",
    );
    await lake.materializeRight(model);
    const before = await lake.currentSnapshot();
    await compact("int_seen");
    const after = await lake.currentSnapshot();
    expect(after).toBeGreaterThan(before);
    expect(await lake.lake.withSession((session) => changedTables(session, before))).toEqual(new Map());
    const feed = await lake.lake.withSession((session) =>
      rowChanges(session, { schema: "main", name: "int_seen" }, before, after),
    );
    // Its first writer also made the table's fence, in a snapshot of its own.
    expect(await lake.rows(`SELECT * FROM ${feed}`)).toEqual([]);

    await lake.write("UPDATE lakehouse.main.int_seen SET v = 1000 WHERE id = 7");
    await compact("int_seen");
    await lake.write("DELETE FROM lakehouse.main.int_seen WHERE id = 8");
    expect(await lake.materializeRight(model)).toMatchObject({ mode: "incremental", changedRows: 2 });
  });

  test("goes on where rows were kept in the catalog before a column was added, of which DuckLake's rewrite fails", async () => {
    await lake.run("CREATE TABLE lakehouse.main.int_wider (id BIGINT, day BIGINT, v BIGINT)");
    await lake.write("INSERT INTO lakehouse.main.int_wider VALUES (100000, 0, 0), (100001, 0, 0)");
    await lake.run("ALTER TABLE lakehouse.main.int_wider ADD COLUMN coupon VARCHAR");
    for (let batch = 0; batch < 12; batch += 1)
      await lake.write(
        `INSERT INTO lakehouse.main.int_wider SELECT ${batch * 100} + range, 0, 0, 'c' FROM range(100)`,
      );
    // Deletes that leave some rows of each file, so that the files stay when the last of them go.
    await lake.write("DELETE FROM lakehouse.main.int_wider WHERE id % 100 < 40 AND id < 100000");
    const before = await contents("int_wider");
    const rewrite = lake.run(
      "CALL ducklake_rewrite_data_files('lakehouse', 'int_wider', schema => 'main', delete_threshold => 0.1)",
    );
    await expect(rewrite).rejects.toThrow(/coupon/);
    expect(await compact("int_wider")).toMatchObject({ files: 12, remaining: false });
    expect(await contents("int_wider")).toEqual(before);
    expect(await compact("int_wider")).toEqual({ files: 0, remaining: false });
  });

  test("hides nothing of what was deleted before it from those who follow", async () => {
    await manyBatches("int_lost");
    const model = await lake.model(
      "fct_lost",
      "/* ---\nunique_key: id\n--- */\nSELECT id, v * 2 AS double FROM int_lost",
    );
    await lake.materializeRight(model);
    // Deletes that are inlined, deletes in a file, and then the data file goes: DuckLake shows some at the last snapshot.
    await lake.write("DELETE FROM lakehouse.main.int_lost WHERE id BETWEEN 220 AND 224");
    await lake.write("DELETE FROM lakehouse.main.int_lost WHERE id BETWEEN 225 AND 229");
    await lake.write(
      "DELETE FROM lakehouse.main.int_lost WHERE id BETWEEN 20 AND 24 OR id BETWEEN 240 AND 254",
    );
    await compact("int_lost");
    await lake.run("ALTER TABLE lakehouse.main.int_lost ADD COLUMN more BIGINT");
    await lake.write("UPDATE lakehouse.main.int_lost SET v = 1000, more = 1 WHERE id = 7");
    expect(await lake.materializeRight(model)).toMatchObject({ mode: "incremental", changedRows: 31 });
  });

  test("loses against a writer that was faster, and is planned again", async () => {
    await manyBatches("int_race");
    const before = await contents("int_race");
    const [outcome] = await Promise.all([
      compact("int_race"),
      lake.lake.withSession(async (session) => {
        for (let count = 0; count < 3; count += 1) {
          const epoch = await readFence(session, "int_race");
          await commitSnapshot(session, async () => {
            await session.execute(`INSERT INTO lakehouse.main.int_race VALUES (${1000 + count}, 0, 0)`);
            await advanceFence(session, "int_race", epoch);
            return { result: null, note: { author: "test", message: "feed", details: {} } };
          }).catch(() => {
            count -= 1;
          });
        }
      }),
    ]);
    expect(outcome.files).toBeGreaterThan(0);
    expect(await contents("int_race")).toEqual([...before, "1000|0|0", "1001|0|0", "1002|0|0"].sort());
  });
});

describe("flushMeta", () => {
  test("writes a long log out while others append to it, and no row is lost", async () => {
    const rows = (from: number, count: number) =>
      `INSERT INTO lakehouse.meta.asset_state_log SELECT 'a' || r, 'ok', NULL, 'h', 'r', now() FROM range(${from}, ${from + count}) t(r)`;
    for (let count = 0; count < 6; count += 1) await lake.write(rows(count * 900, 900));
    const flush = flushMeta(lake.lake, { runId: "test" });
    for (let count = 0; count < 5; count += 1) await lake.write(rows(10_000 + count, 1));
    expect(await flush).toEqual(["asset_state_log written out"]);
    expect(
      await lake.rows(
        "SELECT count(*)::INTEGER AS rows, count(DISTINCT asset)::INTEGER AS assets FROM lakehouse.meta.asset_state_log",
      ),
    ).toEqual([{ rows: 5405, assets: 5405 }]);
    expect(
      (await lake.rows(liveFilesSql({ schema: "meta", name: "asset_state_log" }))).length,
    ).toBeGreaterThan(0);
    expect(await flushMeta(lake.lake, { runId: "test" })).toEqual([]);
  });
});

describe("advancePosition", () => {
  test("moves a quiet table on to now, and leaves a stale one where it is", async () => {
    await lake.run("CREATE TABLE lakehouse.main.int_quiet (id BIGINT, v BIGINT)");
    await lake.write("INSERT INTO lakehouse.main.int_quiet VALUES (1, 1)");
    const model = await lake.model(
      "fct_quiet",
      "/* ---\nunique_key: id\n--- */\nSELECT id, v FROM int_quiet",
    );
    expect(await advancePosition(lake.lake, model, { runId: "early" })).toEqual({ advanced: false });
    await lake.materializeRight(model);
    await lake.write("INSERT INTO lakehouse.meta.quarantine_log (source) VALUES ('elsewhere')");
    const now = await lake.currentSnapshot();
    expect(await advancePosition(lake.lake, model, { runId: "quiet" })).toEqual({ advanced: true });
    const [last] = await lake.rows(
      "SELECT upstream_snapshots, mode, changed_rows, rows FROM lakehouse.meta.materializations WHERE asset = 'fct_quiet' ORDER BY epoch DESC LIMIT 1",
    );
    expect(last).toEqual({
      upstream_snapshots: JSON.stringify({ int_quiet: now }),
      mode: "incremental",
      changed_rows: "0",
      rows: "1",
    });
    await lake.write("INSERT INTO lakehouse.main.int_quiet VALUES (2, 2)");
    expect(await advancePosition(lake.lake, model, { runId: "stale" })).toEqual({ advanced: false });
    expect(await lake.materializeRight(model)).toMatchObject({ mode: "incremental", changedRows: 1 });
  });
});
