import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Project } from "../assets/definitions.ts";
import { checkPasses, formatFinding } from "../assets/findings.ts";
import { loadProject } from "../assets/project.ts";
import { errorsOf, loadFiles, makeProject, ORDERS, withOrders } from "./support/project-fixture.ts";

const CONFIG = "dag/streams/shop/orders.json";
const LANDING = "landing/shop/stg_shop__orders.sql";
const MODEL = "processed/shop/int_shop__orders.sql";
const FACT = "enriched/sales/fct_sales.sql";

/** `file:line code` of every error. */
function places(project: Project): string[] {
  return errorsOf(project).map(({ file, line, code }) => `${file}:${line ?? "-"} ${code}`);
}

/** The one error of a project: where it is and what it says. */
async function onlyError(files: Record<string, string | object>, views: Record<string, string> = {}) {
  const project = await loadFiles(files, { views });
  const errors = errorsOf(project);
  expect(errors.map(formatFinding)).toHaveLength(1);
  const [error] = errors;
  return { project, place: places(project)[0], text: error ? formatFinding(error) : "", error };
}

/** A stream config of 1 key a line, so that lines are easy to count. */
const config = (...lines: string[]) => `{\n  "stream": "orders",\n${lines.join(",\n")}\n}\n`;
const FIELDS =
  '  "fields": { "id": { "type": "integer" }, "at": { "type": "string", "format": "date-time" } }';

