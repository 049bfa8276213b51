import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { literal } from "../lake/sql.ts";
import { type FedStream, FeederLake, values } from "./support/feeder-fixture.ts";
import { ARROW_TYPES, INT96 } from "./support/foreign-files.ts";
import { COLUMN, FILE, withFooter } from "./support/parquet-footer.ts";

let lake: FeederLake;

beforeAll(async () => {
  lake = await FeederLake.open();
});

afterAll(() => lake.close());

/** Fails unless landing and the processed table both hold exactly these rows, in any order. */
async function expectRows(stream: FedStream, columns: string, rows: unknown[][]): Promise<void> {
  const sorted = (list: unknown[][]) => list.map((row) => JSON.stringify(row)).sort();
  expect(sorted(await stream.landed(columns))).toEqual(sorted(rows));
  expect(sorted(await stream.rows(columns))).toEqual(sorted(rows));
}

/** One value of one type in a file, for one column of the landing table. */
interface Case {
  column: string;
  type: string;
  /** SQL for the value. */
  value: string;
  /** The same as the column shows it, as text that its type reads; null: the file has to be set aside. */
  shown: string | null;
}

/** A stream whose landing table has a column for each type. */
async function streamOf(types: Record<string, string>): Promise<FedStream> {
  const columns = Object.entries(types).map(([name, type]) => `"${name}" ${type}`);
  return lake.stream({
    landing: `CREATE TABLE staging.TABLE_NAME (id INTEGER, ${columns.join(", ")})`,
    feeder: { batch_files: 1000 },
  });
}

/** Feeds a file for each case, and compares what became of every single one. */
async function feedCases(types: Record<string, string>, cases: Case[]): Promise<void> {
  const stream = await streamOf(types);
  const wanted = new Map<string, unknown[]>();
  for (const [id, { column, type, value, shown }] of cases.entries()) {
    const sql = `SELECT ${id}::INTEGER AS id, ${value}::${type} AS "${column}"`;
    const key = await stream.put(`2026-01-01/${id}.parquet`, sql);
    wanted.set(key, [id, column, type, value, shown === null ? null : await written(types[column], shown)]);
  }
  await stream.feed();
  const names = Object.keys(types);
  const text = names.map((name) => `'${name}', "${name}"::VARCHAR`).join(", ");
  const outcome = new Map<unknown, unknown>();
  for (const [id, values] of await stream.rows(`id, json_object(${text})`)) {
    outcome.set(id, values);
  }
  const aside = new Map((await stream.quarantine()).map((row) => [row.key, row.reason]));
  const found: unknown[][] = [];
  for (const [key, [id, column, type, value]] of wanted) {
    const values = outcome.get(id);
    const shown = values === undefined ? null : (JSON.parse(String(values))[String(column)] ?? "NULL");
    found.push([id, column, type, value, shown]);
    if (values !== undefined) continue;
    expect(aside.get(key)).toMatch(`column ${column} is`);
    expect(aside.get(key)).toMatch(`in the file and ${types[String(column)]} in the landing table`);
  }
  expect(found).toEqual([...wanted.values()]);
  expect(await stream.landed(`id, json_object(${text})`)).toEqual(
    await stream.rows(`id, json_object(${text})`),
  );
  await expectFound(stream, names);
}

/** A value as DuckDB writes it. */
async function written(type: string | undefined, text: string): Promise<string> {
  const [row] = await lake.writer.queryRaw(
    `SELECT '${text.replaceAll("'", "''")}'::${type}::VARCHAR AS text`,
  );
  return String(row?.text);
}

/**
 * Fails unless a predicate over landing finds what a scan finds: neither the files' statistics nor their own types may
 * lead past a value, or to a wrong one.
 */
