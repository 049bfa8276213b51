import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  canonical,
  deparse,
  parseSelect,
  referencedFunctions,
  referencedTables,
} from "../assets/parse-tree.ts";
import { openScratch, type Session } from "../lake/session.ts";

let scratch: Session;
beforeAll(async () => {
  scratch = await openScratch();
});
afterAll(() => scratch.close());

async function tables(sql: string): Promise<string[]> {
  return referencedTables(await parseSelect(scratch, sql)).map(({ catalog, schema, name }) =>
    [catalog, schema, name].filter((part) => part !== null).join("."),
  );
}

describe("parseSelect", () => {
  const failures: [string, RegExp][] = [
    ["select a,\nb from from t", /^line 2: syntax error at or near "from"/],
    ["/* ---\nunique_key: é\n--- */\n-- ünd\nselect 'é', 1 +\nfrom t where", /^line 6: /],
    ["select 1;\nselect 2", /2 statements/],
    ["insert into t values (1)", /not one SELECT/],
    ["create table t as select 1", /not one SELECT/],
    ["select 1; drop table t", /not one SELECT/],
    ["", /no SELECT/],
    ["-- nothing\n", /no SELECT/],
    ["select 'abc", /^line 1: unterminated/],
  ];
  test.each(failures)("refuses %j", async (sql, message) => {
    const failure = parseSelect(scratch, sql);
    await expect(failure).rejects.toMatchObject({ code: "MODEL_FAILED" });
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.not.toThrow(/\n/);
  });

  test("allows a final semicolon", async () => {
    expect(await tables("select * from t;\n")).toEqual(["t"]);
  });
});

describe("referencedTables", () => {
  const cases: [string, string[]][] = [
    ["select 1", []],
    ["from a", ["a"]],
    ["select * from a join b using (k), c.d, e.f.g", ["a", "b", "c.d", "e.f.g"]],
    ["select (select max(x) from u), y in (select 1 from v), exists (from w) from t", ["u", "v", "w", "t"]],
    ["select * from t, lateral (select * from u where u.a = t.a)", ["t", "u"]],
    ["select * from a union all select * from b except select * from c", ["a", "b", "c"]],
    ["select case when x in (from b) then 1 end from a order by (select 1 from c)", ["c", "b", "a"]],
    [
      "select sum(x) filter (where x > (select min(y) from b)) over (order by (from c)) from a",
      ["b", "c", "a"],
    ],
    ["with c as (select * from t) select * from c", ["t"]],
    ["with t as (select * from t) select * from t", ["t"]],
    ['with T as (select 1) select * from "t"', []],
    ["with t as (select 1) select * from main.t", ["main.t"]],
    ["with a as (select * from b), b as (select * from a) select * from a, b", ["b"]],
    ["select * from (with t as (from u) from t) x, t", ["u", "t"]],
    ["with t as (select 1) select (select 1 from t), * from (with u as (from t) from u)", []],
    ["with recursive r as (select 1 x union all select x + 1 from r, s) from r", ["s"]],
    ["with recursive t as (select x from t union all select x + 1 from t) from t", ["t"]],
    ["with recursive t as (select x from t) from t", ["t"]],
    ["(with c as (from a) from c) union all from c", ["a", "c"]],
    ['select * from "my table" where "it\'s" = 1', ["my table"]],
    ["from (pivot t on a in (1, 2) using sum(b))", ["t"]],
    ["describe t", ["t"]],
    ["values (1), ((select 1 from t))", ["t"]],
    ["select list_transform(l, lambda x: x + (select 1 from u)) from t", ["u", "t"]],
  ];
  test.each(cases)("%s", async (sql, expected) => {
    expect((await tables(sql)).sort()).toEqual([...expected].sort());
  });

  test("gives the line of each mention, after comments and text that is not ASCII", async () => {
    const tree = await parseSelect(scratch, "/* é\n */ select 'ü'\nfrom a\njoin b -- ß\nusing (k), a");
    expect(referencedTables(tree).map(({ name, line }) => [name, line])).toEqual([
      ["a", 3],
      ["b", 4],
      ["a", 5],
    ]);
  });
});

test("referencedFunctions tells scalar, window and table functions apart", async () => {
  const tree = await parseSelect(
    scratch,
    "select Sum(lower(x)), main.now(), y + 1\n, row_number() over () from range(3), unnest([random()])",
  );
  expect(referencedFunctions(tree).map(({ name, usage, line }) => [name, usage, line])).toEqual(
    expect.arrayContaining([
      ["sum", "scalar", 1],
      ["lower", "scalar", 1],
      ["now", "scalar", 1],
      ["+", "scalar", 1],
      ["row_number", "window", 2],
      ["range", "table", 2],
      ["unnest", "table", 2],
      ["random", "scalar", 2],
    ]),
  );
});