describe("stream configs", () => {
  test.each<[string, string, number, string, RegExp]>([
    [
      "text that is not JSON",
      '{\n  "stream": "orders"\n  "selected": true\n}',
      3,
      "stream-config-invalid",
      /comma expected/,
    ],
    ["a comment", config('  // why\n  "selected": true', FIELDS), 3, "stream-config-invalid", /comment/],
    ["a trailing comma", config(`${FIELDS},`), 4, "stream-config-invalid", /Not JSON/],
    ["an empty file", "", 1, "stream-config-invalid", /empty/],
    ["another value than an object", "[]", 1, "stream-config-invalid", /Expected object/],
    [
      "a key twice",
      config(FIELDS, '  "selected": true', '  "selected": true'),
      5,
      "stream-config-invalid",
      /"selected".*second time/,
    ],
    [
      "an unknown key",
      config('  "selectd": true', FIELDS),
      3,
      "stream-config-invalid",
      /Unknown key selectd/,
    ],
    [
      "an unknown feeder key",
      config(FIELDS, '  "feeder": {\n    "bach": "1MB"\n  }'),
      5,
      "stream-config-invalid",
      /Unknown key feeder\.bach/,
    ],
    [
      "an unknown mode",
      config('  "sync_mode": "sometimes"', FIELDS),
      3,
      "stream-config-invalid",
      /sync_mode: .*"incremental"/,
    ],
    [
      "a bad size",
      config(FIELDS, '  "feeder": {\n    "batch": "big"\n  }'),
      5,
      "stream-config-invalid",
      /feeder\.batch: "big" is no size/,
    ],
    [
      "a bad duration",
      config(FIELDS, '  "feeder": { "poll": "10" }'),
      4,
      "stream-config-invalid",
      /feeder\.poll: "10" is no duration/,
    ],
    [
      "a look-back of hours",
      config(FIELDS, '  "feeder": { "lookback": "10h" }'),
      4,
      "stream-config-invalid",
      /whole days/,
    ],
    [
      "an unknown type",
      config('  "fields": {\n    "id": { "type": "int" }\n  }'),
      4,
      "stream-config-invalid",
      /fields\.id\.type: expected one of null, boolean/,
    ],
    [
      "a reference",
      config('  "fields": {\n    "id": { "$ref": "#/x" }\n  }'),
      4,
      "stream-config-invalid",
      /reference is not followed/,
    ],
    [
      "a nested key",
      config(FIELDS, '  "primary_key": [\n    ["customer", "id"]\n  ]'),
      5,
      "stream-config-invalid",
      /nested path/,
    ],
    [
      "a nested cursor",
      config(FIELDS, '  "cursor_field": ["meta", "at"]'),
      4,
      "stream-config-invalid",
      /cursor_field: .*nested path/,
    ],
    [
      "a retention that is none",
      config(FIELDS, '  "feeder": { "retention": "forever" }'),
      4,
      "stream-config-invalid",
      /retention: expected "keep"/,
    ],
    [
      "a key that is text",
      config(FIELDS, '  "primary_key": "id"'),
      4,
      "stream-config-invalid",
      /primary_key: expected array/,
    ],
    [
      "another stream's name",
      config(FIELDS).replace("orders", "order"),
      2,
      "stream-config-invalid",
      /"order".*orders\.json/,
    ],
    [
      "a key that is no column",
      config(FIELDS, '  "primary_key": [["id"], ["idd"]]'),
      4,
      "column-unknown",
      /primary_key names idd.*Did you mean id\?/,
    ],
    [
      "a cursor that is no column",
      config(FIELDS, '  "cursor_field": ["updated"]'),
      4,
      "column-unknown",
      /cursor_field names updated/,
    ],
    [
      "a field named like a path column",
      config('  "fields": {\n    "Year": { "type": "integer" }\n  }'),
      4,
      "column-reserved",
      /Year/,
    ],
    [
      "two fields of one name",
      config('  "fields": {\n    "id": {},\n    "ID": {}\n  }'),
      4,
      "duplicate-name",
      /two fields are called id/i,
    ],
  ])("%s", async (_, text, line, code, message) => {
    const { place, text: told, project } = await onlyError({ [CONFIG]: text });
    expect(place).toBe(`${CONFIG}:${line} ${code}`);
    expect(told).toMatch(message);
    expect(project.streams).toEqual([]);
    expect(Object.keys(project.disabled).sort()).toEqual(["feeder_shop_orders", "int_shop__orders"]);
  });

  test("no columns at all", async () => {
    const { place, text } = await onlyError({ [CONFIG]: { stream: "orders" } });
    expect(place).toBe(`${CONFIG}:- columns-missing`);
    expect(text).toContain("landing/shop/stg_shop__orders.sql");
  });

  test.each(["or ders", "ord.ers", "_orders", "bestellung-ä"])("the name %j", async (name) => {
    const file = `dag/streams/shop/${name}.json`;
    const { place } = await onlyError({ [file]: { ...ORDERS, stream: name } });
    expect(place).toBe(`${file}:- name-invalid`);
  });

  test("two streams that make the same asset are both disabled", async () => {
    const project = await loadFiles({
      "dag/streams/a_b/c.json": { ...ORDERS, stream: "c" },
      "dag/streams/a/b_c.json": { ...ORDERS, stream: "b_c" },
      "dag/streams/a/ok.json": { ...ORDERS, stream: "ok" },
    });
    expect(places(project)).toEqual([
      "dag/streams/a/b_c.json:- duplicate-name",
      "dag/streams/a_b/c.json:- duplicate-name",
    ]);
    expect(project.findings[0]?.message).toContain("feeder_a_b_c");
    expect(project.streams.map(({ stream }) => stream)).toEqual(["ok"]);
  });

  test("names that differ in case make the same table", async () => {
    const project = await loadFiles({
      "dag/streams/shop/Orders.json": { ...ORDERS, stream: "Orders" },
      [CONFIG]: ORDERS,
    });
    expect(places(project)).toEqual([
      "dag/streams/shop/Orders.json:- duplicate-name",
      `${CONFIG}:- duplicate-name`,
    ]);
  });

  test("files that stand where nothing reads them", async () => {
    const project = await loadFiles({
      "dag/streams/orders.json": ORDERS,
      "enriched/fct_sales.sql": "SELECT 1",
      "dag/streams/shop/_catalog.json": "{}",
      "dag/streams/shop/notes.md": "hello",
      "enriched/sales/.fct_draft.sql": "SELECT",
      "landing/shop/stg_shop__order.sql": "CREATE TABLE x (i INT)",
      "processed/shop/int_shop__order.sql": "SELECT 1",
    });
    expect(places(project)).toEqual([
      "dag/streams/orders.json:- file-misplaced",
      "enriched/fct_sales.sql:- file-misplaced",
      "landing/shop/stg_shop__order.sql:- stream-missing",
      "processed/shop/int_shop__order.sql:- stream-missing",
    ]);
  });

  test("text that is not UTF-8", async () => {
    const dir = await makeProject(withOrders({ [FACT]: "" }));
    await writeFile(join(dir, FACT), Buffer.from([0x53, 0xff, 0xfe]));
    expect(places(await loadProject(dir))).toEqual([`${FACT}:- file-unreadable`]);
  });

  test("a source's schema that is not JSON disables nothing", async () => {
    const { place, project } = await onlyError(withOrders({ "dag/sources/shop/orders.json": "{\n,}" }));
    expect(place).toBe("dag/sources/shop/orders.json:2 source-schema-invalid");
    expect(project.streams).toHaveLength(1);
  });
});

