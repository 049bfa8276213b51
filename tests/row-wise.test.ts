import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FunctionCatalog, loadFunctionCatalog } from "../assets/function-catalog.ts";
import { deparse, parseSelect } from "../assets/parse-tree.ts";
import { rowWiseViolations, withHiddenColumn } from "../assets/row-wise.ts";
import { openScratch, type Session } from "../lake/session.ts";

let scratch: Session;
let functions: FunctionCatalog;
beforeAll(async () => {
  scratch = await openScratch();
  functions = await loadFunctionCatalog(scratch);
  await scratch.execute(`
    CREATE TABLE landed (id INTEGER, name VARCHAR, items INTEGER[], customer STRUCT(id INTEGER, email VARCHAR), doc JSON);
    INSERT INTO landed VALUES
      (1, 'a', [1, 2], {'id': 7, 'email': 'x'}, '{"k": 1}'),
      (1, 'a', [1, 2], {'id': 7, 'email': 'x'}, '{"k": 1}'),
      (2, NULL, NULL, NULL, NULL),
      (NULL, 'b', [], {'id': NULL, 'email': 'y'}, '[]');
    CREATE VIEW stg AS SELECT * FROM landed;
    CREATE SCHEMA hiding;
    CREATE VIEW hiding.stg AS SELECT *, {'n': row_number() OVER ()} AS _version FROM landed`);
});
afterAll(() => scratch.close());

test("the function catalog knows macros by what they call", () => {
  for (const name of [
    "sum",
    "list",
    "json_group_array",
    "weighted_avg",
    "count_star",
    "row_number",
    "first",
  ]) {
    expect(functions.aggregates, name).toContain(name);
  }
  for (const name of [
    "list_sum",
    "list_first",
    "list_aggregate",
    "split_part",
    "json_extract",
    "range",
    "nullif",
    "lower",
  ]) {
    expect(functions.aggregates, name).not.toContain(name);
    expect(functions.unnesting, name).not.toContain(name);
    expect(functions.volatile, name).not.toContain(name);
  }
  for (const name of [
    "now",
    "random",
    "uuid",
    "nextval",
    "today",
    "ago",
    "current_date",
    "user",
    "getvariable",
  ]) {
    expect(functions.volatile, name).toContain(name);
  }
  for (const name of ["unnest", "generate_subscripts", "regexp_split_to_table"]) {
    expect(functions.unnesting, name).toContain(name);
  }
});

const violations: [string, RegExp][] = [
  ["SELECT id FROM stg\nWHERE id > 0", /^2: it uses WHERE/],
  ["SELECT id FROM stg\nQUALIFY row_number() OVER (PARTITION BY id) = 1", /^2: it uses QUALIFY/],
  ["SELECT id, count(*) FROM stg\nGROUP BY id", /1: it uses the aggregate count_star/],
  ["SELECT id FROM stg\nGROUP BY id", /^2: it uses GROUP BY/],
  ["SELECT id FROM stg GROUP BY ALL", /GROUP BY/],
  ["SELECT max(id) FROM stg HAVING max(id) > 1", /HAVING/],
  ["SELECT id, sum(id) OVER () FROM stg", /the window function sum/],
  ["SELECT 1 + max(id) FROM stg", /the aggregate max/],
  ["SELECT json_group_array(id) FROM stg", /the aggregate json_group_array/],
  ["SELECT * REPLACE (max(id) AS id) FROM stg", /the aggregate max/],
  ["SELECT CASE WHEN max(id) > 1 THEN 1 END FROM stg", /the aggregate max/],
  ["SELECT (SELECT sum(stg.id)) FROM stg", /aggregate sum in a subquery/],
  ["SELECT DISTINCT id FROM stg", /DISTINCT/],
  ["SELECT DISTINCT ON (id) id FROM stg", /DISTINCT/],
  ["SELECT id FROM stg LIMIT 1", /LIMIT/],
  ["SELECT id FROM stg OFFSET 1", /OFFSET/],
  ["SELECT id FROM stg LIMIT 10%", /LIMIT/],
  ["SELECT id FROM stg ORDER BY id", /ORDER BY/],
  ["SELECT id FROM stg USING SAMPLE 10%", /SAMPLE/],
  ["SELECT id FROM stg TABLESAMPLE 10%", /SAMPLE/],
  ["SELECT id FROM stg UNION ALL SELECT id FROM stg", /UNION/],
  ["SELECT a.id FROM stg a JOIN stg b ON a.id = b.id", /a join/],
  ["SELECT id, x FROM stg, unnest(items) t(x)", /a join/],
  ["SELECT id, unnest(items) FROM stg", /unnest, which makes several rows/],
  ["SELECT generate_subscripts(items, 1) FROM stg", /generate_subscripts/],
  ["SELECT id, (SELECT max(x) FROM other) FROM stg", /it reads other, not only stg/],
  ["SELECT id IN (SELECT id FROM stg) FROM stg", /a table in a subquery/],
  ["SELECT id FROM other", /it reads other/],
  ["SELECT id FROM staging.stg", /it reads staging\.stg/],
  ["SELECT id FROM stg AT (VERSION => 1)", /AT another version/],
  ["SELECT 1 AS id", /no table/],
  ["SELECT * FROM (VALUES (1))", /VALUES/],
  ["FROM range(3)", /table function/],
  ["WITH c AS (SELECT * FROM stg WHERE id > 1) SELECT * FROM c", /WHERE/],
  ["WITH c AS (SELECT * FROM stg), d AS (FROM c LIMIT 1) SELECT * FROM (SELECT * FROM d)", /LIMIT/],
  ["WITH RECURSIVE c AS (SELECT 1 x UNION ALL SELECT x FROM c) FROM c", /recursive/],
  ["FROM (PIVOT stg ON id IN (1, 2) USING count(*))", /PIVOT/],
  ["FROM (DESCRIBE stg)", /DESCRIBE/],
];
test.each(violations)("refuses %s", async (sql, expected) => {
  const found = rowWiseViolations(await parseSelect(scratch, sql), "stg", functions);
  expect(found.map(({ message, line }) => `${line}: ${message}`).join("\n")).toMatch(expected);
});

