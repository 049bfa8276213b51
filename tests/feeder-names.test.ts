import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { materialize } from "../assets/enriched/materialize.ts";
import { loadProject } from "../assets/project.ts";
import { type FedStream, FeederLake, values } from "./support/feeder-fixture.ts";
import { errorsOf, loadFiles, ORDERS } from "./support/project-fixture.ts";
import { S3StandIn } from "./support/s3-stand-in.ts";

let s3: S3StandIn;
let lake: FeederLake;

beforeAll(async () => {
  // Small pages, so that keys of every kind stand at the end of one.
  s3 = await S3StandIn.start("names", 7);
  lake = await FeederLake.open(s3.connection);
});

afterAll(() => {
  lake.close();
  s3.close();
});

describe("keys that only an S3 can hold", () => {
  const NAMES = [
    "plain",
    "line\nbreak",
    "tab\tin it",
    "carriage\rreturn",
    "bell\u0007",
    "escape\u001b[31m",
    "delete\u007f",
    "next line\u0085",
    "\u2028",
    "\ufeffmark",
    "sp ace",
    "%2F",
    "%00",
    "%",
    "a+b",
    "a#b",
    "a?b=c&d",
    "it's; DROP TABLE x; --",
    '"quoted"',
    "back\\slash",
    "star*",
    "[a]",
    "日本語 🦆",
    "x".repeat(900),
    "ü".repeat(450),
    "sub/part",
    "sub/deeper/part",
    "sub//part",
    "/part",
    "x=y/part",
    "year=1999/month=12/part",
    "id=7/v=other/part",
    "a.parquet/part-0",
    " /part",
    "line\nbreak/part",
    "year=1999",
  ];

  test("are fed exactly once, whatever is in them, and the ledger has each as it is", async () => {
    const stream = await lake.stream({ feeder: { batch_files: 10 } });
    const keys: string[] = [];
    for (const [index, name] of NAMES.entries())
      keys.push(
        await stream.put(
          `2026-01-0${1 + (index % 3)}/${name}.parquet`,
          values("id, v", `(${index}, 'v${index}')`),
        ),
      );
    await stream.feed();
    expect(await stream.quarantine()).toEqual([]);
    await stream.expectFedOnce(keys);
    const rows = NAMES.map((_, index) => [index, `v${index}`, 2026, 1, 1 + (index % 3)]);
    expect(await stream.landed("id::INTEGER, v, year::INTEGER, month::INTEGER, day::INTEGER")).toEqual(rows);
    expect(await stream.rows("id::INTEGER, v")).toEqual(rows.map(([id, v]) => [id, v]));
    for (const as of [stream.context, await stream.process(lake.lake)])
      expect(await stream.feed({ as })).toMatchObject([{ files: 0, quarantined: 0 }]);
  });

  test("keys that are no text are set aside, and stop neither the listing nor the rest", async () => {
    const stream = await lake.stream();
    await stream.put("2026-01-01/good.parquet", values("id, v", "(1, 'a')"));
    const [good] = s3.objects.values();
    if (!good) throw new Error("no object");
    s3.objects.set(stream.key("2026-01-02/nul\0.parquet"), good);
    s3.objects.set(stream.key("2026-01-02/half \ud83e.parquet"), good);
    expect(await stream.feed()).toMatchObject([{ files: 1, quarantined: 2, remaining: 0 }]);
    const reasons = (await stream.quarantine()).map(({ reason }) => reason);
    expect(reasons).toEqual(Array(2).fill(expect.stringContaining("its key holds bytes that are no text")));
    expect(await stream.rows("id, v")).toEqual([["1", "a"]]);
    expect(await stream.feed()).toMatchObject([{ files: 0, quarantined: 0 }]);
  });

  test("names that begin with _ or . are a writer's own, and not looked at", async () => {
    const stream = await lake.stream();
    const file = values("id, v", "(1, 'a')");
    await stream.put("2026-01-01/a.parquet", file);
    for (const name of [
      "_SUCCESS",
      "_temporary/0/a.parquet",
      ".a.parquet.crc",
      "x/.b/c.parquet",
      "_a.parquet",
      "../a.parquet",
    ])
      await stream.put(`2026-01-01/${name}`, file);
    await stream.put("/_delta_log/0.json", Buffer.from("{}"));
    expect(await stream.feed()).toMatchObject([{ files: 1, quarantined: 0, remaining: 0 }]);
    await stream.expectFedOnce([stream.key("2026-01-01/a.parquet")]);
  });

  test("an object that changes while it has such a key", async () => {
    const stream = await lake.stream();
    const key = await stream.put("2026-01-01/line\nbreak/x=y/a.parquet", Buffer.from("torn"));
    expect(await stream.feed()).toMatchObject([{ files: 0, quarantined: 1 }]);
    expect(await stream.quarantine()).toMatchObject([{ key }]);
    await stream.put("2026-01-01/line\nbreak/x=y/a.parquet", values("id, v", "(1, 'a')"));
    expect(await stream.feed()).toMatchObject([{ files: 1, quarantined: 0 }]);
    expect(await stream.quarantine()).toEqual([]);
    expect(await stream.rows("id, v")).toEqual([["1", "a"]]);
  });
});

