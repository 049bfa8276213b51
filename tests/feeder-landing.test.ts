import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createStreamTables } from "../assets/feeder/rebuild.ts";
import { FeederLake, values } from "./support/feeder-fixture.ts";

let lake: FeederLake;

beforeAll(async () => {
  lake = await FeederLake.open();
});

afterAll(() => lake.close());

const OWN = {
  _airbyte_raw_id: "VARCHAR",
  _airbyte_extracted_at: "TIMESTAMP WITH TIME ZONE",
  _airbyte_meta: "VARCHAR",
  _airbyte_generation_id: "BIGINT",
  year: "BIGINT",
  month: "BIGINT",
  day: "BIGINT",
};

describe("tables", () => {
  test("are made before the first file, and again when they are gone", async () => {
    const stream = await lake.stream();
    expect(await stream.landingTypes()).toEqual({ id: "BIGINT", v: "VARCHAR", ...OWN });
    expect(await stream.rows()).toEqual([]);
    await lake.query(`DROP TABLE ${stream.landingTable}`);
    await lake.query(`DROP TABLE ${stream.processedTable}`);
    await stream.put("2026-01-01/a.parquet", values("id, v", "(1, 'a')"));
    expect(await stream.feed()).toMatchObject([{ files: 1, rows: 1 }]);
    expect(await stream.landed("id, v, year, month, day")).toEqual([["1", "a", "2026", "1", "1"]]);
    expect(await stream.rows("id, v")).toEqual([["1", "a"]]);
  });

  test("get the columns that the config has now, in the batch's own transaction", async () => {
    const stream = await lake.stream();
    await stream.put("2026-01-01/a.parquet", values("id, v", "(1, 'a')"));
    await stream.feed();
    await stream.load(lake.lake, { fields: { id: "integer", v: "string", w: "number", x: "boolean" } });
    await createStreamTables(stream.context);
    // A file that brings a declared column: not a new one for the policy, and of the declared type.
    await stream.put("2026-01-02/b.parquet", values("id, v, w", "(2, 'b', 3)"));
    expect(await stream.feed()).toMatchObject([{ files: 1, rows: 1, quarantined: 0 }]);
    expect(await stream.landingTypes()).toEqual({
      id: "BIGINT",
      v: "VARCHAR",
      ...OWN,
      w: "DOUBLE",
      x: "BOOLEAN",
    });
    expect(await stream.rows("id, v, w, x")).toEqual([
      ["1", "a", null, null],
      ["2", "b", 3, null],
    ]);
  });

  test.each(["fail", "ignore"])(
    "a declared column that the table lacks is not new to on_new_column %s",
    async (policy) => {
      const stream = await lake.stream({ feeder: { on_new_column: policy } });
      await stream.load(lake.lake, { fields: { id: "integer", v: "string", w: "number" } });
      await stream.put("2026-01-02/b.parquet", values("id, v, w", "(2, 'b', 3)"));
      expect(await stream.feed()).toMatchObject([{ files: 1, quarantined: 0 }]);
      expect(await stream.rows("id, w")).toEqual([["2", 3]]);
    },
  );

  test("a hand-written landing DDL decides", async () => {
    const stream = await lake.stream({
      landing: `CREATE TABLE staging.TABLE_NAME ("id" INTEGER, "select" DECIMAL(18, 2), "Weird ""name" DATE, tags VARCHAR[])`,
    });
    await stream.put(
      "2026-01-01/a.parquet",
      `SELECT 7::INTEGER AS id, 1.25::DECIMAL(10, 2) AS "select", DATE '2026-01-01' AS "Weird ""name", ['a', 'b'] AS tags`,
    );
    expect(await stream.feed()).toMatchObject([{ files: 1, quarantined: 0 }]);
    expect(await stream.rows(`id, "select"::VARCHAR, "Weird ""name"::VARCHAR, tags`)).toEqual([
      [7, "1.25", "2026-01-01", ["a", "b"]],
    ]);
    expect(await stream.processedTypes()).toMatchObject({ select: "DECIMAL(18,2)", tags: "VARCHAR[]" });
  });

  test("reserved words as source, stream and columns", async () => {
    const stream = await lake.stream({
      source: "select",
      stream: "table",
      fields: {
        group: "integer",
        order: "string",
        "a b": "string",
        'q"uote': "integer",
        "per;cent%": "string",
      },
      config: { primary_key: [["group"]], cursor_field: ["order"] },
    });
    await stream.put(
      "2026-01-01/a.parquet",
      values(
        `"group", "order", "a b", "q""uote", "per;cent%"`,
        "(1, 'x', 'y', 2, 'z')",
        "(1, 'a', 'older', 2, 'z')",
      ),
    );
    expect(await stream.feed()).toMatchObject([{ files: 1, rows: 2 }]);
    expect(await stream.rows(`"group", "order", "a b", "q""uote", "per;cent%"`)).toEqual([
      ["1", "x", "y", "2", "z"],
    ]);
  });
});

