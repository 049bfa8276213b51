import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Project, Stream } from "../assets/definitions.ts";
import { type FeederContext, feedBatch } from "../assets/feeder/feed-batch.ts";
import { rebuildProcessed } from "../assets/feeder/rebuild.ts";
import { RunnableModel } from "../assets/feeder/runnable-model.ts";
import { openScratch, type Session } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import { Backlog } from "../sensors/backlog.ts";
import { ObjectStore } from "../sensors/object-store.ts";
import { EnrichedLake } from "./support/enriched-fixture.ts";
import { errorsOf, loadFiles } from "./support/project-fixture.ts";

/** Processed tables, rebuilt in place, and enriched tables above them, fed from files. */
let lake: EnrichedLake;
let scratch: Session;
let store: ObjectStore;

beforeAll(async () => {
  lake = await EnrichedLake.open();
  scratch = await openScratch();
  store = new ObjectStore(lake.isolation.connections.s3);
});
afterAll(() => {
  store.close();
  scratch.close();
  lake.close();
});

const FIELDS = {
  id: { type: "integer" },
  updated_at: { type: "string", format: "date-time" },
  amount: { type: "integer" },
  _ab_cdc_deleted_at: { type: "string" },
};
const config = (stream: string, more: object = {}) => ({
  [`dag/streams/shop/${stream}.json`]: {
    stream,
    primary_key: [["id"]],
    cursor_field: ["updated_at"],
    fields: FIELDS,
    ...more,
  },
});

async function load(files: Record<string, string | object>): Promise<Project> {
  const project = await loadFiles(files);
  expect(errorsOf(project)).toEqual([]);
  return project;
}

async function contextOf(project: Project, name: string): Promise<FeederContext> {
  const stream = project.streams.find((candidate) => candidate.stream === name) as Stream;
  const model = await RunnableModel.prepare(scratch, stream.processed, stream.landing.table);
  const watched = { source: "shop", stream: name, lookbackDays: stream.feeder.lookbackDays };
  return { lake: lake.lake, store, stream, backlog: new Backlog(watched, store), model };
}

function rebuild(context: FeederContext, reason = "asked for") {
  return rebuildProcessed(context, { runId: "test", reason });
}

/** Landed rows `(id, hour of the update, amount)`, as if files had brought them. */
function land(stream: string, rows: [number, number, number | null][], generation = 1): Promise<void> {
  const list = rows.map(
    ([id, hour, amount]) => `SELECT ${id} AS id, ${at(hour)} AS updated_at, ${amount ?? "NULL"} AS amount,
      ${at(hour)} AS _airbyte_extracted_at, 'r${hour}' AS _airbyte_raw_id, ${generation} AS _airbyte_generation_id`,
  );
  return lake.write(`INSERT INTO staging.stg_shop__${stream} BY NAME ${list.join(" UNION ALL ")}`);
}

const at = (hour: number) => `(TIMESTAMPTZ '2024-01-01 00:00:00+00' + INTERVAL ${hour} HOUR)`;

async function feed(asset: string, snapshot: number | null): Promise<string[]> {
  const rows = await lake.rows(
    `SELECT change_type, id, amount FROM ducklake_table_changes('lakehouse', 'main', '${asset}', ${snapshot}, ${snapshot})`,
  );
  return rows.map((row) => `${row.change_type} ${row.id}|${row.amount}`).sort();
}

