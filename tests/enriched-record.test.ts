import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { EnrichedModel } from "../assets/definitions.ts";
import { materialize } from "../assets/enriched/materialize.ts";
import { lastMaterializations } from "../assets/materializations.ts";
import { whyStale } from "../assets/staleness.ts";
import type { Lake } from "../lake/lake.ts";
import { changedTables, changeFeed } from "../lake/snapshots.ts";
import { EnrichedLake, openLake } from "./support/enriched-fixture.ts";

/** What is recorded of a run, and what happens to the feed between two runs. */
let lake: EnrichedLake;

beforeAll(async () => {
  lake = await EnrichedLake.open();
});
afterAll(() => lake.close());

let number = 0;
let table: string;
let asset: string;
let model: EnrichedModel;

/** Each test has tables of its own. */
beforeEach(async () => {
  number += 1;
  table = `int_${number}`;
  asset = `fct_${number}`;
  await lake.run(`CREATE TABLE ${table} (id INTEGER, day DATE, amount INTEGER)`);
  await lake.write(
    `INSERT INTO ${table} SELECT i, DATE '2024-01-01' + (i % 3)::INTEGER, i FROM range(9) AS r (i)`,
  );
  model = await lake.model(
    asset,
    `/* ---\nunique_key: day\n--- */ SELECT day, sum(amount)::INTEGER AS amount, count(*) AS n FROM ${table} GROUP BY day`,
  );
  await lake.materialize(model, { runId: "first" });
});

const day = (offset: number) => `DATE '2024-01-01' + ${offset}`;

async function lastRecord() {
  const [row] = await lake.rows(
    `SELECT * FROM lakehouse.meta.materializations WHERE asset = '${asset}' ORDER BY epoch DESC LIMIT 1`,
  );
  return row;
}

async function staleness(of = model): Promise<string | null> {
  return lake.lake.withSession(async (session) => {
    const last = await lastMaterializations(session);
    return whyStale(of, { last, changes: await changedTables(session, 0) });
  });
}