describe("canonical", () => {
  const text = async (sql: string) => canonical(await parseSelect(scratch, sql));
  test("does not depend on whitespace, comments or keyword case", async () => {
    expect(await text("/* head */ SELECT a,b\nFROM t -- x")).toBe(await text("select a, b from t"));
  });
  test.each([
    ["select a from t", "select b from t"],
    ["select 9007199254740993", "select 9007199254740992"],
    ["select a from t", "select a from T"],
    ["select '1'", "select 1"],
    ["select a - 1", "select a + 1"],
    ["select 1 where a", "select 1 where b"],
  ])("tells %j from %j", async (left, right) => {
    expect(await text(left)).not.toBe(await text(right));
  });
});

describe("deparse", () => {
  test("keeps every digit and every character of constants", async () => {
    const expressions = [
      "9007199254740993",
      "170141183460469231731687303715884105727",
      "-170141183460469231731687303715884105727",
      "123456789.123456789",
      "1234567890123456789012345678.0123456789",
      "1e300",
      "1e-7",
      "0",
      "0.0",
      "false",
      "''",
      "'it''s \\ \"é\" \u0001number:5'",
      "'2024-01-01'::DATE",
      "INTERVAL 3 MONTH",
      "NULL",
      "{'a': 1, 'b c': [1, 2, NULL]}",
    ];
    const sql = `SELECT ${expressions.map((expression, index) => `${expression} AS c${index}`).join(", ")}`;
    const printed = await deparse(scratch, await parseSelect(scratch, sql));
    expect(await scratch.queryRaw(printed)).toEqual(await scratch.queryRaw(sql));
  });

  test("prints VALUES and doubles and booleans with the same result", async () => {
    const sql =
      "SELECT x * 1e-3 AS d, typeof(1e-3) AS t, y IS TRUE AS b FROM (VALUES (1, true), (2, NULL)) v(x, y)";
    const printed = await deparse(scratch, await parseSelect(scratch, sql));
    expect(await scratch.queryRaw(printed)).toEqual(await scratch.queryRaw(sql));
  });

  test("refuses what DuckDB prints with another meaning", async () => {
    const tree = await parseSelect(scratch, "SELECT * FROM a CROSS JOIN b POSITIONAL JOIN c");
    await expect(deparse(scratch, tree)).rejects.toThrow(/cannot print/);
  });

  test.each([
    "SELECT a, sum(b) FILTER (WHERE c > 1) AS s FROM t AS x (a, b, c) WHERE a IS NOT NULL GROUP BY ALL HAVING s > 1",
    "SELECT * EXCLUDE (a) REPLACE (b + 1 AS b) RENAME (c AS d), t.*, COLUMNS('x.*') FROM t",
    "SELECT * FROM a LEFT JOIN b USING (k) FULL JOIN c ON a.k = c.k, LATERAL (SELECT unnest(a.l)) ANTI JOIN d ON d.k = a.k",
    "SELECT sum(a) OVER (PARTITION BY b ORDER BY c DESC NULLS LAST ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES)",
    "SELECT list_transform(l, lambda x: x + 1), l[1:2], s.a.b, x::DECIMAL(10, 2), try_cast(y AS STRUCT(a INTEGER))",
    "WITH c AS (SELECT 1 AS x) SELECT DISTINCT ON (x) x FROM c UNION ALL BY NAME (SELECT 2 AS x ORDER BY ALL LIMIT 1)",
    "SELECT CASE a WHEN 1 THEN 'x' ELSE NULL END, a BETWEEN 1 AND 2, a NOT IN (1, 2), a LIKE 'x%' ESCAPE '!', NOT a, -a, a IS DISTINCT FROM b",
    "SELECT j ->> '$.a', j -> 'b', a COLLATE NOCASE, x AT TIME ZONE 'UTC', extract(year FROM d), count(DISTINCT a ORDER BY b) FROM t QUALIFY row_number() OVER (PARTITION BY a) = 1",
    "FROM t TABLESAMPLE 10%",
    "SELECT x FROM t GROUP BY GROUPING SETS ((x), (y), ())",
  ])("prints what parses to the same tree: %s", async (sql) => {
    const tree = await parseSelect(scratch, sql);
    const printed = await deparse(scratch, tree);
    expect(canonical(await parseSelect(scratch, printed))).toBe(canonical(tree));
  });
});