describe("a processed table rebuilt in place", () => {
  test("is the latest version of each key, and only rows that differ are written", async () => {
    const orders = await contextOf(await load(config("one")), "one");
    expect(await rebuild(orders, "created")).toMatchObject({ rows: 0, changedRows: 0 });
    await land("one", [
      [1, 1, 10],
      [1, 3, 30],
      [1, 2, 20],
      [2, 1, 5],
      [3, 1, null],
    ]);
    expect(await rebuild(orders)).toMatchObject({ asset: "int_shop__one", rows: 3, changedRows: 3 });
    expect(await lake.list("SELECT id, amount FROM int_shop__one")).toEqual(["1|30", "2|5", "3|NULL"]);
    const again = await rebuild(orders);
    expect(again.changedRows).toBe(0);
    expect(await feed("int_shop__one", again.snapshot)).toEqual([]);
    await land("one", [
      [2, 0, 99],
      [3, 2, 7],
      [4, 1, 8],
    ]);
    await lake.write("INSERT INTO int_shop__one (id, amount) VALUES (50, 1)");
    const outcome = await rebuild(orders);
    expect(await feed("int_shop__one", outcome.snapshot)).toEqual([
      "delete 50|1",
      "insert 4|8",
      "update_postimage 3|7",
      "update_preimage 3|null",
    ]);
    const [record] = await lake.rows(
      "SELECT * FROM meta.materializations WHERE asset = 'int_shop__one' ORDER BY epoch DESC LIMIT 1",
    );
    expect(record).toMatchObject({
      mode: "rebuild",
      reason: "asked for",
      rows: "4",
      changed_rows: "3",
      run: "test",
    });
    expect(JSON.parse(String(record?.upstream_snapshots))).toEqual({ stg_shop__one: outcome.snapshot - 1 });
  });

  test("follows its model: values, columns, types, key", async () => {
    const versions = [
      "SELECT id, amount FROM stg_shop__two",
      "SELECT id, amount * 2 AS amount FROM stg_shop__two; -- as it runs in a shell",
      "SELECT id, amount::VARCHAR AS amount, id % 2 = 0 AS even FROM stg_shop__two",
      "/* ---\nunique_key: order_id\n--- */ SELECT id AS order_id, amount FROM stg_shop__two",
    ];
    const expected = [
      ["1|10", "2|20"],
      ["1|20", "2|40"],
      ["1|10|false", "2|20|true"],
      ["1|10", "2|20"],
    ];
    for (const [index, sql] of versions.entries()) {
      const project = await load({ ...config("two"), "processed/shop/int_shop__two.sql": sql });
      const context = await contextOf(project, "two");
      if (index === 0) {
        await rebuild(context);
        await land("two", [
          [1, 1, 10],
          [2, 1, 20],
        ]);
      }
      await rebuild(context, "the model changed");
      const names = context.stream.processed.columns.map(({ name }) => name).join(", ");
      expect(await lake.list(`SELECT ${names} FROM int_shop__two`)).toEqual(expected[index]);
      expect((await rebuild(context)).changedRows).toBe(0);
    }
  });

  test("keeps tombstones and the stream's versions, which a later batch compares with", async () => {
    const project = await load({
      ...config("three"),
      "processed/shop/int_shop__three.sql": "SELECT id, amount FROM stg_shop__three",
    });
    const context = await contextOf(project, "three");
    await rebuild(context);
    await lake.write(
      `INSERT INTO staging.stg_shop__three BY NAME SELECT 1 AS id, 10 AS amount, ${at(1)} AS updated_at
       UNION ALL BY NAME SELECT 1 AS id, 10 AS amount, ${at(2)} AS updated_at, '2024-01-02' AS _ab_cdc_deleted_at`,
    );
    await rebuild(context);
    expect(
      await lake.list(
        "SELECT id, amount, _ab_cdc_deleted_at, updated_at AT TIME ZONE 'UTC' FROM int_shop__three",
      ),
    ).toEqual(["1|10|2024-01-02|2024-01-01 02:00:00"]);
  });

  test("of a stream without a key has every row; of an overwrite stream the newest generation", async () => {
    const keyless = await contextOf(await load(config("four", { primary_key: [] })), "four");
    await rebuild(keyless);
    await land("four", [
      [1, 1, 10],
      [1, 1, 10],
    ]);
    expect(await rebuild(keyless)).toMatchObject({ rows: 2, changedRows: 2 });
    expect(await rebuild(keyless)).toMatchObject({ rows: 2, changedRows: 0 });
    const full = { sync_mode: "full_refresh", destination_sync_mode: "overwrite" };
    const overwritten = await contextOf(await load(config("five", full)), "five");
    await rebuild(overwritten);
    await land("five", [
      [1, 1, 10],
      [2, 1, 20],
    ]);
    await rebuild(overwritten);
    await land("five", [[2, 2, 20]], 2);
    await land("five", [[3, 3, 30]], 1);
    await rebuild(overwritten, "a generation is complete");
    expect(await lake.list("SELECT id, amount FROM int_shop__five")).toEqual(["2|20"]);
  });

  test("whose model fails, or whose key is not unique, stays as it is", async () => {
    const sound = await contextOf(await load(config("six")), "six");
    await rebuild(sound);
    await land("six", [
      [1, 1, 10],
      [2, 1, 10],
    ]);
    await rebuild(sound);
    const faults = [
      "SELECT id, error('no')::INTEGER AS amount FROM stg_shop__six",
      "/* ---\nunique_key: amount\n--- */ SELECT id, amount FROM stg_shop__six",
    ];
    for (const sql of faults) {
      const project = await load({ ...config("six"), "processed/shop/int_shop__six.sql": sql });
      await expect(rebuild(await contextOf(project, "six"))).rejects.toMatchObject({
        code: "MODEL_FAILED",
        message: expect.stringContaining("int_shop__six"),
      });
    }
    expect(await lake.list("SELECT id, amount FROM int_shop__six")).toEqual(["1|10", "2|10"]);
  });
});