describe("the record", () => {
  test("is in the run's snapshot and names the snapshot that was read", async () => {
    await lake.write(`INSERT INTO ${table} VALUES (20, ${day(0)}, 1)`);
    const read = await lake.currentSnapshot();
    expect(await staleness()).toBe(`${table} changed`);
    const outcome = await lake.materialize(model, { runId: "second" });
    expect(outcome.snapshot).toBe(read + 1);
    expect(await staleness()).toBeNull();
    expect(await lastRecord()).toMatchObject({
      asset,
      upstream_snapshots: JSON.stringify({ [table]: read }),
      code_hash: model.codeHash,
      mode: "incremental",
      reason: null,
      rows: "3",
      changed_rows: "1",
      run: "second",
      epoch: "2",
    });
    const [before] = await lake.rows(
      `SELECT count(*) AS n FROM lakehouse.meta.materializations AT (VERSION => ${read}) WHERE asset = '${asset}'`,
    );
    expect(before?.n).toBe("1");
    const [snapshot] = await lake.rows(
      `SELECT author, commit_message, commit_extra_info FROM ducklake_snapshots('lakehouse') WHERE snapshot_id = ${outcome.snapshot}`,
    );
    expect(snapshot).toMatchObject({ author: asset, commit_message: `update ${asset}: 1 rows` });
    expect(JSON.parse(String(snapshot?.commit_extra_info))).toEqual({
      runId: "second",
      asset,
      mode: "incremental",
      readSnapshot: read,
    });
  });

  test("does not count a batch that commits while a run goes on; the next run takes it", async () => {
    const other = await openLake(lake.isolation);
    try {
      await lake.write(`INSERT INTO ${table} VALUES (20, ${day(0)}, 1)`);
      const read = await lake.currentSnapshot();
      const stopped = stopAt(lake.lake, "lotus_fresh");
      const running = materialize(stopped.lake, model, { runId: "slow", full: false });
      await stopped.reached;
      await other.withSession((session) =>
        session.execute(`INSERT INTO ${table} VALUES (21, ${day(1)}, 100), (22, ${day(7)}, 100)`),
      );
      stopped.goOn();
      expect(await running).toMatchObject({ mode: "incremental", changedRows: 1, snapshot: read + 2 });
      expect(await lastRecord()).toMatchObject({ upstream_snapshots: JSON.stringify({ [table]: read }) });
      expect(await staleness()).toBe(`${table} changed`);
      expect(await lake.materializeRight(model)).toMatchObject({ mode: "incremental", changedRows: 2 });
      expect(await staleness()).toBeNull();
    } finally {
      other.close();
    }
  });

  test("is one of two when two runs go on at once, and the table is right", async () => {
    const other = await openLake(lake.isolation);
    try {
      await lake.write(`INSERT INTO ${table} VALUES (20, ${day(0)}, 1)`);
      const stopped = stopAt(lake.lake, "lotus_fresh");
      const slow = materialize(stopped.lake, model, { runId: "slow", full: false });
      await stopped.reached;
      const fast = await materialize(other, model, { runId: "fast", full: false });
      expect(fast).toMatchObject({ mode: "incremental", changedRows: 1 });
      await lake.write(`UPDATE ${table} SET amount = 50 WHERE id = 1`);
      stopped.goOn();
      // Its first attempt lost; planned again, it has only the update left to do.
      expect(await slow).toMatchObject({ mode: "incremental", changedRows: 1 });
      await lake.expectRight(model);
      const records = await lake.list(
        `SELECT run, epoch FROM lakehouse.meta.materializations WHERE asset = '${asset}'`,
      );
      expect(records).toEqual(["fast|2", "first|1", "slow|3"]);
      expect(await lake.list(`SELECT epoch FROM lakehouse.meta.fence_${asset}`)).toEqual(["3"]);
    } finally {
      other.close();
    }
  });

  test("comes once from each of two first runs at once", async () => {
    const fresh = await lake.model(`${asset}_new`, model.sql);
    const other = await openLake(lake.isolation);
    try {
      await Promise.all([
        materialize(lake.lake, fresh, { runId: "one", full: false }),
        materialize(other, fresh, { runId: "two", full: false }),
      ]);
      await lake.expectRight(fresh);
      const [count] = await lake.rows(`SELECT count(*) AS n FROM ${fresh.asset}`);
      expect(count?.n).toBe("3");
    } finally {
      other.close();
    }
  });

  test("is not written when the run is cancelled", async () => {
    await lake.write(`INSERT INTO ${table} VALUES (20, ${day(0)}, 1)`);
    const before = await lake.currentSnapshot();
    const controller = new AbortController();
    const slow: EnrichedModel = {
      ...model,
      sql: `${model.sql} HAVING (SELECT sum(a.range * b.range) FROM range(10000000) AS a, range(100000) AS b) > 0`,
    };
    const running = materialize(lake.lake, slow, { runId: "no", full: true, signal: controller.signal });
    setTimeout(() => controller.abort(), 1000);
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await lake.currentSnapshot()).toBe(before);
    expect(await lake.materializeRight(model)).toMatchObject({ mode: "incremental", changedRows: 1 });
  });
});