async function expectFound(stream: FedStream, names: string[]): Promise<void> {
  for (const name of names) {
    const type = (await stream.landingTypes())[name];
    // DuckLake 1.5.5 misses a FLOAT of 1e15 and more, in files of its own too (docs/ducklake.md).
    if (type === "FLOAT") continue;
    const scanned = `SELECT "${name}" AS v FROM ${stream.landingTable} OFFSET 0`;
    const values = await lake.query(
      `SELECT v::VARCHAR AS v, count(*)::INTEGER AS n FROM (${scanned}) WHERE v IS NOT NULL GROUP BY ALL ORDER BY ALL`,
    );
    const found = values.map(
      ({ v }) =>
        `SELECT ${literal(String(v))} AS v, count(*)::INTEGER AS n FROM ${stream.landingTable} WHERE "${name}" = ${literal(String(v))}::${type}`,
    );
    if (values.length > 0)
      expect(await lake.query(`${found.join(" UNION ALL ")} ORDER BY ALL`)).toEqual(values);
  }
}

describe("numbers land wherever not one of them changes", () => {
  const INTEGERS: Record<string, [bigint, bigint]> = {
    TINYINT: [-128n, 127n],
    SMALLINT: [-32768n, 32767n],
    INTEGER: [-(2n ** 31n), 2n ** 31n - 1n],
    BIGINT: [-(2n ** 63n), 2n ** 63n - 1n],
    UTINYINT: [0n, 255n],
    USMALLINT: [0n, 65535n],
    UINTEGER: [0n, 2n ** 32n - 1n],
    UBIGINT: [0n, 2n ** 64n - 1n],
  };
  const DECIMALS: Record<string, [number, number]> = {
    "DECIMAL(4,2)": [4, 2],
    "DECIMAL(9,0)": [9, 0],
    "DECIMAL(18,4)": [18, 4],
    "DECIMAL(38,10)": [38, 10],
  };
  const FLOATING: Record<string, string[]> = {
    FLOAT: ["1.5", "0.1", "16777216", "3.4028235e38", "'NaN'", "'Infinity'"],
    DOUBLE: ["1.5", "0.1", "-7", "9007199254740993", "1e300", "'NaN'", "'-Infinity'"],
  };
  const files: [type: string, values: string[]][] = [
    ...Object.entries(INTEGERS).map(([type, [least, most]]): [string, string[]] => [
      type,
      [`${least}`, "7", `${most}`],
    ]),
    ...Object.entries(DECIMALS).map(([type, [width, scale]]): [string, string[]] => {
      const most = "9".repeat(width - scale) + (scale ? `.${"9".repeat(scale)}` : "");
      return [type, ["7", scale ? "0.5" : "-3", scale > 2 ? "0.125" : "12", most]];
    }),
    ...Object.entries(FLOATING),
  ];
  const landings = [
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "UTINYINT",
    "UBIGINT",
    ...Object.keys(DECIMALS),
    ...Object.keys(FLOATING),
  ];

  /** A finite decimal text as digits and a power of ten. */
  function exact(text: string): { digits: bigint; scale: number } {
    const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
    const [whole = "", fraction = ""] = mantissa.split(".");
    let digits = BigInt(whole + fraction);
    let scale = fraction.length - Number(exponent);
    if (scale < 0) {
      digits *= 10n ** BigInt(-scale);
      scale = 0;
    }
    while (scale > 0 && digits % 10n === 0n) {
      digits /= 10n;
      scale -= 1;
    }
    return { digits, scale };
  }

  const shortestFloat = (value: number): string => {
    for (let digits = 1; digits <= 9; digits += 1) {
      const text = value.toPrecision(digits);
      if (Math.fround(Number(text)) === value) return text;
    }
    return String(value);
  };

  /** What the file holds, written as short as it can be told from its neighbours. */
  function held(type: string, value: string): string {
    if (type === "DOUBLE") return String(Number(value));
    if (type === "FLOAT") return shortestFloat(Math.fround(Number(value)));
    return value;
  }

  /** What a column of type `landing` shows of it, or null when it has no room for it. */
  function shownAs(landing: string, type: string, value: string): string | null {
    if (value.startsWith("'")) {
      return landing === type ||
        (landing === "DOUBLE" && type === "FLOAT") ||
        (landing === "FLOAT" && type === "DOUBLE")
        ? value.slice(1, -1)
        : null;
    }
    const text = held(type, value);
    if (landing === type) return text;
    if (landing === "FLOAT" || landing === "DOUBLE") {
      const number = landing === "FLOAT" ? Math.fround(Number(text)) : Number(text);
      if (landing === "DOUBLE" && type === "FLOAT") return String(Math.fround(Number(text)));
      if (landing === "FLOAT" && type === "DOUBLE") return number === Number(text) ? text : null;
      const whole = exact(text);
      if (whole.scale === 0) return BigInt(number) === whole.digits ? text : null;
      const back = landing === "FLOAT" ? shortestFloat(number) : String(number);
      const again = exact(back);
      return again.digits === whole.digits && again.scale === whole.scale ? text : null;
    }
    const { digits, scale } = exact(text);
    const range = INTEGERS[landing];
    if (range) return scale === 0 && digits >= range[0] && digits <= range[1] ? String(digits) : null;
    const [width, places] = DECIMALS[landing] as [number, number];
    const whole = digits / 10n ** BigInt(scale);
    const size = (whole < 0n ? -whole : whole).toString().replace(/^0$/, "").length;
    return scale <= places && size <= width - places ? text : null;
  }

  test.each(landings)("into %s", async (landing) => {
    const cases = files.flatMap(([type, values]) =>
      [...new Set(values)].map((value) => ({
        column: "x",
        type,
        value: value.startsWith("'") ? value : `'${value}'`,
        shown: shownAs(landing, type, value),
      })),
    );
    await feedCases({ x: landing }, cases);
  });
});