describe("a column that only the file has", () => {
  const withNew = `SELECT 2 AS id, 'b' AS v, 5::SMALLINT AS small, {'a': [1, 2]} AS nested, NULL AS nothing`;

  test("add: joins the landing table, wide enough for what may come, and rows before it have NULL", async () => {
    const stream = await lake.stream({ feeder: { on_new_column: "add" } });
    await stream.put("2026-01-01/a.parquet", values("id, v", "(1, 'a')"));
    await stream.feed();
    await stream.put("2026-01-02/b.parquet", withNew);
    await stream.put("2026-01-03/c.parquet", `SELECT 3 AS id, 'c' AS v, 5000000000 AS small`);
    expect(await stream.feed()).toMatchObject([{ files: 2, quarantined: 0 }]);
    // A column without a value says nothing of its type: it joins with the file that brings one.
    expect(await stream.landingTypes()).toEqual({
      id: "BIGINT",
      v: "VARCHAR",
      ...OWN,
      small: "BIGINT",
      nested: "VARCHAR",
    });
    expect(await stream.rows("id, v, small, nested")).toEqual([
      ["1", "a", null, null],
      ["2", "b", "5", '{"a":[1,2]}'],
      ["3", "c", "5000000000", null],
    ]);
  });

  test("ignore: stays out, whatever its type is from file to file", async () => {
    const stream = await lake.stream({ feeder: { on_new_column: "ignore" } });
    await stream.put("2026-01-02/b.parquet", withNew);
    await stream.put("2026-01-03/c.parquet", `SELECT 3 AS id, 'c' AS v, 'text' AS small, 4 AS nested`);
    expect(await stream.feed()).toMatchObject([{ files: 2, quarantined: 0 }]);
    expect(await stream.landingTypes()).toEqual({ id: "BIGINT", v: "VARCHAR", ...OWN });
    expect(await stream.rows("id, v")).toEqual([
      ["2", "b"],
      ["3", "c"],
    ]);
  });

  test("fail: the file is set aside with the columns' names", async () => {
    const stream = await lake.stream({ feeder: { on_new_column: "fail" } });
    await stream.put("2026-01-01/a.parquet", values("id, v", "(1, 'a')"));
    await stream.put("2026-01-02/b.parquet", withNew);
    expect(await stream.feed()).toMatchObject([{ files: 1, quarantined: 1 }]);
    expect((await stream.quarantine())[0]?.reason).toMatch(
      /^new column small, nested, nothing, and .*"fail"/,
    );
    expect(await stream.landingTypes()).toEqual({ id: "BIGINT", v: "VARCHAR", ...OWN });
  });

  test("of a file that is set aside does not join", async () => {
    const stream = await lake.stream();
    await stream.put("2026-01-01/a.parquet", `SELECT 'no number' AS id, 'a' AS v, 1 AS extra`);
    await stream.put("2026-01-02/b.parquet", values("id, v", "(2, 'b')"));
    expect(await stream.feed()).toMatchObject([{ files: 1, quarantined: 1 }]);
    expect(await stream.landingTypes()).toEqual({ id: "BIGINT", v: "VARCHAR", ...OWN });
  });

  test("in two spellings in two files is one column", async () => {
    const stream = await lake.stream();
    await stream.put("2026-01-01/a.parquet", `SELECT 1 AS id, 'a' AS v, 1 AS "Extra"`);
    await stream.put("2026-01-02/b.parquet", `SELECT 2 AS id, 'b' AS v, 2 AS "EXTRA"`);
    expect(await stream.feed()).toMatchObject([{ files: 2, quarantined: 0 }]);
    expect(await stream.rows("id, extra")).toEqual([
      ["1", "1"],
      ["2", "2"],
    ]);
  });
});