describe("the feed", () => {
  test("of a table that was created anew leads to a rebuild, also where it is empty", async () => {
    await lake.run(`CREATE OR REPLACE TABLE ${table} AS SELECT * FROM ${table} WHERE id < 4`);
    expect(await staleness()).toBe(`${table} changed`);
    expect(await lake.materializeRight(model)).toMatchObject({
      mode: "rebuild",
      reason: `${table} was created anew`,
    });
    await lake.run(`CREATE OR REPLACE TABLE ${table} (id INTEGER, day DATE, amount INTEGER)`);
    expect(await staleness()).toBe(`${table} changed`);
    expect(await lake.materializeRight(model)).toMatchObject({ mode: "rebuild", rows: 0 });
    await lake.run(
      `CREATE TABLE swap AS SELECT 1 AS id, ${day(5)} AS day, 7 AS amount`,
      `DROP TABLE ${table}`,
    );
    await lake.run(`ALTER TABLE swap RENAME TO ${table}`);
    expect(await lake.materializeRight(model)).toMatchObject({ mode: "rebuild", rows: 1 });
    expect(await staleness()).toBeNull();
  });

  test("over a column that was dropped or retyped leads to a rebuild, over one that was added not", async () => {
    await lake.run(`ALTER TABLE ${table} ADD COLUMN note VARCHAR`);
    expect(await lake.materializeRight(model)).toMatchObject({ mode: "incremental", changedRows: 0 });
    await lake.run(`ALTER TABLE ${table} DROP COLUMN note`);
    expect(await lake.materializeRight(model)).toMatchObject({
      mode: "rebuild",
      reason: `${table} lost or retyped a column`,
    });
    await lake.run(`ALTER TABLE ${table} DROP COLUMN day`, `ALTER TABLE ${table} ADD COLUMN day DATE`);
    await lake.write(`UPDATE ${table} SET day = ${day(9)}`);
    expect(await lake.materializeRight(model)).toMatchObject({ mode: "rebuild", rows: 1 });
  });

  // Files of their own: rows in the catalog do not expire with their snapshots in the same way.
  test.each([true, false])("with expired snapshots leads to a rebuild (inlined: %s)", async (inlined) => {
    await lake.run(
      `CALL lakehouse.set_option('data_inlining_row_limit', ${inlined ? 10 : 0}, schema => 'main', table_name => '${table}')`,
    );
    await lake.write(`INSERT INTO ${table} VALUES (30, ${day(30)}, 1)`);
    await lake.materialize(model);
    await lake.write(`DELETE FROM ${table} WHERE id = 30`);
    await expireAllButLast();
    expect(await staleness()).toBe(`${table} changed`);
    expect(await lake.materializeRight(model)).toMatchObject({
      mode: "rebuild",
      reason: `${table} has changes whose snapshots have expired`,
    });
    expect(await staleness()).toBeNull();
  });

  test("whose start alone is gone cannot show what went then: a rebuild", async () => {
    await lake.run(
      `CALL lakehouse.set_option('data_inlining_row_limit', 0, schema => 'main', table_name => '${table}')`,
    );
    await lake.write(`INSERT INTO ${table} VALUES (30, ${day(30)}, 1)`);
    const stopped = stopAt(lake.lake, "lotus_fresh");
    const running = materialize(stopped.lake, model, { runId: "slow", full: false });
    await stopped.reached;
    // The first snapshot after the one that the run reads: all that its feed has to start from.
    await lake.write(`DELETE FROM ${table} WHERE id = 30`);
    stopped.goOn();
    await running;
    const { [table]: read } = JSON.parse(String((await lastRecord())?.upstream_snapshots));
    await lake.run(
      `CALL ducklake_expire_snapshots('lakehouse', versions => [${Array.from({ length: read }, (_, index) => index + 1)}])`,
    );
    expect(await lake.materializeRight(model)).toMatchObject({ mode: "rebuild" });
  });

  test("with a gap in the middle is not relied upon: a rebuild", async () => {
    await lake.write(`UPDATE ${table} SET amount = 10 WHERE id = 0`);
    await lake.materialize(model);
    await lake.run("CREATE TABLE IF NOT EXISTS unrelated (x INTEGER)");
    await lake.write(`UPDATE ${table} SET amount = 100 WHERE id = 1`);
    const gap = await lake.currentSnapshot();
    await lake.write("INSERT INTO unrelated VALUES (1)");
    await lake.run(`CALL ducklake_expire_snapshots('lakehouse', versions => [${gap}])`);
    expect(await staleness()).toBe(`${table} changed`);
    expect(await lake.materializeRight(model)).toMatchObject({
      mode: "rebuild",
      reason: `${table} has changes whose snapshots have expired`,
      changedRows: 1,
    });
    expect(await staleness()).toBeNull();
  });

  test("survives flushing, merging and rewriting: nothing lost, nothing invented", async () => {
    const files = `CALL lakehouse.set_option('data_inlining_row_limit', 0, schema => 'main', table_name => '${table}')`;
    await lake.write(`UPDATE ${table} SET amount = 10 WHERE id = 0`, `DELETE FROM ${table} WHERE id = 1`);
    await lake.run(`CALL ducklake_flush_inlined_data('lakehouse', table_name => '${table}')`);
    expect(await lake.materializeRight(model)).toMatchObject({ mode: "incremental", changedRows: 2 });
    await lake.run(`CALL ducklake_flush_inlined_data('lakehouse')`, files);
    expect(await staleness()).toBeNull();
    await lake.write(`INSERT INTO ${table} VALUES (40, ${day(40)}, 1)`);
    await lake.write(`INSERT INTO ${table} VALUES (41, ${day(41)}, 1)`);
    await lake.write(`DELETE FROM ${table} WHERE id = 2`);
    await lake.run(`CALL ducklake_merge_adjacent_files('lakehouse', '${table}')`);
    const merged = await lake.materializeRight(model);
    expect(merged).toMatchObject({ mode: "incremental", changedRows: 3 });
    await lake.run(`CALL ducklake_merge_adjacent_files('lakehouse', '${table}')`);
    await lake.run(`CALL ducklake_rewrite_data_files('lakehouse', '${table}', delete_threshold => 0.0)`);
    expect(await staleness()).toBeNull();
    const after = await lake.materializeRight(model);
    expect(after).toMatchObject({ mode: "incremental", changedRows: 0 });
    // A rewrite shows in the feed as an update of every row: more keys are redone, and no row is written.
    await lake.write(`UPDATE ${table} SET amount = 11 WHERE id = 3`);
    await lake.run(`CALL ducklake_rewrite_data_files('lakehouse', '${table}', delete_threshold => 0.0)`);
    await lake.write(`DELETE FROM ${table} WHERE id = 4`);
    expect(await lake.materializeRight(model)).toMatchObject({ mode: "incremental", changedRows: 2 });
  });

  test("and older snapshots, under a predicate, lose no rows to today's statistics (ducklake issue 1377)", async () => {
    await lake.run(`CALL ducklake_flush_inlined_data('lakehouse', table_name => '${table}')`);
    await lake.write(`UPDATE ${table} SET day = NULL WHERE id = 8`);
    await lake.run(`CALL ducklake_flush_inlined_data('lakehouse', table_name => '${table}')`);
    const before = await lake.currentSnapshot();
    await lake.write(`DELETE FROM ${table} WHERE amount >= 5`);
    // Rewriting makes the table's statistics narrower than its past.
    await lake.run(`CALL ducklake_rewrite_data_files('lakehouse', '${table}', delete_threshold => 0.0)`);
    const feed = changeFeed({ schema: "main", name: table }, before, await lake.currentSnapshot());
    const old = `${table} AT (VERSION => ${before})`;
    expect(await lake.list(`SELECT count(*) FROM ${old} WHERE amount > 4`)).toEqual(["4"]);
    expect(await lake.list(`SELECT count(day) FROM ${old}`)).toEqual(["8"]);
    // The same delete can stand there twice.
    expect(await lake.list(`SELECT count(DISTINCT id) FROM ${feed} WHERE amount > 4`)).toEqual(["4"]);
    expect(await lake.list(`SELECT count(DISTINCT id) FROM ${feed} WHERE day IS NULL`)).toEqual(["1"]);
    expect(await lake.materializeRight(model)).toMatchObject({ mode: "incremental", rows: 3 });
    const filtered = await lake.model(
      `${asset}_big`,
      `/* ---\nunique_key: id\nchanges: { ${table}: "CASE WHEN amount > 4 THEN id END" }\n--- */ SELECT id, amount FROM ${table} WHERE amount > 4`,
    );
    await lake.materialize(filtered);
    await lake.write(`UPDATE ${table} SET amount = 77 WHERE id = 1`);
    await lake.materializeRight(filtered);
    await lake.write(`UPDATE ${table} SET amount = -1 WHERE id = 1`);
    expect(await lake.materializeRight(filtered)).toMatchObject({
      mode: "incremental",
      changedRows: 1,
      rows: 0,
    });
  });

  test("that shows an update twice counts it once (ducklake issue 1387)", async () => {
    await lake.write(
      `UPDATE ${table} SET amount = 10 WHERE id = 0`,
      `UPDATE ${table} SET amount = 20 WHERE id = 0`,
      `UPDATE ${table} SET day = ${day(9)} WHERE id = 0`,
      `DELETE FROM ${table} WHERE id = 1`,
      `INSERT INTO ${table} VALUES (1, ${day(8)}, 1)`,
    );
    const outcome = await lake.materializeRight(model);
    expect(outcome).toMatchObject({ mode: "incremental", changedRows: 4 });
    expect(await lake.feedOf(asset, outcome.snapshot)).toEqual([
      "insert 2024-01-09|1|1",
      "insert 2024-01-10|20|1",
      "update_postimage 2024-01-01|9|2",
      "update_postimage 2024-01-02|11|2",
      "update_preimage 2024-01-01|9|3",
      "update_preimage 2024-01-02|12|3",
    ]);
  });

  test("of two upstreams that were read at different times is taken from each one's own", async () => {
    await lake.run(`CREATE TABLE ${table}_b (id INTEGER, bonus INTEGER)`);
    const both = await lake.model(
      `${asset}_both`,
      `/* ---\nunique_key: id\n--- */ SELECT a.id, a.amount, b.bonus FROM ${table} AS a LEFT JOIN ${table}_b AS b ON b.id = a.id`,
    );
    expect(both.upkeep.mode).toBe("incremental");
    await lake.materialize(both);
    await lake.write(`INSERT INTO ${table}_b VALUES (1, 5)`);
    expect(await lake.materializeRight(both)).toMatchObject({ mode: "incremental", changedRows: 1 });
    await lake.write(`UPDATE ${table} SET amount = 6 WHERE id = 2`, `DELETE FROM ${table}_b WHERE id = 1`);
    expect(await lake.materializeRight(both)).toMatchObject({ mode: "incremental", changedRows: 2 });
    const wider = await lake.model(
      both.asset,
      both.sql.replace("---\nunique", "---\non_code_change: keep\nunique") +
        ` SEMI JOIN ${asset} AS c ON c.day = a.day`,
    );
    expect(await lake.materialize(wider)).toMatchObject({
      mode: "rebuild",
      reason: `${asset} was not read before`,
    });
  });
});

async function expireAllButLast(): Promise<void> {
  await lake.run("CALL ducklake_expire_snapshots('lakehouse', older_than => now() + INTERVAL 1 HOUR)");
  await lake.run("CALL ducklake_cleanup_old_files('lakehouse', cleanup_all => true)");
}

/** A lake whose first session stops, once, before the first statement that creates this temporary table. */
function stopAt(real: Lake, temporary: string) {
  let goOn = () => {};
  let arrive = () => {};
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const released = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let stopped = false;
  const stopping: Pick<Lake, "withSession"> = {
    withSession: (work, signal) =>
      real.withSession((session) => {
        const execute = session.execute.bind(session);
        session.execute = async (sql) => {
          if (!stopped && sql.includes(`TEMP TABLE ${temporary}`)) {
            stopped = true;
            arrive();
            await released;
          }
          return execute(sql);
        };
        return work(session).finally(() => {
          session.execute = execute;
        });
      }, signal),
  };
  return { lake: stopping as Lake, reached, goOn: () => goOn() };
}