/** Row-wise models; the row count of each equals the landing table's. */
const rowWise = [
  "SELECT * FROM stg",
  "FROM stg",
  "SELECT id, name FROM stg",
  "SELECT id AS key, upper(name) AS n, customer.email, customer.id AS cid FROM stg",
  "SELECT * EXCLUDE (name) FROM stg",
  "SELECT * EXCLUDE (name) REPLACE (id + 1 AS id) RENAME (items AS things) FROM stg",
  "SELECT s.*, s.id + 1 AS next FROM stg AS s",
  "SELECT *, * FROM stg",
  "SELECT s.*, * EXCLUDE (id) FROM stg s",
  "SELECT id, customer.* FROM stg",
  "SELECT s.id FROM stg AS s (id, label)",
  "SELECT * FROM stg AS s (key, label)",
  "SELECT t FROM stg t",
  "SELECT t AS whole, to_json(t) AS doc FROM stg t",
  "SELECT to_json(stg) AS doc FROM stg",
  "SELECT t.id, t.customer.email, t['name'], t = t FROM stg t",
  "SELECT COLUMNS('^(id|name)$') FROM stg",
  "SELECT COLUMNS(c -> c LIKE '%i%') FROM stg",
  "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM stg",
  "SELECT CAST(COLUMNS(* EXCLUDE (items)) AS VARCHAR) FROM stg",
  "SELECT * LIKE '%m%' FROM stg",
  "SELECT list_transform(items, lambda x: x + id) AS plus, list_sum(items) AS total FROM stg",
  "SELECT list_transform(items, lambda t: t + 1) AS plus FROM stg t",
  "SELECT doc ->> '$.k' AS k, CASE WHEN id IS NULL THEN 0.5 * 1e-3 ELSE id END AS c, name IS TRUE FROM (SELECT id, doc, id = 1 AS name FROM stg)",
  "SELECT id, exists (SELECT 1 FROM unnest(items) u(x) WHERE x > 1) AS any_big FROM stg",
  "WITH a AS (SELECT id, name, items FROM stg), b AS (SELECT id AS key, * EXCLUDE (id) FROM a) SELECT key, name FROM b",
  "WITH a (k, n) AS (SELECT id, name FROM stg) SELECT n, k FROM a",
  "WITH stg AS (SELECT id + 1 AS id FROM stg) SELECT * FROM stg",
  "WITH unused AS (SELECT max(id) FROM stg), a AS (FROM stg) SELECT a FROM a",
  "WITH data AS (SELECT doc AS data FROM stg) SELECT data ->> '$.k' AS k FROM data",
  "WITH data AS (SELECT doc, id FROM stg) SELECT data.doc AS d, data FROM data",
  "SELECT y.key, y.name FROM (SELECT x.id AS key, x.name FROM (SELECT * FROM stg) AS x) AS y",
  "SELECT z FROM (WITH c AS (FROM stg) SELECT id AS z FROM c) AS q",
  "SELECT q FROM (SELECT id AS z, name FROM stg) AS q (k)",
  'SELECT "ID", "Stg"."name" FROM "STG"',
];
describe("row-wise models", () => {
  test.each(rowWise)("%s", async (sql) => {
    const tree = await parseSelect(scratch, sql);
    expect(rowWiseViolations(tree, "stg", functions)).toEqual([]);

    const columns = ["id", "name", "items", "customer", "doc"];
    const carried = await deparse(scratch, withHiddenColumn(tree, "stg", "_version", columns));
    const outputs = (await scratch.describe(sql)).map(({ name }) => name);
    await scratch.execute("SET search_path = 'hiding'");
    try {
      expect(await scratch.describe(carried)).toHaveLength(outputs.length + 1);
      const places = outputs.map((_, index) => `c${index}`);
      const rows = await scratch.queryRaw(
        `SELECT * EXCLUDE (_version), _version.n AS _n FROM (${carried}) AS m (${[...places, "_version"]}) ORDER BY _n`,
      );
      expect(rows.map((row) => row._n)).toEqual(["1", "2", "3", "4"]);
      // Row n of the output is what the model makes of row n alone.
      for (const row of rows) {
        await scratch.execute(
          `CREATE OR REPLACE TEMP VIEW stg AS SELECT * EXCLUDE (_version) FROM hiding.stg WHERE _version.n = ${row._n}`,
        );
        const alone = await scratch.queryRaw(`SELECT * FROM (${sql}) AS m (${places})`);
        await scratch.execute("DROP VIEW temp.stg");
        const { _n, ...values } = row;
        expect(alone).toEqual([values]);
      }
    } finally {
      await scratch.execute("SET search_path = 'main'");
    }
  });

  test("a name that may be a row or a column is refused, with its line", async () => {
    const tree = await parseSelect(scratch, "WITH t AS (SELECT COLUMNS('d') FROM stg)\nSELECT t FROM t");
    expect(() => withHiddenColumn(tree, "stg", "_version", ["id", "doc"])).toThrow(/^line 2: t may be a row/);
  });

  test("a COLUMNS pattern that would take the hidden column in is refused", async () => {
    const tree = await parseSelect(scratch, "SELECT COLUMNS('_') FROM stg");
    expect(() => withHiddenColumn(tree, "stg", "_version", ["id"])).toThrow(/line 1: COLUMNS/);
  });
});