describe("landing DDL", () => {
  test.each<[string, string, string, RegExp]>([
    [
      "no SQL",
      "CREATE TABLE staging.stg_shop__orders (\n  id BIGINT,\n  stamp TIMESTAMPP\n)",
      "3 landing-ddl-invalid",
      /TIMESTAMPP/,
    ],
    [
      "a syntax error",
      "CREATE TABLE staging.stg_shop__orders (\n  id BIGINT,,\n)",
      "2 landing-ddl-invalid",
      /syntax error/,
    ],
    [
      "another table",
      "CREATE TABLE staging.stg_shop__order (id BIGINT)",
      "1 landing-ddl-invalid",
      /stg_shop__orders/,
    ],
    [
      "another schema",
      "CREATE TABLE main.stg_shop__orders (id BIGINT)",
      "1 landing-ddl-invalid",
      /stg_shop__orders/,
    ],
    [
      "two tables",
      "CREATE TABLE stg_shop__orders (id BIGINT); CREATE TABLE b (i INT)",
      "1 landing-ddl-invalid",
      /nothing else/,
    ],
    ["a view", "CREATE VIEW stg_shop__orders AS SELECT 1 AS id", "1 landing-ddl-invalid", /nothing else/],
    ["a query", "SELECT 1", "1 landing-ddl-invalid", /nothing else/],
    ["nothing", "-- soon", "1 landing-ddl-invalid", /nothing else/],
    [
      "an escape from its transaction",
      "COMMIT; CREATE TABLE stg_shop__orders (id BIGINT)",
      "1 landing-ddl-invalid",
      /nothing else/,
    ],
    [
      "a key",
      "CREATE TABLE stg_shop__orders (id BIGINT PRIMARY KEY)",
      "- landing-ddl-invalid",
      /PRIMARY KEY\(id\)/,
    ],
    [
      "NOT NULL",
      "CREATE TABLE stg_shop__orders (id BIGINT NOT NULL)",
      "- landing-ddl-invalid",
      /NOT NULL on id/,
    ],
    ["a check", "CREATE TABLE stg_shop__orders (id BIGINT CHECK (id > 1))", "- landing-ddl-invalid", /CHECK/],
    [
      "a default",
      "CREATE TABLE stg_shop__orders (id BIGINT DEFAULT 1)",
      "- landing-ddl-invalid",
      /default .* on id/,
    ],
    [
      "a type that DuckLake lacks",
      "CREATE TABLE stg_shop__orders (id BIGINT, e ENUM('a'))",
      "- type-unsupported",
      /column e/,
    ],
    [
      "a path column as text",
      "CREATE TABLE stg_shop__orders (id BIGINT, year VARCHAR)",
      "- landing-ddl-invalid",
      /year is VARCHAR/,
    ],
  ])("%s", async (_, ddl, place, message) => {
    const keyed = { stream: "orders", primary_key: [["id"]] };
    const answer = await onlyError({ [CONFIG]: keyed, [LANDING]: ddl });
    expect(answer.place).toBe(`${LANDING}:${place}`);
    expect(answer.text).toMatch(message);
    expect(answer.project.streams).toEqual([]);
  });

  test("one file at fault leaves the other streams alone", async () => {
    const project = await loadFiles(
      withOrders({
        "dag/streams/shop/a.json": { ...ORDERS, stream: "a" },
        "landing/shop/stg_shop__a.sql":
          "DROP SCHEMA lakehouse.main CASCADE; CREATE TABLE stg_shop__a (id BIGINT)",
        [FACT]: "SELECT id FROM int_shop__orders",
      }),
    );
    expect(places(project)).toEqual(["landing/shop/stg_shop__a.sql:- landing-ddl-invalid"]);
    expect(project.models).toHaveLength(1);
  });
});