describe("from files to facts", () => {
  /** Uploads rows as one raw file of a day. */
  async function drop(stream: string, day: number, name: string, select: string): Promise<void> {
    const path = join(lake.isolation.folder, "raw.parquet");
    await scratch.execute(`COPY (${select}) TO ${literal(path)} (FORMAT parquet)`);
    const key = `raw/shop/${stream}/year=2024/month=01/day=0${day}/2024_01_0${day}_${name}.parquet`;
    await store.put(key, await readFile(path));
  }

  async function feedAll(context: FeederContext): Promise<void> {
    for (let batch = 0; ; batch += 1) {
      const id = `${context.stream.stream}-${batch}-${Date.now()}`;
      const outcome = await feedBatch(context, { batchId: id, runId: "test" });
      expect(outcome.quarantined).toBe(0);
      if (outcome.files === 0) return;
    }
  }

  const row = (id: number, hour: number, amount: number, deleted = "NULL") =>
    `SELECT ${id}::BIGINT AS id, ${at(hour)} AS updated_at, ${amount}::BIGINT AS amount,
      ${deleted}::VARCHAR AS _ab_cdc_deleted_at, ${at(hour)} AS _airbyte_extracted_at, 'r${hour}' AS _airbyte_raw_id`;

  test("a fact follows what a batch changed: not a stale version, a late file, a deletion", async () => {
    const project = await load({
      ...config("orders"),
      ...config("refunds", {
        fields: { ...FIELDS, order_id: { type: "integer" } },
      }),
      "enriched/sales/fct_orders.sql": `/* ---\nunique_key: id\n--- */
        SELECT o.id, o.amount - coalesce(r.amount, 0) AS amount FROM int_shop__orders AS o
        LEFT JOIN (SELECT order_id, sum(amount)::BIGINT AS amount FROM int_shop__refunds GROUP BY order_id) AS r
          ON r.order_id = o.id;`,
    });
    const [orders, refunds] = [await contextOf(project, "orders"), await contextOf(project, "refunds")];
    const fact = project.models[0];
    if (!fact) throw new Error("no model");
    expect(fact.upkeep.mode).toBe("incremental");
    await rebuild(orders, "created");
    await rebuild(refunds, "created");
    await drop("orders", 2, "1_0", [row(1, 24, 100), row(2, 24, 200), row(3, 24, 300)].join(" UNION ALL "));
    await feedAll(orders);
    expect(await lake.materializeRight(fact)).toMatchObject({ mode: "rebuild", rows: 3 });

    await drop("orders", 1, "1_0", `${row(1, 1, 1)} UNION ALL ${row(4, 1, 400)}`);
    await drop("refunds", 3, "1_0", `SELECT *, 2::BIGINT AS order_id FROM (${row(70, 48, 50)})`);
    await feedAll(orders);
    await feedAll(refunds);
    const late = await lake.materializeRight(fact);
    expect(late.mode).toBe("incremental");
    expect(await feed("fct_orders", late.snapshot)).toEqual([
      "insert 4|400",
      "update_postimage 2|150",
      "update_preimage 2|200",
    ]);

    await drop("orders", 4, "1_0", row(3, 72, 300, "'2024-01-04'"));
    await drop("refunds", 4, "1_0", `SELECT *, 1::BIGINT AS order_id FROM (${row(70, 72, 60)})`);
    await feedAll(orders);
    await feedAll(refunds);
    const deleted = await lake.materializeRight(fact);
    expect(deleted.mode).toBe("incremental");
    expect(await feed("fct_orders", deleted.snapshot)).toEqual([
      "delete 3|300",
      "update_postimage 1|40",
      "update_postimage 2|200",
      "update_preimage 1|100",
      "update_preimage 2|150",
    ]);

    // A rebuild of a processed table that finds nothing to write leaves nothing to do below it.
    expect((await rebuild(orders)).changedRows).toBe(0);
    expect(await lake.materializeRight(fact)).toMatchObject({ mode: "incremental", changedRows: 0 });
  });
});