test("a column that the file lacks is NULL", async () => {
  const stream = await lake.stream({ fields: { id: "integer", v: "string", w: "integer" } });
  await stream.put("2026-01-01/a.parquet", "SELECT 1 AS id");
  await stream.put("2026-01-01/b.parquet", "SELECT 2 AS id, 'b' AS v");
  expect(await stream.feed()).toMatchObject([{ files: 2, quarantined: 0 }]);
  expect(await stream.rows("id, v, w")).toEqual([
    ["1", null, null],
    ["2", "b", null],
  ]);
  expect(await stream.landed("id, v, w")).toEqual(await stream.rows("id, v, w"));
});

test("columns match whatever their case, in landing and in the processed table", async () => {
  const stream = await lake.stream({ fields: { id: "integer", userName: "string" } });
  await stream.put("2026-01-01/a.parquet", `SELECT 1 AS "ID", 'a' AS "USERNAME"`);
  await stream.put("2026-01-02/b.parquet", `SELECT 2 AS id, 'b' AS "userName"`);
  expect(await stream.feed()).toMatchObject([{ files: 2, quarantined: 0 }]);
  const both = [
    ["1", "a"],
    ["2", "b"],
  ];
  expect(await stream.landed("id, username")).toEqual(both);
  expect(await stream.rows("id, username")).toEqual(both);
});

test("two columns of one file that differ only in case do not stop the stream", async () => {
  const stream = await lake.stream();
  const file = await lake.parquet(`SELECT 5 AS id, 'x' AS v, 'y' AS "W1", 'z' AS w2`);
  // DuckDB does not write such a file: rename W1 to W2 in its bytes.
  const twin = Buffer.from(file.toString("latin1").replaceAll("W1", "W2"), "latin1");
  await stream.put("2026-01-01/a.parquet", twin);
  await stream.put("2026-01-02/b.parquet", values("id, v", "(2, 'b')"));
  const [outcome] = await stream.feed();
  expect((outcome?.files ?? 0) + (outcome?.quarantined ?? 0)).toBe(2);
  expect((await stream.rows("id, v")).at(0)).toEqual(["2", "b"]);
});

test("year, month and day come from the path, whatever the file says", async () => {
  const stream = await lake.stream({ landing: "CREATE TABLE staging.TABLE_NAME (id BIGINT, v VARCHAR)" });
  await stream.put("2026-01-09/a.parquet", `SELECT 1 AS id, 'a' AS v, 1999 AS year, 'May' AS month`);
  expect(await stream.feed()).toMatchObject([{ files: 1, quarantined: 0 }]);
  expect(await stream.landed("year, month, day")).toEqual([["2026", "1", "9"]]);
});

const converted: [landing: string, file: string, shown: string][] = [
  ["BIGINT", "7::TINYINT", "7"],
  ["BIGINT", "7::INTEGER", "7"],
  ["BIGINT", "7::UINTEGER", "7"],
  ["BIGINT", "7::UBIGINT", "7"],
  ["BIGINT", "7.0::DOUBLE", "7"],
  ["BIGINT", "7::DECIMAL(38,0)", "7"],
  ["BIGINT", "7::HUGEINT", "7"],
  ["DOUBLE", "1.5::FLOAT", "1.5"],
  ["DOUBLE", "7::INTEGER", "7.0"],
  ["DOUBLE", "1.25::DECIMAL(10,2)", "1.25"],
  ["DECIMAL(18,2)", "1.25::DECIMAL(9,2)", "1.25"],
  ["DECIMAL(18,2)", "1.5::DECIMAL(9,1)", "1.50"],
  ["DECIMAL(18,2)", "1.5::DOUBLE", "1.50"],
  ["DECIMAL(18,2)", "3::INTEGER", "3.00"],
  ["TIMESTAMP", "TIMESTAMPTZ '2026-01-01 10:00:00+02'", "2026-01-01 08:00:00"],
  ["TIMESTAMP WITH TIME ZONE", "TIMESTAMP '2026-01-01 10:00:00'", "2026-01-01 10:00:00+00"],
  ["TIMESTAMP", "DATE '2026-01-01'", "2026-01-01 00:00:00"],
  ["TIMESTAMP", "TIMESTAMP_MS '2026-01-01 10:00:00.123'", "2026-01-01 10:00:00.123"],
  ["DATE", "TIMESTAMP '2026-01-01 00:00:00'", "2026-01-01"],
  ["VARCHAR", "7::INTEGER", "7"],
  ["VARCHAR", "TRUE", "true"],
  ["VARCHAR", "0.1::DOUBLE", "0.1"],
  ["VARCHAR", "DATE '2026-01-01'", "2026-01-01"],
  ["VARCHAR", "[1, NULL, 3]", "[1,null,3]"],
  ["VARCHAR", "{'a': {'b': 'ü''\"'}}", `{"a":{"b":"ü'\\""}}`],
  ["VARCHAR", "MAP {'k': 1}", '{"k":1}'],
];