describe("processed models", () => {
  test.each<[string, string, string, RegExp]>([
    ["a syntax error", "SELECT\n  id,,\nFROM stg_shop__orders", "2 sql-syntax", /Syntax error/],
    ["no SELECT", "DELETE FROM stg_shop__orders", "1 sql-syntax", /SELECT/],
    ["two statements", "SELECT id FROM stg_shop__orders; SELECT 1", "1 sql-syntax", /2 statements/],
    ["an empty file", "", "1 sql-syntax", /no SELECT/],
    [
      "an unknown column",
      "SELECT id,\n  amuont FROM stg_shop__orders",
      "2 sql-bind",
      /"amuont" not found.*amount/,
    ],
    ["an unknown function", "SELECT id,\n  upppper('x') AS u FROM stg_shop__orders", "2 sql-bind", /upppper/],
    [
      "another table",
      "SELECT o.id FROM stg_shop__orders o\nJOIN int_x USING (id)",
      "2 processed-reads-other-table",
      /reads int_x/,
    ],
    [
      "its table by a qualified name",
      "SELECT id\nFROM staging.stg_shop__orders",
      "2 processed-reads-other-table",
      /staging\.stg_shop__orders/,
    ],
    ["a filter", "SELECT id FROM stg_shop__orders\nWHERE id > 1", "2 processed-not-row-wise", /WHERE/],
    [
      "an aggregate",
      "SELECT id,\n  count(*) AS n FROM stg_shop__orders\nGROUP BY id",
      "2 processed-not-row-wise",
      /count/,
    ],
    ["a lost key", "SELECT amount FROM stg_shop__orders", "- key-not-in-output", /primary key id/],
    [
      "an unknown unique_key",
      "/* ---\ndescription: x\nunique_key: order_id\n--- */\nSELECT id FROM stg_shop__orders",
      "3 key-not-in-output",
      /order_id/,
    ],
    [
      "a head key that means nothing here",
      "/* ---\nredo_by: id\n--- */\nSELECT id FROM stg_shop__orders",
      "2 model-head-invalid",
      /redo_by/,
    ],
    [
      "a table that would be served",
      "/* ---\nserve: postgres\n--- */\nSELECT id FROM stg_shop__orders",
      "2 model-head-invalid",
      /serve has no meaning in a processed model/i,
    ],
    [
      "a changed cursor",
      "SELECT id,\n updated_at::DATE AS updated_at FROM stg_shop__orders",
      "2 version-column-changed",
      /updated_at/,
    ],
    [
      "a replaced cursor",
      "SELECT * REPLACE (\n now() AS updated_at) FROM stg_shop__orders",
      "2 version-column-changed",
      /updated_at/,
    ],
    [
      "a cursor changed on the way",
      "WITH o AS (SELECT id, updated_at::DATE AS updated_at FROM stg_shop__orders) SELECT * FROM o",
      "- version-column-changed",
      /updated_at/,
    ],
    [
      "a column twice",
      "SELECT id, amount AS a, amount AS A FROM stg_shop__orders",
      "- duplicate-name",
      /two output columns are called a/i,
    ],
    [
      "a type that DuckLake lacks",
      "SELECT id, 'a'::ENUM('a') AS e FROM stg_shop__orders",
      "- type-unsupported",
      /output column e/,
    ],
    [
      "an unknown column in columns",
      "/* ---\ncolumns:\n  id: {}\n  idd: {}\n--- */\nSELECT id FROM stg_shop__orders",
      "4 key-not-in-output",
      /idd/,
    ],
  ])("%s", async (_, sql, place, message) => {
    const { project, ...answer } = await onlyErrorOrMore(withOrders({ [MODEL]: sql }));
    expect(answer.place).toBe(`${MODEL}:${place}`);
    expect(answer.text).toMatch(message);
    expect(project.streams).toEqual([]);
    expect(Object.keys(project.disabled).sort()).toEqual(["feeder_shop_orders", "int_shop__orders"]);
  });

  test("unique_key where the stream has no key", async () => {
    const { primary_key: _, ...keyless } = ORDERS;
    const { place, text } = await onlyError({
      [CONFIG]: keyless,
      [MODEL]: "/* ---\nunique_key: id\n--- */\nSELECT id FROM stg_shop__orders",
    });
    expect(place).toBe(`${MODEL}:2 key-without-primary-key`);
    expect(text).toContain(CONFIG);
  });
});

