import { resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Project, Stream } from "../assets/definitions.ts";
import { columnType, type Field } from "../assets/json-schema.ts";
import { readModelHead } from "../assets/model-head.ts";
import { loadProject } from "../assets/project.ts";
import { processedTableColumns } from "../assets/version-columns.ts";
import { formatDuration, parseDays, parseDuration, parseSize } from "../common/units.ts";
import { errorsOf, loadFiles, makeProject, ORDERS, withOrders } from "./support/project-fixture.ts";

const OWN_COLUMNS = [
  { name: "_airbyte_raw_id", type: "VARCHAR" },
  { name: "_airbyte_extracted_at", type: "TIMESTAMP WITH TIME ZONE" },
  { name: "_airbyte_meta", type: "VARCHAR" },
  { name: "_airbyte_generation_id", type: "BIGINT" },
];
const PATH_COLUMNS = ["year", "month", "day"].map((name) => ({ name, type: "BIGINT" }));

function onlyStream(project: Project): Stream {
  expect(errorsOf(project)).toEqual([]);
  expect(project.streams).toHaveLength(1);
  return project.streams[0] as Stream;
}

const columnNames = (columns: { name: string }[]) => columns.map(({ name }) => name);

describe("units", () => {
  test.each([
    ["500MB", 500e6],
    ["1 KB", 1000],
    ["2GB", 2e9],
    ["1MiB", 1048576],
    ["1.5kb", 1500],
    ["10B", 10],
    ["0MB", null],
    ["10", null],
    ["-1MB", null],
    ["MB", null],
    ["10 parsecs", null],
  ])("size %j is %j", (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each([
    ["250ms", 250],
    ["10s", 10_000],
    ["5m", 300_000],
    ["1h", 3_600_000],
    ["2d", 172_800_000],
    ["0s", null],
    ["ten", null],
  ])("duration %j is %j", (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

  test.each(["30d", "36h", "90s", "5m", "1500ms", "1d"])("duration %j is written as it was read", (text) =>
    expect(formatDuration(parseDuration(text) ?? 0)).toBe(text),
  );

  test.each([
    ["2d", 2],
    ["48h", 2],
    ["36h", null],
    ["10s", null],
  ])("%j is %j days", (text, days) => expect(parseDays(text)).toBe(days));
});

describe("fields become columns", () => {
  test.each<[Field, string]>([
    [{ type: "integer" }, "BIGINT"],
    [{ type: ["null", "integer"] }, "BIGINT"],
    [{ type: "number" }, "DOUBLE"],
    [{ type: "number", airbyte_type: "integer" }, "BIGINT"],
    [{ type: "integer", airbyte_type: "big_integer" }, "DECIMAL(38,0)"],
    [{ type: "number", airbyte_type: "big_number" }, "DOUBLE"],
    [{ type: "boolean" }, "BOOLEAN"],
    [{ type: "string" }, "VARCHAR"],
    [{ type: "string", contentEncoding: "base64" }, "VARCHAR"],
    [{ type: "string", format: "date" }, "DATE"],
    [{ type: "string", format: "date-time" }, "TIMESTAMP WITH TIME ZONE"],
    [
      { type: "string", format: "date-time", airbyte_type: "timestamp_with_timezone" },
      "TIMESTAMP WITH TIME ZONE",
    ],
    [{ type: "string", format: "date-time", airbyte_type: "timestamp_without_timezone" }, "TIMESTAMP"],
    [{ type: "string", format: "time" }, "TIME"],
    [{ type: "string", format: "time", airbyte_type: "time_with_timezone" }, "VARCHAR"],
    [{ type: "string", format: "email" }, "VARCHAR"],
    [{ type: "object", properties: { a: { type: "integer" } } }, "VARCHAR"],
    [{ type: ["null", "array"], items: {} }, "VARCHAR"],
    [{ type: ["string", "integer"] }, "VARCHAR"],
    [{ oneOf: [{ type: "string" }, { type: "integer" }] }, "VARCHAR"],
    [{ anyOf: [{ type: "null" }, { type: "integer" }] }, "BIGINT"],
    [{ enum: ["a", "b"] }, "VARCHAR"],
    [{ type: "null" }, "VARCHAR"],
    [{}, "VARCHAR"],
  ])("%j is %s", (field, type) => expect(columnType(field)).toBe(type));
});

describe("a stream", () => {
  test("that has only its JSON file gets every default", async () => {
    const stream = onlyStream(await loadFiles(withOrders({})));
    const own = [
      { name: "id", type: "BIGINT" },
      { name: "updated_at", type: "TIMESTAMP WITH TIME ZONE" },
      { name: "amount", type: "DOUBLE" },
      { name: "customer", type: "VARCHAR" },
    ];
    expect(stream).toEqual({
      source: "shop",
      stream: "orders",
      file: "dag/streams/shop/orders.json",
      syncMode: "incremental",
      destinationSyncMode: "append",
      primaryKey: ["id"],
      cursorField: "updated_at",
      feeder: {
        batchBytes: 500e6,
        batchFiles: 500,
        pollMs: 10_000,
        lookbackDays: 2,
        retentionMs: null,
        onNewColumn: "add",
      },
      landing: {
        table: "stg_shop__orders",
        columns: [...own, ...OWN_COLUMNS, ...PATH_COLUMNS],
        file: null,
      },
      processed: {
        asset: "int_shop__orders",
        sql: 'SELECT * EXCLUDE ("year", "month", "day") FROM "stg_shop__orders"',
        file: null,
        head: {},
        uniqueKey: ["id"],
        columns: [...own, ...OWN_COLUMNS],
        codeHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    });
  });

  test("says all of it itself", async () => {
    const stream = onlyStream(
      await loadFiles({
        "dag/streams/my-source/Order_Lines.json": {
          stream: "Order_Lines",
          sync_mode: "full_refresh",
          destination_sync_mode: "overwrite",
          primary_key: [["order"], ["line no"]],
          cursor_field: [],
          selected: true,
          fields: { order: { type: "integer" }, "line no": { type: "integer" } },
          feeder: {
            batch: "2GiB",
            batch_files: 10,
            poll: "5m",
            lookback: "1d",
            retention: "30d",
            on_new_column: "fail",
          },
        },
      }),
    );
    expect(stream).toMatchObject({
      syncMode: "full_refresh",
      destinationSyncMode: "overwrite",
      primaryKey: ["order", "line no"],
      cursorField: null,
      feeder: {
        batchBytes: 2 * 2 ** 30,
        batchFiles: 10,
        pollMs: 300_000,
        lookbackDays: 1,
        retentionMs: 30 * 86_400_000,
        onNewColumn: "fail",
      },
      landing: { table: "stg_my-source__Order_Lines" },
      processed: { asset: "int_my-source__Order_Lines", uniqueKey: ["order", "line no"] },
    });
  });

  test("that is not selected is left out without a word, whatever else it says", async () => {
    const project = await loadFiles({ "dag/streams/shop/orders.json": { selected: false, nonsense: 1 } });
    expect(project.findings).toEqual([]);
    expect(project.streams).toEqual([]);
    expect(project.assets.map(({ key }) => key)).toEqual(["landing_tables"]);
  });

  test("without a key keeps every row", async () => {
    const { primary_key: _, ...keyless } = ORDERS;
    const stream = onlyStream(await loadFiles({ "dag/streams/shop/orders.json": keyless }));
    expect(stream.processed.uniqueKey).toEqual([]);
  });
});

describe("a landing DDL file", () => {
  test("takes the place of fields, with DuckDB's own reading of its types", async () => {
    const ddl = `-- amounts are exact here
      CREATE TABLE IF NOT EXISTS lakehouse.staging.stg_shop__orders (
        id INT8, updated_at TIMESTAMPTZ, amount NUMERIC(18, 2), tags text[],
        address STRUCT(street VARCHAR, "zip code" INT), doc JSON, _airbyte_raw_id UUID
      );`;
    const stream = onlyStream(await loadFiles(withOrders({ "landing/shop/stg_shop__orders.sql": ddl })));
    expect(stream.landing.file).toBe("landing/shop/stg_shop__orders.sql");
    expect(stream.landing.columns).toEqual([
      { name: "id", type: "BIGINT" },
      { name: "updated_at", type: "TIMESTAMP WITH TIME ZONE" },
      { name: "amount", type: "DECIMAL(18,2)" },
      { name: "tags", type: "VARCHAR[]" },
      { name: "address", type: 'STRUCT(street VARCHAR, "zip code" INTEGER)' },
      { name: "doc", type: "JSON" },
      { name: "_airbyte_raw_id", type: "UUID" },
      ...OWN_COLUMNS.slice(1),
      ...PATH_COLUMNS,
    ]);
  });

  test.each(["stg_shop__orders", "staging.stg_shop__orders", '"stg_shop__orders"'])(
    "may write the table as %s",
    async (table) => {
      const ddl = `CREATE TABLE ${table} (id BIGINT, updated_at TIMESTAMPTZ)`;
      onlyStream(await loadFiles(withOrders({ "landing/shop/stg_shop__orders.sql": ddl })));
    },
  );
});

describe("a processed model", () => {
  const model = (sql: string) => loadFiles(withOrders({ "processed/shop/int_shop__orders.sql": sql }));

  test("renames its key by unique_key, and its table keeps what tells versions apart", async () => {
    const stream = onlyStream(
      await model(`/* ---
unique_key: ORDER_ID
description: one row an order
--- */
SELECT id AS order_id, amount FROM stg_shop__orders`),
    );
    expect(stream.processed.uniqueKey).toEqual(["order_id"]);
    expect(stream.processed.head.description).toBe("one row an order");
    expect(columnNames(stream.processed.columns)).toEqual(["order_id", "amount"]);
    expect(processedTableColumns(stream)).toEqual([
      { name: "order_id", type: "BIGINT" },
      { name: "amount", type: "DOUBLE" },
      { name: "updated_at", type: "TIMESTAMP WITH TIME ZONE" },
      { name: "_airbyte_extracted_at", type: "TIMESTAMP WITH TIME ZONE" },
      { name: "_airbyte_raw_id", type: "VARCHAR" },
    ]);
  });

  test("has the same hash whatever its spelling, and another for another key or another cast", async () => {
    const hash = async (sql: string) => onlyStream(await model(sql)).processed.codeHash;
    const one = await hash("SELECT id, amount FROM stg_shop__orders");
    expect(await hash("/* hello */ select id,\n  amount -- money\nfrom stg_shop__orders;")).toBe(one);
    expect(await hash("/* ---\ndescription: x\n--- */\nSELECT id, amount FROM stg_shop__orders")).toBe(one);
    expect(await hash("SELECT id, amount::DECIMAL(9,2) AS amount FROM stg_shop__orders")).not.toBe(one);
    const keyed = await hash("/* ---\nunique_key: amount\n--- */\nSELECT id, amount FROM stg_shop__orders");
    expect(keyed).not.toBe(one);
  });

  test("may read through a CTE, quote names and use JSON", async () => {
    const stream = onlyStream(
      await model(`WITH o AS (SELECT * FROM "STG_shop__orders")
        SELECT id, (customer::JSON)->>'$.id' AS "customer id" FROM o`),
    );
    expect(columnNames(stream.processed.columns)).toEqual(["id", "customer id"]);
  });
});

describe("enriched models", () => {
  test("depend on what their SQL reads: CTEs, subqueries, joins, quoted names", async () => {
    const project = await loadFiles(
      withOrders({
        "dag/streams/shop/refunds.json": { ...ORDERS, stream: "refunds" },
        "enriched/sales/fct_sales.sql": `
          WITH int_shop__refunds AS (SELECT 1 AS id) -- a CTE hides the table
          SELECT o.id, (SELECT count(*) FROM dim_x) AS n FROM "INT_shop__orders" o JOIN int_shop__refunds USING (id)`,
        "enriched/sales/dim_x.sql": "SELECT id FROM int_shop__refunds WHERE id IN (SELECT id FROM dim_y)",
        "enriched/people/dim_y.sql": "SELECT id, amount, updated_at FROM int_shop__orders",
      }),
    );
    expect(errorsOf(project)).toEqual([]);
    expect(project.models.map(({ asset, domain, upstream }) => [asset, domain, upstream])).toEqual([
      ["dim_y", "people", ["int_shop__orders"]],
      ["dim_x", "sales", ["dim_y", "int_shop__refunds"]],
      ["fct_sales", "sales", ["dim_x", "int_shop__orders"]],
    ]);
    expect(project.assets).toEqual([
      { key: "landing_tables", kind: "landing", upstream: [] },
      { key: "feeder_shop_orders", kind: "feeder", upstream: ["landing_tables"] },
      { key: "int_shop__orders", kind: "processed", upstream: ["feeder_shop_orders"] },
      { key: "feeder_shop_refunds", kind: "feeder", upstream: ["landing_tables"] },
      { key: "int_shop__refunds", kind: "processed", upstream: ["feeder_shop_refunds"] },
      { key: "dim_y", kind: "enriched", upstream: ["int_shop__orders"] },
      { key: "dim_x", kind: "enriched", upstream: ["dim_y", "int_shop__refunds"] },
      { key: "fct_sales", kind: "enriched", upstream: ["dim_x", "int_shop__orders"] },
    ]);
  });

  test("take their keys in any spelling and give them in the output's", async () => {
    const project = await loadFiles(
      withOrders({
        "enriched/sales/fct_lines.sql": `/* ---
unique_key: ORDER_ID, "Line No"
redo_by: [order_id]
changes: { INT_shop__orders: "coalesce(id, 0)" }
partitioned_by: year(day)
sorted_by: [day DESC NULLS LAST, order_id]
serve: postgres
--- */
SELECT id AS order_id, 1 AS "Line No", updated_at::DATE AS day FROM int_shop__orders`,
      }),
    );
    expect(errorsOf(project)).toEqual([]);
    expect(project.models[0]).toMatchObject({
      uniqueKey: ["order_id", "Line No"],
      redoBy: ["order_id"],
      changes: { int_shop__orders: ["coalesce(id, 0)"] },
      head: { serve: "postgres" },
    });
  });

  test("see the version columns of an upstream that does not select them", async () => {
    const project = await loadFiles(
      withOrders({
        "processed/shop/int_shop__orders.sql": "SELECT id FROM stg_shop__orders",
        "enriched/sales/fct_sales.sql": "SELECT id, updated_at, _airbyte_raw_id FROM int_shop__orders",
      }),
    );
    expect(errorsOf(project)).toEqual([]);
  });

  test("read through the lake's views, and are then rebuilt", async () => {
    const files = withOrders({ "enriched/sales/fct_sales.sql": "SELECT id FROM v_paid" });
    const views = {
      v_paid: "SELECT * FROM v_orders WHERE amount > 0",
      V_orders: "SELECT * FROM lakehouse.main.int_shop__orders",
    };
    const project = await loadFiles(files, { views });
    expect(errorsOf(project)).toEqual([]);
    expect(project.models[0]).toMatchObject({
      upstream: ["int_shop__orders"],
      upkeep: { mode: "rebuild", reasons: expect.arrayContaining(["it reads through the view v_paid"]) },
    });
    const other = await loadFiles(files, { views: { ...views, v_paid: "SELECT * FROM v_orders" } });
    expect(other.models[0]?.codeHash).not.toBe(project.models[0]?.codeHash);
  });

  test("may make rows with pure table functions", async () => {
    const project = await loadFiles(
      withOrders({
        "enriched/dates/dim_days.sql":
          "SELECT day::DATE AS day FROM range(DATE '2024-01-01', DATE '2025-01-01', INTERVAL 1 DAY) t(day)",
      }),
    );
    expect(errorsOf(project)).toEqual([]);
    expect(project.models[0]?.upstream).toEqual([]);
  });
});

describe("model heads", () => {
  test("a model without one has an empty head", () => {
    expect(readModelHead("SELECT 1").head).toEqual({});
    expect(readModelHead("/* a comment */ SELECT 1").head).toEqual({});
  });

  test("line ends may be Windows' own, and an empty head is one", () => {
    const { head, lineOf } = readModelHead("/* ---\r\nowner: me\r\nunique_key: a\r\n--- */\r\nSELECT 1 AS a");
    expect(head).toEqual({ owner: "me", unique_key: ["a"] });
    expect(lineOf(["unique_key"])).toBe(3);
    expect(readModelHead("/* ---\n--- */ SELECT 1")).toMatchObject({ head: {}, faults: [] });
  });

  test("property: unique_key given as a list, or as text with commas, is the same", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), (names) => {
        const head = (value: string) => readModelHead(`/* ---\nunique_key: ${value}\n--- */\nSELECT 1`).head;
        expect(head(JSON.stringify(names))).toEqual(head(JSON.stringify(names.join(" , "))));
      }),
    );
  });

  test("commas inside brackets and quotes do not split an expression", () => {
    const head = readModelHead(`/* ---\nchanges: { int_a: "coalesce(x, 'a,b'), y" }\n--- */\nSELECT 1`).head;
    expect(head.changes).toEqual({ int_a: ["coalesce(x, 'a,b')", "y"] });
  });
});

describe("projects", () => {
  test("a folder without dag/streams is none", async () => {
    const dir = resolve(await makeProject({}), "dag");
    await expect(loadProject(dir)).rejects.toMatchObject({ code: "PROJECT_INVALID" });
  });

  test("the one in this repository is sound", async () => {
    const project = await loadProject(resolve(import.meta.dirname, ".."));
    expect(errorsOf(project)).toEqual([]);
    expect(project.streams.map(({ source, stream }) => `${source}/${stream}`)).toEqual([
      "klaviyo/events",
      "klaviyo/profiles",
      "shopify/customers",
      "shopify/order_refunds",
      "shopify/orders",
    ]);
    expect(project.models.map(({ asset }) => asset)).toEqual(
      expect.arrayContaining(["fct_sales", "fct_sales_daily", "dim_customers"]),
    );
  });
});