describe("names that mean something to SQL", () => {
  const FIELDS = {
    group: "integer",
    order: "string",
    "User Name": "string",
    "a.b": "integer",
    'q"uote': "string",
    "per;cent% --": "string",
    größe: "number",
    rowid: "integer",
    snapshot_id: "integer",
    change_type: "string",
    table: "integer",
  };
  const COLUMNS = Object.keys(FIELDS)
    .map((name) => `"${name.replaceAll('"', '""')}"`)
    .join(", ");

  const MODELS = {
    "enriched/Sales/fct_select.sql": `/* ---
unique_key: [group, "User Name"]
--- */
SELECT "group", "User Name", "a.b", größe * 2 AS "from", "rowid", "snapshot_id", "change_type", "table" AS "Table"
FROM int_Select__Order`,
    "enriched/Sales/dim_User.sql": `/* ---
unique_key: user
redo_by: user
--- */
SELECT "User Name" AS "user", count(*) AS "order", max("rowid") AS "rowid", sum("from") AS "sum", max("change_type") AS "where"
FROM fct_select GROUP BY ALL`,
    // Keys with the names of the change feed's own columns.
    ...Object.fromEntries(
      ["rowid", "snapshot_id", "change_type"].map((name) => [
        `enriched/Sales/dim_${name}.sql`,
        `/* ---\nunique_key: ${name}\n--- */\nSELECT "${name}", count(*) AS n FROM int_Select__Order GROUP BY ALL`,
      ]),
    ),
  };

  async function addModels(stream: FedStream): Promise<void> {
    for (const [path, text] of Object.entries(MODELS)) {
      await mkdir(dirname(join(stream.dir, path)), { recursive: true });
      await writeFile(join(stream.dir, path), text);
    }
  }

  test("run through feeding, models and the upkeep of what is built on them", async () => {
    const stream = await lake.stream({
      source: "Select",
      stream: "Order",
      fields: FIELDS,
      config: { primary_key: [["group"], ["User Name"]], cursor_field: ["order"] },
    });
    await addModels(stream);
    const project = await loadProject(stream.dir);
    expect(errorsOf(project)).toEqual([]);
    const row = (group: number, order: string, user: string, rowid: number) =>
      `(${group}, '${order}', '${user}', 5, 'q', 'p', 1.5, ${rowid}, 7, 'insert', 8)`;
    const run = async () => {
      const outcomes = [];
      for (const asset of ["fct_select", "dim_User", "dim_rowid", "dim_snapshot_id", "dim_change_type"]) {
        const model = project.models.find((one) => one.asset === asset);
        if (!model) throw new Error(asset);
        outcomes.push(await materialize(lake.lake, model, { runId: "names", full: false }));
      }
      return outcomes;
    };
    await stream.put(
      "2026-01-01/a.parquet",
      values(COLUMNS, row(1, "a", "x", 1), row(2, "a", "x", 2), row(1, "a", "it''s", 3)),
    );
    await stream.feed();
    expect(await run()).toMatchObject(Array(5).fill({ mode: "rebuild" }));
    await stream.put("2026-01-02/b.parquet", values(COLUMNS, row(1, "b", "x", 100), row(3, "b", "y", 4)));
    await stream.feed();
    const runs = await run();
    expect(runs.slice(0, 2)).toMatchObject(Array(2).fill({ mode: "incremental", changedRows: 2 }));
    for (const name of ["rowid", "snapshot_id", "change_type"])
      expect(await lake.query(`SELECT * FROM lakehouse.main."dim_${name}" ORDER BY ALL`)).toEqual(
        await lake.query(
          `SELECT "${name}", count(*) AS n FROM ${stream.processedTable} GROUP BY ALL ORDER BY ALL`,
        ),
      );
    expect(await stream.rows(`"group", "order", "User Name", "rowid", "snapshot_id", "change_type"`)).toEqual(
      [
        ["1", "a", "it's", "3", "7", "insert"],
        ["1", "b", "x", "100", "7", "insert"],
        ["2", "a", "x", "2", "7", "insert"],
        ["3", "b", "y", "4", "7", "insert"],
      ],
    );
    const users = await lake.query(`SELECT * FROM lakehouse.main."dim_User" ORDER BY ALL`);
    expect(users.map((user) => Object.values(user))).toEqual([
      ["it's", "1", "3", 3, "insert"],
      ["x", "2", "100", 6, "insert"],
      ["y", "1", "4", 3, "insert"],
    ]);
  });

  test("or are refused before anything runs, saying why", async () => {
    const project = await loadFiles({
      "dag/streams/my shop/orders.json": ORDERS,
      "dag/streams/shop/or.ders.json": { ...ORDERS, stream: "or.ders" },
      "dag/streams/shop/fields.json": {
        ...ORDERS,
        stream: "fields",
        fields: { ...ORDERS.fields, Year: { type: "string" }, filename: { type: "string" } },
      },
      "dag/streams/shop/lake.json": {
        ...ORDERS,
        stream: "lake",
        fields: { ...ORDERS.fields, row_id: { type: "string" } },
      },
      "dag/streams/shop/ddl.json": { stream: "ddl" },
      "landing/shop/stg_shop__ddl.sql": "CREATE TABLE staging.stg_shop__ddl (id BIGINT, FileName VARCHAR)",
    });
    const messages = errorsOf(project).map(({ code, file, message }) => `${code} ${file}: ${message}`);
    expect(messages.sort()).toEqual([
      expect.stringMatching(
        /^column-reserved dag\/streams\/shop\/fields.json: field Year has the name of a column that comes from/,
      ),
      expect.stringMatching(
        /^column-reserved dag\/streams\/shop\/fields.json: filename is DuckLake's own name/,
      ),
      expect.stringMatching(
        /^column-reserved dag\/streams\/shop\/lake.json: output column row_id has a name that DuckLake keeps/,
      ),
      expect.stringMatching(
        /^column-reserved landing\/shop\/stg_shop__ddl.sql: FileName is DuckLake's own name/,
      ),
      expect.stringMatching(/^name-invalid dag\/streams\/my shop/),
      expect.stringMatching(/^name-invalid dag\/streams\/shop\/or.ders/),
    ]);
  });
});