/** For SQL that breaks several rules at once: the first error. */
async function onlyErrorOrMore(files: Record<string, string | object>) {
  const project = await loadFiles(files);
  const [error] = errorsOf(project);
  return { project, place: places(project)[0], text: error ? formatFinding(error) : "" };
}

describe("enriched models", () => {
  test.each<[string, string, string, RegExp]>([
    ["a syntax error", "SELECT id\nFORM int_shop__orders x", "2 sql-syntax", /Syntax error/],
    ["an unknown column", "SELECT\n  o.amuont\nFROM int_shop__orders o", "2 sql-bind", /"amuont".*amount/],
    [
      "an unknown table",
      "SELECT 1 AS a\nFROM int_shop__ordres",
      "2 unknown-table",
      /Did you mean int_shop__orders\?/,
    ],
    ["a file", "SELECT 1 AS a\nFROM 'x.parquet'", "2 unknown-table", /x\.parquet/],
    ["the landing table", "SELECT id\nFROM stg_shop__orders", "2 reads-landing", /Read int_shop__orders/],
    [
      "a qualified name",
      "SELECT id\nFROM main.int_shop__orders",
      "2 qualified-name",
      /Write int_shop__orders/,
    ],
    [
      "a three-part name",
      "SELECT id\nFROM lakehouse.main.int_shop__orders",
      "2 qualified-name",
      /lakehouse\.main\.int_shop__orders/,
    ],
    [
      "a system table",
      "SELECT 1 AS a\nFROM information_schema.tables",
      "2 qualified-name",
      /information_schema/,
    ],
    ["a file function", "SELECT a\nFROM read_csv('x.csv') t(a)", "2 function-refused", /read_csv/],
    ["a query function", "SELECT a\nFROM query('SELECT 1') t(a)", "2 function-refused", /query/],
    [
      "another database",
      "SELECT a FROM\n postgres_scan('', '', '') t(a)",
      "2 function-refused",
      /postgres_scan/,
    ],
    [
      "an unknown head key",
      "/* ---\nunique_key: id\nuniqe: id\n--- */\nSELECT id FROM int_shop__orders",
      "3 model-head-invalid",
      /Unknown key uniqe/,
    ],
    [
      "an unknown check",
      "/* ---\ncolumns:\n  id:\n    checks: [nice]\n--- */\nSELECT id FROM int_shop__orders",
      "4 model-head-invalid",
      /columns\.id\.checks/,
    ],
    [
      "a head that is not YAML",
      "/* ---\nunique_key: [id\n--- */\nSELECT id FROM int_shop__orders",
      "2 model-head-invalid",
      /Not YAML/,
    ],
    [
      "a head that does not end",
      "/* ---\nunique_key: id\n*/\nSELECT id FROM int_shop__orders",
      "1 model-head-invalid",
      /does not end/,
    ],
    [
      "another server than there is",
      "/* ---\nserve: mysql\n--- */\nSELECT id FROM int_shop__orders",
      "2 model-head-invalid",
      /serve/,
    ],
    [
      "a bad freshness",
      "/* ---\nfreshness: soon\n--- */\nSELECT id FROM int_shop__orders",
      "2 model-head-invalid",
      /freshness/,
    ],
    [
      "an unknown unique_key",
      "/* ---\nunique_key: order_id\n--- */\nSELECT id FROM int_shop__orders",
      "2 key-not-in-output",
      /order_id/,
    ],
    [
      "an unknown redo_by",
      "/* ---\nunique_key: id\nredo_by: [id, day]\n--- */\nSELECT id FROM int_shop__orders",
      "3 key-not-in-output",
      /redo_by names day/,
    ],
    [
      "an unknown partition",
      "/* ---\npartitioned_by: month(day)\n--- */\nSELECT id FROM int_shop__orders",
      "2 key-not-in-output",
      /partitioned_by names day/,
    ],
    [
      "an unknown sort",
      "/* ---\nsorted_by: day DESC\n--- */\nSELECT id FROM int_shop__orders",
      "2 key-not-in-output",
      /sorted_by/,
    ],
    [
      "changes of a table that it does not read",
      "/* ---\nunique_key: id\nchanges: { int_x: id }\n--- */\nSELECT id FROM int_shop__orders",
      "3 changes-invalid",
      /int_x.*does not read/,
    ],
    [
      "changes with a wrong expression",
      "/* ---\nunique_key: id\nchanges:\n  int_shop__orders: idd\n--- */\nSELECT id FROM int_shop__orders",
      "4 changes-invalid",
      /"idd" not found/,
    ],
    [
      "changes with an aggregate",
      "/* ---\nunique_key: id\nchanges:\n  int_shop__orders: max(id)\n--- */\nSELECT id FROM int_shop__orders",
      "4 changes-invalid",
      /aggregates/,
    ],
    [
      "changes with too many expressions",
      "/* ---\nunique_key: id\nchanges:\n  int_shop__orders: [id, id]\n--- */\nSELECT id FROM int_shop__orders",
      "4 changes-invalid",
      /2 expressions.*1 columns/,
    ],
    [
      "changes without a key",
      "/* ---\nchanges: { int_shop__orders: id }\n--- */\nSELECT id FROM int_shop__orders",
      "2 changes-invalid",
      /no unique_key/,
    ],
    [
      "a column twice",
      "SELECT id, id FROM int_shop__orders",
      "- duplicate-name",
      /two output columns are called id/i,
    ],
    [
      "a type that DuckLake lacks",
      "SELECT [id]::BIGINT[1] AS a FROM int_shop__orders",
      "- type-unsupported",
      /BIGINT\[1\]/,
    ],
  ])("%s", async (_, sql, place, message) => {
    const answer = await onlyError(withOrders({ [FACT]: sql }));
    expect(answer.place).toBe(`${FACT}:${place}`);
    expect(answer.text).toMatch(message);
    expect(answer.project.models).toEqual([]);
    expect(Object.keys(answer.project.disabled)).toEqual(["fct_sales"]);
    expect(answer.project.streams).toHaveLength(1);
  });

  test("a name that is neither fct_ nor dim_", async () => {
    const { place } = await onlyError(
      withOrders({ "enriched/sales/sales.sql": "SELECT id FROM int_shop__orders" }),
    );
    expect(place).toBe("enriched/sales/sales.sql:- name-invalid");
  });

  test("two files that make the same table", async () => {
    const sql = "SELECT id FROM int_shop__orders";
    const project = await loadFiles(
      withOrders({ "enriched/a/fct_x.sql": sql, "enriched/b/fct_X.sql": sql, "enriched/c/dim_x.sql": sql }),
    );
    expect(places(project)).toEqual([
      "enriched/a/fct_x.sql:- duplicate-name",
      "enriched/b/fct_X.sql:- duplicate-name",
    ]);
    expect(project.models.map(({ asset }) => asset)).toEqual(["dim_x"]);
  });

  test("a stream that is not selected", async () => {
    const { place, text } = await onlyError({
      [CONFIG]: { ...ORDERS, selected: false },
      [FACT]: "SELECT id\nFROM int_shop__orders",
    });
    expect(place).toBe(`${FACT}:2 unknown-table`);
    expect(text).toContain("its stream shop/orders is not selected");
  });

  test("a view that cannot be seen through", async () => {
    const files = withOrders({ [FACT]: "SELECT 1 AS a\nFROM v" });
    const landing = await onlyError(files, { v: "SELECT * FROM staging.stg_shop__orders" });
    expect(landing.place).toBe(`${FACT}:2 view-refused`);
    expect(landing.text).toContain("staging.stg_shop__orders");
    const unknown = await onlyError(files, { v: "SELECT * FROM w" });
    expect(unknown.text).toContain("it reads w");
    const unread = await onlyError(withOrders({ [FACT]: "SELECT nope FROM v" }), {
      v: "SELECT id FROM int_shop__orders",
    });
    expect(unread.place).toBe(`${FACT}:1 sql-bind`);
  });
});