describe("days and moments land where none of them changes; one without a time zone is taken for UTC", () => {
  const TYPES = {
    d: "DATE",
    ts: "TIMESTAMP",
    s: "TIMESTAMP_S",
    ms: "TIMESTAMP_MS",
    ns: "TIMESTAMP_NS",
    tz: "TIMESTAMP WITH TIME ZONE",
  };
  const DAY = "2026-01-09 00:00:00";
  const SECOND = "2026-01-09 10:11:12";
  const MILLI = "2026-01-09 10:11:12.125";
  const MICRO = "2026-01-09 10:11:12.123456";
  const NANO = "2026-01-09 10:11:12.123456789";
  const EARLY = "0001-01-01 00:00:00";
  const LATE = "9999-12-31 23:59:59.999999";
  /** The columns that have room for a value. */
  const fits: [type: string, value: string, columns: (keyof typeof TYPES)[]][] = [
    ["DATE", DAY, ["d", "ts", "s", "ms", "ns", "tz"]],
    ["DATE", EARLY, ["d", "ts", "s", "ms", "tz"]],
    ["DATE", "infinity", ["d", "ts", "tz"]],
    ["TIMESTAMP", DAY, ["d", "ts", "s", "ms", "ns", "tz"]],
    ["TIMESTAMP", SECOND, ["ts", "s", "ms", "ns", "tz"]],
    ["TIMESTAMP", MILLI, ["ts", "ms", "ns", "tz"]],
    ["TIMESTAMP", MICRO, ["ts", "ns", "tz"]],
    ["TIMESTAMP", LATE, ["ts", "tz"]],
    ["TIMESTAMP_NS", DAY, ["d", "ts", "s", "ms", "ns", "tz"]],
    ["TIMESTAMP_NS", MICRO, ["ts", "ns", "tz"]],
    ["TIMESTAMP_NS", NANO, ["ns"]],
    ["TIMESTAMP WITH TIME ZONE", `${DAY}+00`, ["d", "ts", "s", "ms", "ns", "tz"]],
    ["TIMESTAMP WITH TIME ZONE", `${DAY}+02`, ["ts", "s", "ms", "ns", "tz"]],
    ["TIMESTAMP WITH TIME ZONE", `${MICRO}+00`, ["ts", "ns", "tz"]],
  ];

  test.each(Object.keys(TYPES) as (keyof typeof TYPES)[])("into column %s", async (column) => {
    const cases = fits.map(([type, value, columns]) => {
      const utc = value.endsWith("+02") ? "2026-01-08 22:00:00" : value.replace("+00", "");
      const shown = columns.includes(column)
        ? column === "tz" && utc !== "infinity"
          ? `${utc}+00`
          : utc
        : null;
      return { column, type, value: `'${value}'`, shown };
    });
    await feedCases(TYPES, cases);
  });

  test("times of day", async () => {
    const column = "x";
    await feedCases({ x: "TIME" }, [
      { column, type: "TIME", value: "'23:59:59.999999'", shown: "23:59:59.999999" },
      { column, type: "TIME WITH TIME ZONE", value: "'10:00:00+02'", shown: "08:00:00" },
      { column, type: "TIMESTAMP", value: "'2026-01-09 10:00:00'", shown: null },
      { column, type: "VARCHAR", value: "'10:00:00'", shown: null },
    ]);
  });
});