describe("a column of another type lands where no value changes by it", () => {
  test.each(converted)("%s from %s", async (type, value, shown) => {
    const stream = await lake.stream({ landing: `CREATE TABLE staging.TABLE_NAME (id BIGINT, x ${type})` });
    await stream.put(
      "2026-01-01/a.parquet",
      `SELECT 1::BIGINT AS id, ${value} AS x UNION ALL SELECT 2, NULL`,
    );
    await stream.put("2026-01-02/b.parquet", `SELECT 3::BIGINT AS id, NULL::${type} AS x`);
    expect(await stream.feed()).toMatchObject([{ files: 2, rows: 3, quarantined: 0 }]);
    const expected = [
      ["1", shown],
      ["2", null],
      ["3", null],
    ];
    expect(await stream.rows("id, x::VARCHAR")).toEqual(expected);
    expect(await stream.landed("id, x::VARCHAR")).toEqual(expected);
    expect((await stream.landingTypes()).x).toBe(type);
  });
});

const refused: [landing: string, file: string, fileType: string][] = [
  ["BIGINT", "1.5::DOUBLE", "DOUBLE"],
  ["BIGINT", "'seven'", "VARCHAR"],
  ["BIGINT", "TRUE", "BOOLEAN"],
  ["BIGINT", "18446744073709551615::UBIGINT", "UBIGINT"],
  ["BIGINT", "[1]", "INTEGER[]"],
  ["DOUBLE", "9007199254740993::BIGINT", "BIGINT"],
  ["DECIMAL(18,2)", "1.255::DECIMAL(9,3)", "DECIMAL(9,3)"],
  ["DECIMAL(4,2)", "123.45::DECIMAL(5,2)", "DECIMAL(5,2)"],
  ["DATE", "TIMESTAMP '2026-01-01 10:00:00'", "TIMESTAMP"],
  ["BOOLEAN", "'true'", "VARCHAR"],
  ["TIMESTAMP", "1767225600::BIGINT", "BIGINT"],
  ["STRUCT(a INTEGER)", "{'b': 1}", "STRUCT(b INTEGER)"],
];

describe("a column whose values would change sets its file aside, naming the column and both types", () => {
  test.each(refused)("%s from %s", async (type, value, fileType) => {
    const stream = await lake.stream({ landing: `CREATE TABLE staging.TABLE_NAME (id BIGINT, x ${type})` });
    await stream.put("2026-01-01/a.parquet", `SELECT 1::BIGINT AS id, ${value} AS x`);
    await stream.put("2026-01-02/b.parquet", `SELECT 3::BIGINT AS id, NULL::${type} AS x`);
    expect(await stream.feed()).toMatchObject([{ files: 1, quarantined: 1 }]);
    expect((await stream.quarantine())[0]?.reason).toMatch(
      `column x is ${fileType} in the file and ${type} in the landing table, which cannot hold it`,
    );
    expect(await stream.rows("id")).toEqual([["3"]]);
  });
});

test.each(["BIGINT", "BOOLEAN", "DATE", "TIMESTAMP WITH TIME ZONE", "DECIMAL(18,2)", "VARCHAR", "VARCHAR[]"])(
  "a column without values fits %s, whatever type the file gives it",
  async (type) => {
    const stream = await lake.stream({ landing: `CREATE TABLE staging.TABLE_NAME (id BIGINT, x ${type})` });
    for (const [index, fileType] of ["INTEGER", "VARCHAR", "BOOLEAN", "DOUBLE", "DATE"].entries()) {
      await stream.put(
        `2026-01-01/${index}.parquet`,
        `SELECT ${index}::BIGINT AS id, NULL::${fileType} AS x`,
      );
    }
    expect(await stream.feed()).toMatchObject([{ files: 5, quarantined: 0 }]);
    expect(await stream.landed("count(*)::INTEGER, count(x)::INTEGER")).toEqual([[5, 0]]);
  },
);