describe("cycles", () => {
  test("are shown with their path, and disable what hangs behind them", async () => {
    const { project, place, text, error } = await onlyError(
      withOrders({
        "enriched/sales/fct_a.sql": "SELECT o.id\nFROM int_shop__orders o\nJOIN fct_c USING (id)",
        "enriched/sales/fct_b.sql": "SELECT id FROM fct_a",
        "enriched/sales/fct_c.sql": "SELECT id FROM fct_b",
        "enriched/sales/fct_behind.sql": "SELECT id FROM fct_b",
        "enriched/sales/fct_free.sql": "SELECT id FROM int_shop__orders",
      }),
    );
    expect(place).toBe("enriched/sales/fct_a.sql:3 cycle");
    expect(text).toContain("fct_a → fct_c → fct_b → fct_a");
    expect(error?.assets).toEqual(["fct_a", "fct_c", "fct_b"]);
    expect(project.models.map(({ asset }) => asset)).toEqual(["fct_free"]);
    expect(project.disabled.fct_behind).toMatch(
      /^it depends on fct_[abc], which is disabled: .*fct_a → fct_c/,
    );
  });

  test("a model that reads itself is one", async () => {
    const { place, text } = await onlyError(withOrders({ [FACT]: "SELECT id\nFROM fct_sales" }));
    expect(place).toBe(`${FACT}:2 cycle`);
    expect(text).toContain("fct_sales → fct_sales");
  });

  test("through a view, too", async () => {
    const files = withOrders({ [FACT]: "SELECT id\nFROM v" });
    const { place } = await onlyError(files, { v: "SELECT id FROM fct_sales" });
    expect(place).toBe(`${FACT}:2 cycle`);
  });
});