describe("text takes everything, written so that it can be read back", () => {
  const plain: [type: string, value: string, text: string][] = [
    ["BOOLEAN", "TRUE", "true"],
    ["TINYINT", "'-128'", "-128"],
    ["UBIGINT", "18446744073709551615", "18446744073709551615"],
    ["DECIMAL(38,10)", "'1.50'", "1.5000000000"],
    ["FLOAT", "0.1", "0.1"],
    ["DOUBLE", "'NaN'", "nan"],
    ["DOUBLE", "0.1", "0.1"],
    ["DATE", "'2026-01-09'", "2026-01-09"],
    ["TIME", "'10:00:00.5'", "10:00:00.5"],
    ["TIMESTAMP", "'2026-01-09 10:00:00'", "2026-01-09 10:00:00"],
    ["TIMESTAMP_NS", "'2026-01-09 10:00:00.123456789'", "2026-01-09 10:00:00.123456789"],
    ["TIMESTAMPTZ", "'2026-01-09 10:00:00+02'", "2026-01-09 08:00:00+00"],
    ["INTERVAL", "'1 month 2 days 3 seconds'", "1 month 2 days 00:00:03"],
    ["UUID", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
    ["JSON", `'{"a": [1,  2]}'`, '{"a": [1,  2]}'],
    ["BLOB", "encode('gr\u00fcn \\x')", "gr\u00fcn \\x"],
    ["ENUM('a', 'b')", "'b'", "b"],
  ];

  test("plain values", async () => {
    const cases = plain.map(([type, value, shown]) => ({ column: "x", type, value, shown }));
    await feedCases({ x: "VARCHAR" }, [
      ...cases,
      // Bytes that are no text.
      { column: "x", type: "BLOB", value: "'\\xFF'::BLOB", shown: null },
    ]);
  });

  test("nested values land as the JSON text that to_json gives", async () => {
    const values = [
      "[1, NULL, 3]",
      "[]",
      "[[1], [2, 3]]",
      "{'a': 1, 'b': {'c': [TRUE, NULL]}}",
      "MAP {'k': 1, 'l': NULL}",
      "MAP {1: 'one'}",
      `[{'q': 'it''s "quoted", \u00fc'}]`,
      "['NaN'::DOUBLE, 'Infinity'::DOUBLE, 0.1::DOUBLE]",
      "{'at': TIMESTAMP '2026-01-09 10:00:00', 'of': 1.50::DECIMAL(9,2), 'most': 18446744073709551615::UBIGINT}",
      "[1, 2]::INTEGER[2]",
    ];
    const stream = await streamOf({ x: "VARCHAR" });
    const rows: unknown[][] = [];
    for (const [id, value] of values.entries()) {
      const key = await stream.put(
        `2026-01-01/${id}.parquet`,
        `SELECT ${id}::INTEGER AS id, ${value} AS x UNION ALL SELECT ${100 + id}, NULL`,
      );
      const [json] = await lake.query(
        `SELECT to_json(x)::VARCHAR AS text FROM read_parquet('${lake.store.url(key)}') WHERE id = ${id}`,
      );
      rows.push([id, json?.text], [100 + id, null]);
    }
    expect(await stream.feed()).toMatchObject([{ files: values.length, quarantined: 0 }]);
    expect(rows[0]).toEqual([0, "[1,null,3]"]);
    await expectRows(stream, "id, x", rows);
  });
});

test("other values of one kind", async () => {
  await feedCases({ j: "JSON", u: "UUID", b: "BLOB", v: "VARCHAR" }, [
    { column: "j", type: "VARCHAR", value: `'{"a":  1}'`, shown: '{"a":  1}' },
    { column: "j", type: "VARCHAR", value: "'no JSON'", shown: null },
    { column: "j", type: "JSON", value: `'[1]'`, shown: "[1]" },
    {
      column: "u",
      type: "VARCHAR",
      value: "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
      shown: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    },
    { column: "u", type: "VARCHAR", value: "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", shown: null },
    { column: "b", type: "BLOB", value: "'\\xFF\\x00'::BLOB", shown: "\\xFF\\x00" },
    { column: "b", type: "VARCHAR", value: "'text'", shown: null },
    { column: "v", type: "VARCHAR", value: "''", shown: "" },
  ]);
});

describe("nested columns", () => {
  const LANDING = {
    l: "BIGINT[]",
    s: "STRUCT(a BIGINT, b VARCHAR)",
    m: "MAP(VARCHAR, DOUBLE)",
    t: "STRUCT(p DECIMAL(18,4), q TIMESTAMP)[]",
  };
  const fits: [column: keyof typeof LANDING, value: string, shown: string | null][] = [
    ["l", "[1::BIGINT]", "[1]"],
    ["l", "[1::INTEGER, NULL]", "[1, NULL]"],
    ["l", "[1.0::DOUBLE]", "[1]"],
    ["l", "[1.5::DOUBLE]", null],
    ["l", "['1']", null],
    ["l", "[TRUE]", null],
    ["l", "[[1]]", null],
    ["l", "5::BIGINT", null],
    ["s", "{'a': 1::BIGINT, 'b': 'x'}", "{'a': 1, 'b': x}"],
    ["s", "{'b': 'x', 'a': 1::BIGINT}", "{'a': 1, 'b': x}"],
    ["s", "{'a': 1::INTEGER}", "{'a': 1, 'b': NULL}"],
    ["s", "{'a': 1::BIGINT, 'b': 'x', 'c': NULL::INTEGER}", "{'a': 1, 'b': x}"],
    ["s", "{'a': 1::BIGINT, 'b': 'x', 'c': 5}", null],
    ["s", "{'a': 1::BIGINT, 'b': 5}", "{'a': 1, 'b': 5}"],
    ["s", "{'c': 1}", null],
    ["m", "MAP {'k': 1.5::FLOAT}", "{k=1.5}"],
    ["m", "MAP {'k': 1::INTEGER}", "{k=1.0}"],
    ["m", "MAP {1: 1.5::DOUBLE}", "{1=1.5}"],
    [
      "t",
      "[{'p': 1.5::DECIMAL(9,1), 'q': TIMESTAMP '2026-01-09 10:00:00'}]",
      "[{'p': 1.5000, 'q': '2026-01-09 10:00:00'}]",
    ],
    ["t", "[{'p': 1.5::DECIMAL(9,1), 'q': '2026-01-09 10:00:00.123456789'::TIMESTAMP_NS}]", null],
    [
      "t",
      "[{'p': 1.5::DECIMAL(9,1), 'q': DATE '2026-01-09'}]",
      "[{'p': 1.5000, 'q': '2026-01-09 00:00:00'}]",
    ],
  ];

  test.each(Object.keys(LANDING))("column %s", async (column) => {
    const stream = await streamOf(LANDING);
    const own = fits.filter(([name]) => name === column);
    for (const [id, [, value]] of own.entries())
      await stream.put(`2026-01-01/${id}.parquet`, `SELECT ${id}::INTEGER AS id, ${value} AS ${column}`);
    await stream.feed();
    const rows = own.flatMap(([, , shown], id) => (shown === null ? [] : [[id, shown]]));
    await expectRows(stream, `id, ${column}::VARCHAR`, rows);
    expect((await stream.quarantine()).every(({ reason }) => reason.startsWith(`column ${column} is `))).toBe(
      true,
    );
  });
});

describe("columns that come and go", () => {
  test("the first file brings the types, wide enough for the next ones", async () => {
    const stream = await lake.stream({ fields: { id: "integer" } });
    await stream.put(
      "2026-01-01/a.parquet",
      "SELECT 1 AS id, 1::SMALLINT AS i, 1.5::FLOAT AS f, 1.25::DECIMAL(5,2) AS d, '2026-01-09'::TIMESTAMP_NS AS t, 7::UBIGINT AS u",
    );
    await stream.put(
      "2026-01-02/b.parquet",
      "SELECT 2 AS id, 5000000000::BIGINT AS i, 0.1::DOUBLE AS f, 123456789.25::DECIMAL(20,2) AS d, TIMESTAMP '2026-01-10' AS t, 8 AS u",
    );
    await stream.put("2026-01-03/c.parquet", "SELECT 3 AS id, 9.0::DOUBLE AS i, 1.5::DECIMAL(9,4) AS d");
    await stream.put("2026-01-04/d.parquet", "SELECT 4 AS id, 1.2345::DECIMAL(9,4) AS d");
    expect(await stream.feed()).toMatchObject([{ files: 3, quarantined: 1 }]);
    expect(await stream.landingTypes()).toMatchObject({
      i: "BIGINT",
      f: "DOUBLE",
      d: "DECIMAL(38,2)",
      t: "TIMESTAMP_NS",
      u: "UBIGINT",
    });
    await expectRows(stream, "id, i, f, d::VARCHAR, t::VARCHAR, u::VARCHAR", [
      ["1", "1", 1.5, "1.25", "2026-01-09 00:00:00", "7"],
      ["2", "5000000000", 0.1, "123456789.25", "2026-01-10 00:00:00", "8"],
      ["3", "9", null, "1.50", null, null],
    ]);
    expect((await stream.quarantine())[0]?.reason).toMatch(
      "column d is DECIMAL(9,4) in the file and DECIMAL(38,2) in the landing table",
    );
  });

  test("a renamed column is one that is missing and one that is new", async () => {
    const stream = await lake.stream({ fields: { id: "integer", name: "string" } });
    await stream.put("2026-01-01/a.parquet", values("id, name", "(1, 'old')"));
    await stream.put("2026-01-02/b.parquet", values("id, title", "(2, 'new')"));
    expect(await stream.feed()).toMatchObject([{ files: 2, quarantined: 0 }]);
    await expectRows(stream, "id, name, title", [
      ["1", "old", null],
      ["2", null, "new"],
    ]);
    const strict = await lake.stream({
      fields: { id: "integer", name: "string" },
      feeder: { on_new_column: "fail" },
    });
    await strict.put("2026-01-01/a.parquet", values("id, name", "(1, 'old')"));
    await strict.put("2026-01-02/b.parquet", values("id, title", "(2, 'new')"));
    expect(await strict.feed()).toMatchObject([{ files: 1, quarantined: 1 }]);
    expect((await strict.quarantine())[0]?.reason).toMatch(/^new column title, and .*"fail"/);
    await expectRows(strict, "id, name", [["1", "old"]]);
  });

  test("a new column without values waits for the file that says what it is", async () => {
    const stream = await lake.stream();
    await stream.put(
      "2026-01-01/a.parquet",
      "SELECT 1 AS id, 'a' AS v, NULL::INTEGER AS later, NULL::INTEGER AS never",
    );
    expect(await stream.feed()).toMatchObject([{ files: 1, quarantined: 0 }]);
    expect(Object.keys(await stream.landingTypes())).not.toContain("later");
    await stream.put("2026-01-02/b.parquet", "SELECT 2 AS id, 'b' AS v, NULL::INTEGER AS later");
    await stream.put("2026-01-02/c.parquet", "SELECT 3 AS id, 'c' AS v, 'text' AS later");
    await stream.put("2026-01-02/d.parquet", "SELECT 4 AS id, 'd' AS v, NULL::DATE AS later");
    expect(await stream.feed()).toMatchObject([{ files: 3, quarantined: 0 }]);
    expect((await stream.landingTypes()).later).toBe("VARCHAR");
    await expectRows(stream, "id, v, later", [
      ["1", "a", null],
      ["2", "b", null],
      ["3", "c", "text"],
      ["4", "d", null],
    ]);
  });

  test("files of one batch that agree with the table, and not with each other", async () => {
    const stream = await streamOf({ t: "TIMESTAMP", n: "DECIMAL(38,2)" });
    await stream.put(
      "2026-01-01/a.parquet",
      "SELECT 1 AS id, '2026-01-09'::TIMESTAMP_NS AS t, 1.5::DECIMAL(38,2) AS n",
    );
    await stream.put(
      "2026-01-01/b.parquet",
      "SELECT 2 AS id, TIMESTAMP '9999-12-31' AS t, 1.5::DECIMAL(9,1) AS n",
    );
    await stream.put("2026-01-01/c.parquet", "SELECT 3 AS id, DATE '0001-01-01' AS t, 7::UBIGINT AS n");
    expect(await stream.feed()).toMatchObject([{ files: 3, quarantined: 0 }]);
    await expectRows(stream, "id, t::VARCHAR, n::VARCHAR", [
      [1, "2026-01-09 00:00:00", "1.50"],
      [2, "9999-12-31 00:00:00", "1.50"],
      [3, "0001-01-01 00:00:00", "7.00"],
    ]);
  });
});

describe("columns with names that others use too", () => {
  test.each([
    "rowid",
    "snapshot_id",
    "file_row_number",
    "file_index",
    "__lotus",
    "__LOTUS",
    "change_type",
    "model",
    "t",
  ])("%s", async (name) => {
    const declared = await lake.stream({ fields: { id: "integer", [name]: "string" } });
    const brought = await lake.stream({ fields: { id: "integer" } });
    for (const stream of [declared, brought]) {
      await stream.put("2026-01-01/a.parquet", `SELECT 1 AS id, 'a' AS "${name}"`);
      await stream.put("2026-01-02/b.parquet", `SELECT 2 AS id, 'b' AS "${name}"`);
      await stream.feed();
      await stream.put(
        "2026-01-03/c.parquet",
        `SELECT 1 AS id, 'c' AS "${name}", '2026-01-09'::TIMESTAMPTZ AS _airbyte_extracted_at`,
      );
      expect(await stream.feed()).toMatchObject([{ files: 1, quarantined: 0 }]);
      expect(await stream.landed(`id, "${name}"`)).toEqual([
        ["1", "a"],
        ["1", "c"],
        ["2", "b"],
      ]);
      expect(await stream.rows(`id, "${name}"`)).toEqual([
        ["1", "c"],
        ["2", "b"],
      ]);
    }
  });

  test.each(["row_id", "Begin_Snapshot", "end_snapshot"])(
    "%s is DuckLake's own: a file that brings it is set aside",
    async (name) => {
      const stream = await lake.stream();
      await stream.put("2026-01-01/a.parquet", `SELECT 1 AS id, 'a' AS v, 'x' AS "${name}"`);
      await stream.put("2026-01-02/b.parquet", values("id, v", "(2, 'b')"));
      expect(await stream.feed()).toMatchObject([{ files: 1, quarantined: 1 }]);
      expect((await stream.quarantine())[0]?.reason).toMatch(
        `new column ${name} has a name that the lake needs`,
      );
      await expectRows(stream, "id, v", [["2", "b"]]);
    },
  );

  test("filename is the lake's own: a file that brings it is set aside, unless new columns are ignored", async () => {
    const stream = await lake.stream();
    await stream.put("2026-01-01/a.parquet", "SELECT 1 AS id, 'a' AS v, 'x' AS FileName");
    await stream.put("2026-01-02/b.parquet", values("id, v", "(2, 'b')"));
    expect(await stream.feed()).toMatchObject([{ files: 1, quarantined: 1 }]);
    expect((await stream.quarantine())[0]?.reason).toMatch(
      /^new column FileName has a name that the lake needs for itself/,
    );
    await expectRows(stream, "id, v", [["2", "b"]]);
    const ignoring = await lake.stream({ feeder: { on_new_column: "ignore" } });
    await ignoring.put("2026-01-01/a.parquet", "SELECT 1 AS id, 'a' AS v, 'x' AS FileName");
    expect(await ignoring.feed()).toMatchObject([{ files: 1, quarantined: 0 }]);
    await expectRows(ignoring, "id, v", [["1", "a"]]);
    expect(await ignoring.landed("id, v, filename LIKE '%/a.parquet'")).toEqual([["1", "a", true]]);
  });

  test("two columns that differ in case only", async () => {
    const stream = await lake.stream();
    const file = await lake.parquet("SELECT 5 AS id, 'x' AS v, 'y' AS w1, 'z' AS w2");
    const twins = withFooter(file, (footer) => footer.structs(FILE.schema)[3]?.set(COLUMN.name, "W2"));
    await stream.put("2026-01-01/a.parquet", twins);
    await stream.put("2026-01-02/b.parquet", values("id, v", "(2, 'b')"));
    expect(await stream.feed()).toMatchObject([{ files: 1, quarantined: 1 }]);
    expect((await stream.quarantine())[0]?.reason).toMatch("two columns with one name, W2 and w2");
    await expectRows(stream, "id, v", [["2", "b"]]);
  });

  test("year, month and day are those of the path", async () => {
    const stream = await lake.stream({ fields: { id: "integer" } });
    await stream.put(
      "2026-01-09/a.parquet",
      "SELECT 1 AS id, 1999 AS YEAR, 'May' AS month, DATE '1999-01-01' AS Day",
    );
    expect(await stream.feed()).toMatchObject([{ files: 1, quarantined: 0 }]);
    expect(await stream.landed("id, year, month, day")).toEqual([["1", "2026", "1", "9"]]);
    await expectRows(stream, "id", [["1"]]);
  });
});

test("files of other writers", async () => {
  const stream = await lake.stream({ fields: { id: "integer" } });
  await stream.put("2026-01-01/arrow.parquet", ARROW_TYPES);
  await stream.put("2026-01-01/spark.parquet", INT96);
  expect(await stream.feed()).toMatchObject([{ files: 2, quarantined: 0 }]);
  await expectRows(stream, 'id, word, u, tz::VARCHAR, tod::VARCHAR, sec::VARCHAR, half, big, "at"::VARCHAR', [
    [
      "1",
      "red",
      "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
      "2026-01-09 10:11:12.123456+00",
      "10:00:00.000005",
      "2026-01-09 00:00:00",
      1.5,
      "x",
      null,
    ],
    ["2", null, null, null, null, null, null, null, "2026-01-09 10:11:12.123456"],
  ]);
  const types = await stream.landingTypes();
  expect(types).toMatchObject({ u: "UUID", half: "DOUBLE", tz: "TIMESTAMP WITH TIME ZONE", tod: "TIME" });
  expect(Object.keys(types)).not.toContain("nothing");
});

test("large whole numbers that a model makes are stored to the last digit", async () => {
  const stream = await lake.stream({
    fields: { id: "integer" },
    model: "SELECT id, 9007199254740992::HUGEINT + id AS big FROM TABLE_NAME",
  });
  await stream.put("2026-01-01/a.parquet", "SELECT range AS id FROM range(30)");
  await stream.feed();
  expect(await stream.processedTypes()).toMatchObject({ big: "DECIMAL(38,0)" });
  const rows = await stream.rows("id::INTEGER, big::VARCHAR");
  expect(rows).toEqual(Array.from({ length: 30 }, (_, id) => [id, String(9007199254740992n + BigInt(id))]));
});