describe("what a finding stops", () => {
  test("everything downstream, each with the cause, and nothing else", async () => {
    const project = await loadFiles(
      withOrders({
        "dag/streams/shop/bad.json": "{}",
        "enriched/sales/fct_one.sql": "SELECT id FROM int_shop__bad",
        "enriched/sales/fct_two.sql": "SELECT id FROM fct_one",
        "enriched/sales/fct_good.sql": "SELECT id FROM int_shop__orders",
      }),
    );
    expect(places(project)).toEqual(["dag/streams/shop/bad.json:1 stream-config-invalid"]);
    const cause = "dag/streams/shop/bad.json:1: stream: expected string, received undefined";
    expect(project.disabled).toEqual({
      feeder_shop_bad: cause,
      int_shop__bad: cause,
      fct_one: expect.stringMatching(
        /^it depends on (feeder_shop_bad|int_shop__bad), which is disabled: dag/,
      ),
      fct_two: expect.stringMatching(
        /^it depends on (feeder_shop_bad|int_shop__bad), which is disabled: dag/,
      ),
    });
    expect(project.models.map(({ asset }) => asset)).toEqual(["fct_good"]);
    expect(project.streams.map(({ stream }) => stream)).toEqual(["orders"]);
    expect(project.assets.map(({ key }) => key)).toEqual(
      expect.arrayContaining(["feeder_shop_bad", "fct_two"]),
    );
  });

  test("why a table is rebuilt is told, and fails no check", async () => {
    const project = await loadFiles(withOrders({ [FACT]: "SELECT id FROM int_shop__orders" }));
    expect(checkPasses(project.findings)).toBe(true);
    expect(project.findings.map(({ code, severity }) => [code, severity])).toEqual([["rebuilt", "info"]]);
    expect(project.disabled).toEqual({});
  });
});

describe("formatFinding", () => {
  test("is one line that begins with a place to click on", () => {
    const finding = {
      code: "sql-bind",
      severity: "error" as const,
      file: "a.sql",
      line: 3,
      message: "Binder Error:\n no such thing",
      remedy: "correct it",
      assets: [],
    };
    expect(formatFinding(finding)).toBe("a.sql:3: Binder Error: no such thing. Correct it. [sql-bind]");
    expect(formatFinding({ ...finding, line: null, severity: "info", message: "fct_a is rebuilt" })).toBe(
      "a.sql: note: fct_a is rebuilt. Correct it. [sql-bind]",
    );
  });
});

test("property: no damage to a file makes loading throw, and a damaged file is found or harmless", async () => {
  const sound: Record<string, string> = {
    [CONFIG]: JSON.stringify(ORDERS, null, 2),
    [LANDING]:
      "CREATE TABLE staging.stg_shop__orders (id BIGINT, updated_at TIMESTAMPTZ, amount DECIMAL(9,2))",
    [MODEL]: "/* ---\nunique_key: order_id\n--- */\nSELECT id AS order_id, amount FROM stg_shop__orders",
    [FACT]:
      "/* ---\nunique_key: order_id\n--- */\nSELECT order_id, sum(amount) AS n FROM int_shop__orders GROUP BY 1",
  };
  const dir = await makeProject(sound);
  expect(errorsOf(await loadProject(dir))).toEqual([]);
  const damage = fc.record({
    file: fc.constantFrom(CONFIG, LANDING, MODEL, FACT),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(20),
    insert: fc.oneof(
      fc.constantFrom("", ";", "'", '"', "/*", "--", "(", "\0", "\n---", "}", "é😀"),
      fc.string(),
    ),
  });
  await fc.assert(
    fc.asyncProperty(damage, async ({ file, at, length, insert }) => {
      const text = sound[file] as string;
      const start = Math.floor(at * text.length);
      await writeFile(join(dir, file), text.slice(0, start) + insert + text.slice(start + length));
      try {
        const project = await loadProject(dir);
        const sane = errorsOf(project).length > 0 || project.models.length === 1;
        expect(sane).toBe(true);
        for (const { assets } of errorsOf(project)) {
          for (const asset of assets) expect(project.disabled[asset]).toBeDefined();
        }
      } finally {
        await writeFile(join(dir, file), text);
      }
    }),
    { numRuns: 60 },
  );
});

test("300 assets load", async () => {
  const files: Record<string, string | object> = {};
  for (let index = 0; index < 75; index++) {
    files[`dag/streams/s/t${index}.json`] = { ...ORDERS, stream: `t${index}` };
    files[`processed/s/int_s__t${index}.sql`] = `SELECT id, amount, updated_at FROM stg_s__t${index}`;
    files[`enriched/d/fct_${index}.sql`] =
      `/* ---\nunique_key: id\n--- */\nSELECT id, sum(amount) AS n FROM int_s__t${index} GROUP BY id`;
    files[`enriched/d/dim_${index}.sql`] =
      `SELECT a.id, a.n FROM fct_${index} a JOIN fct_${(index + 1) % 75} b USING (id)`;
  }
  const dir = await makeProject(files);
  const started = performance.now();
  const project = await loadProject(dir);
  const elapsed = performance.now() - started;
  expect(errorsOf(project)).toEqual([]);
  expect(project.assets).toHaveLength(301);
  console.info(`301 assets loaded in ${Math.round(elapsed)} ms`);
});
