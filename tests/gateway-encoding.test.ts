import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deliverySql } from "../gateway/values/delivery.ts";
import { ByteSink, columnEncoder, writeDataRows } from "../gateway/values/encoder.ts";
import { oids } from "../gateway/values/types.ts";
import { literal } from "../lake/sql.ts";
import { numerics } from "./support/wire-arbitraries.ts";
import { dataRows, Encoding, plainSettings, Reference, shown } from "./support/wire-values.ts";

let postgres: Reference;
let duckdb: Encoding;
let folder: string;

beforeAll(async () => {
  postgres = await Reference.connect();
  duckdb = await Encoding.open();
  folder = mkdtempSync(join(tmpdir(), "lotus-encoding-"));
});

afterAll(async () => {
  duckdb.close();
  await postgres.end();
  rmSync(folder, { recursive: true, force: true });
});

const formats = [0, 1] as const;

async function text(expression: string, typeOid: number, typmod = -1, settings = plainSettings) {
  const sql = `SELECT ${deliverySql(expression, typeOid, typmod)}`;
  const fields = await duckdb.column(sql, typeOid, 0, settings, typmod);
  return shown(fields, 0)[0];
}

describe("text", () => {
  const examples: [string, number, string | null][] = [
    ["TRUE", oids.bool, "t"],
    ["NULL", oids.int4, null],
    ["-9223372036854775808", oids.int8, "-9223372036854775808"],
    ["-9007199254740993", oids.int8, "-9007199254740993"],
    ["1000000000", oids.int8, "1000000000"],
    ["4294967295", oids.oid, "4294967295"],
    ["1e20", oids.float8, "1e+20"],
    ["1e15", oids.float8, "1e+15"],
    ["1e-5", oids.float8, "1e-05"],
    ["'-0'", oids.float8, "-0"],
    ["'-inf'", oids.float8, "-Infinity"],
    ["'nan'", oids.float4, "NaN"],
    ["0.1", oids.float4, "0.1"],
    ["1e6", oids.float4, "1e+06"],
    ["-1.50::DECIMAL(10,2)", oids.numeric, "-1.50"],
    ["-0.05::DECIMAL(4,2)", oids.numeric, "-0.05"],
    ["170141183460469231731687303715884105727", oids.numeric, "170141183460469231731687303715884105727"],
    ["(-12345678901234567890.123456789)::DECIMAL(38,9)", oids.numeric, "-12345678901234567890.123456789"],
    ["255::UTINYINT", oids.numeric, "255"],
    ["18446744073709551615::UBIGINT", oids.numeric, "18446744073709551615"],
    ["1e21::DOUBLE", oids.numeric, "1000000000000000000000"],
    ["1.5e-7::DOUBLE", oids.numeric, "0.00000015"],
    ["'nan'::DOUBLE", oids.numeric, "NaN"],
    ["'\\x00\\xFFa'::BLOB", oids.bytea, "\\x00ff61"],
    ["DATE '0044-03-15 (BC)'", oids.date, "0044-03-15 BC"],
    ["DATE '12345-01-01'", oids.date, "12345-01-01"],
    ["'infinity'", oids.date, "infinity"],
    ["'-infinity'", oids.timestamp, "-infinity"],
    ["'2026-02-28 23:59:59.999990'", oids.timestamp, "2026-02-28 23:59:59.99999"],
    ["'24:00:00'", oids.time, "24:00:00"],
    ["'01:02:03.000004-05:30'", oids.timetz, "01:02:03.000004-05:30"],
    ["INTERVAL '-14 months' + INTERVAL '3 days'", oids.interval, "-1 years -2 mons +3 days"],
    ["INTERVAL '0 days'", oids.interval, "00:00:00"],
    ["INTERVAL '-1 days' + INTERVAL '100 hours'", oids.interval, "-1 days +100:00:00"],
    ["INTERVAL '1 month 1 day' - INTERVAL '1500 milliseconds'", oids.interval, "1 mon 1 day -00:00:01.5"],
    ["uuid '00112233-4455-6677-8899-aabbccddeeff'", oids.uuid, "00112233-4455-6677-8899-aabbccddeeff"],
    ["'{\"a\" :1}'::JSON", oids.json, '{"a" :1}'],
    ['\'{"b": 1e2,"a" :1.50}\'::JSON', oids.jsonb, '{"a": 1.50, "b": 100}'],
    [
      "['a', 'b c', NULL, 'with \"quote\"', '', 'null', '\\']",
      1009,
      '{a,"b c",NULL,"with \\"quote\\"","","null","\\\\"}',
    ],
    ["[TIMESTAMP '2026-01-01', NULL]", 1115, '{"2026-01-01 00:00:00",NULL}'],
    ["[]", 1007, "{}"],
  ];
  test.each(examples)("%s as %i is %j", async (expression, typeOid, expected) => {
    expect(await text(expression, typeOid)).toBe(expected);
  });

  test("numeric(p,s) shows its scale, and rounds half away from zero", async () => {
    const typmod = ((10 << 16) | 2) + 4;
    expect(await text("1.005::DECIMAL(5,3)", oids.numeric, typmod)).toBe("1.01");
    expect(await text("-1.005::DECIMAL(5,3)", oids.numeric, typmod)).toBe("-1.01");
    expect(await text("7", oids.numeric, typmod)).toBe("7.00");
  });
});

describe("what is not sent", () => {
  test.each([
    ["xml", 142, -1, /type with OID 142 as output/],
    ["character", oids.bpchar, -1, /character as output/],
    ["numeric(50,2)", oids.numeric, ((50 << 16) | 2) + 4, /numeric\(50,2\)/],
    ["numeric(3,-2)", oids.numeric, ((3 << 16) | 2046) + 4, /numeric\(3,-2\)/],
  ])("%s", (_name, typeOid, typmod, message) => {
    expect(() => deliverySql("x", typeOid, typmod)).toThrow(message);
  });

  test("a date before Postgres's first", async () => {
    await expect(text("DATE '5000-01-01 (BC)'", oids.date)).rejects.toMatchObject({ sqlstate: "22008" });
    await expect(text("TIMESTAMP '5000-01-01 (BC) 00:00:00'", oids.timestamp)).rejects.toMatchObject({
      sqlstate: "22008",
    });
  });

  test("a time zone with rules in its name", () => {
    const settings = { ...plainSettings, timeZone: "EST5EDT,M3.2.0,M11.1.0" };
    expect(() => columnEncoder(oids.timestamptz, -1, 0, settings)).toThrow(/time zone EST5EDT/);
  });
});

describe("floats", () => {
  test("every power of two is as short as Postgres has it", async () => {
    const doubles = Array.from({ length: 2_098 }, (_, index) => 2 ** (index - 1_074));
    const reals = Array.from({ length: 277 }, (_, index) => 2 ** (index - 149));
    for (const [type, oid, values] of [
      ["float8", oids.float8, doubles],
      ["float4", oids.float4, reals],
    ] as const) {
      for (let from = 0; from < values.length; from += 500) {
        const some = values.slice(from, from + 500).map((value) => value.toExponential());
        const literals = some.map(
          (value) => `CAST(${literal(value)} AS ${type === "float8" ? "DOUBLE" : "FLOAT"})`,
        );
        expect(shown(await duckdb.literals(literals, oid, 0), 0)).toEqual(
          shown(await postgres.fields(type, some, 0), 0),
        );
      }
    }
  });

  test.each([0, -3, -15])("extra_float_digits %i", async (extraFloatDigits) => {
    await postgres.set(`SET extra_float_digits = ${extraFloatDigits}`);
    const settings = { ...plainSettings, extraFloatDigits };
    try {
      const halves = fc.integer({ min: -2_000, max: 2_000 }).map((value) => value / 16);
      const large = fc.integer({ min: 1, max: 99 }).map((value) => 1e15 + value / 8);
      const ties = fc
        .tuple(fc.integer({ min: 1, max: 99 }), fc.integer({ min: -14, max: 14 }))
        .map(([value, power]) => (1e15 + value * 5) * 2 ** power);
      const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), halves, large, ties);
      await fc.assert(
        fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 50 }), async (values) => {
          const sent = values.map((number) => number.toExponential());
          const literals = sent.map((number) => `CAST(${literal(number)} AS DOUBLE)`);
          const encoded = await duckdb.literals(literals, oids.float8, 0, { settings });
          expect(shown(encoded, 0)).toEqual(shown(await postgres.fields("float8", sent, 0), 0));
        }),
        { numRuns: 20 },
      );
      const reals = [1.5, 0.1, 123456.5, 1234565, 2.5, 16777216, 1e-10].map(String);
      const literals = reals.map((number) => `CAST(${literal(number)} AS FLOAT)`);
      const encoded = await duckdb.literals(literals, oids.float4, 0, { settings });
      expect(shown(encoded, 0)).toEqual(shown(await postgres.fields("float4", reals, 0), 0));
    } finally {
      await postgres.set("RESET extra_float_digits");
    }
  });
});

describe("numeric division", () => {
  const operand = numerics.filter((value) => value.replace(/\D/g, "").length <= 30);

  test("is Postgres's, digit for digit", async () => {
    const pair = fc.tuple(
      operand,
      operand.filter((value) => /[1-9]/.test(value)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(pair, { minLength: 1, maxLength: 10 }), async (pairs) => {
        const quotients = pairs.map((_, index) => `$${index * 2 + 1}::numeric / $${index * 2 + 2}::numeric`);
        const structs = pairs.map(
          ([dividend, divisor]) =>
            `struct_pack(dividend := ${decimal(dividend)}, divisor := ${decimal(divisor)})`,
        );
        for (const format of formats) {
          const encoded = await duckdb.literals(structs, oids.numeric, format, { apart: true });
          const expected = await postgres.sent(quotients, "numeric", pairs.flat(), format);
          expect(shown(encoded, format)).toEqual(shown(expected, format));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("of whole numbers, as avg has it", async () => {
    const struct = "struct_pack(dividend := sum(v)::HUGEINT, divisor := count(v))";
    const sql = `SELECT ${struct} FROM (VALUES (1::BIGINT), (2), (4)) t(v)`;
    const [expected] = await postgres.row("SELECT avg(v) FROM (VALUES (1::int8), (2), (4)) t(v)", []);
    expect(shown(await duckdb.column(sql, oids.numeric, 0), 0)).toEqual([String(expected)]);
  });

  test("with a NULL is NULL, by zero is an error", async () => {
    expect(await text("struct_pack(dividend := NULL::HUGEINT, divisor := 0)", oids.numeric)).toBeNull();
    expect(await text("struct_pack(dividend := 1, divisor := NULL::BIGINT)", oids.numeric)).toBeNull();
    await expect(text("struct_pack(dividend := 1, divisor := 0)", oids.numeric)).rejects.toMatchObject({
      sqlstate: "22012",
    });
  });
});

function decimal(value: string): string {
  const [, whole = "", decimals = ""] = /^-?(\d*)(?:\.(\d*))?$/.exec(value) ?? [];
  return `CAST(${literal(value)} AS DECIMAL(${whole.length + decimals.length},${decimals.length}))`;
}

describe("time zones", () => {
  const zones = [
    "UTC",
    "Europe/Berlin",
    "america/new_york",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/St_Johns",
    "Pacific/Apia",
    "Pacific/Chatham",
    "America/Sao_Paulo",
    "Asia/Tehran",
    "Africa/Cairo",
    "Etc/GMT+5",
    "EST5EDT",
    "-3",
    "+05:30",
  ];
  test.each(zones)("%s is what it is to Postgres", async (zone) => {
    await postgres.set(
      /^[-+]/.test(zone) ? `SET TIME ZONE INTERVAL '${zone}' HOUR TO MINUTE` : `SET TimeZone = '${zone}'`,
    );
    try {
      const [timeZone] = await postgres.row("SELECT current_setting('TimeZone')", []);
      const settings = { ...plainSettings, timeZone: String(timeZone) };
      // Around hours when clocks change, and anywhere from 1970 to 2037.
      const instant = fc.oneof(
        fc.integer({ min: 0, max: 2_145_916_800 }),
        fc.integer({ min: 0, max: 1_191_000 }).map((halfHours) => halfHours * 1_800),
        fc.integer({ min: 0, max: 1_191_000 }).map((halfHours) => halfHours * 1_800 - 1),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(instant, { minLength: 100, maxLength: 400 }), async (instants) => {
          const list = instants.map((seconds) => `to_timestamp(${seconds})`);
          const literals = instants.map((seconds) => `make_timestamptz(${seconds}000000::BIGINT)`);
          const encoded = await duckdb.literals(literals, oids.timestamptz, 0, { settings });
          expect(shown(encoded, 0)).toEqual(shown(await postgres.row(`SELECT ${list.join(", ")}`, []), 0));
        }),
        { numRuns: 8 },
      );
    } finally {
      await postgres.set("SET TimeZone = 'UTC'");
    }
  });

  test("the hours around a change of clocks, and offsets with seconds", async () => {
    const settings = { ...plainSettings, timeZone: "Europe/Berlin" };
    const at = (instant: string) => text(`TIMESTAMPTZ '${instant}+00'`, oids.timestamptz, -1, settings);
    expect(await at("2026-03-29 00:59:59.5")).toBe("2026-03-29 01:59:59.5+01");
    expect(await at("2026-03-29 01:00:00")).toBe("2026-03-29 03:00:00+02");
    expect(await at("2026-10-25 00:59:59")).toBe("2026-10-25 02:59:59+02");
    expect(await at("2026-10-25 01:00:00")).toBe("2026-10-25 02:00:00+01");
    expect(await at("1800-01-01 00:00:00")).toBe("1800-01-01 00:53:28+00:53:28");
    expect(await at("9999-12-31 23:30:00")).toBe("10000-01-01 00:30:00+01");
    expect(await at("0001-01-01 (BC) 00:00:00")).toBe("0001-01-01 00:53:28+00:53:28 BC");
  });
});

describe("vectors", () => {
  /** Strings of every length around the twelve bytes that DuckDB keeps in place, some NULL, over several chunks. */
  const strings = `
    SELECT i, CASE WHEN i % 7 = 0 THEN NULL ELSE repeat(chr(97 + (i % 26)::INTEGER), (i % 41)::INTEGER) || i % 13 END AS s
    FROM range(10000) t(i)`;

  async function check(from: string, ...encoding: string[]): Promise<void> {
    const reader = await duckdb.connection.runAndReadAll(`SELECT s FROM ${from}`);
    const expected = reader.getRows().map(([value]) => value as string | null);
    expect(expected.length, encoding.join()).toBeGreaterThan(5_000);
    expect(shown(await duckdb.column(`SELECT s FROM ${from}`, oids.text, 0), 0)).toEqual(expected);
  }

  test("strings computed, stored, sorted, and from Parquet with a dictionary and without", async () => {
    await check(`(${strings})`);
    await duckdb.connection.run(`CREATE TABLE strings AS ${strings}`);
    await check("strings");
    await check("(SELECT s FROM strings ORDER BY hash(i))");
    await check("(SELECT s FROM strings JOIN range(3) ON i % 3 = range)");
    const plain = join(folder, "plain.parquet");
    await duckdb.connection.run(
      `COPY strings TO ${literal(plain)} (FORMAT parquet, DICTIONARY_SIZE_LIMIT 1)`,
    );
    await check(literal(plain));
    const dictionary = join(folder, "dictionary.parquet");
    await duckdb.connection.run(
      `COPY (SELECT i, 'a long enough word ' || hash(i) % 100 AS s FROM strings) TO ${literal(dictionary)} (FORMAT parquet)`,
    );
    await check(literal(dictionary));
    await check(`(SELECT s FROM ${literal(dictionary)} WHERE i % 3 <> 0)`);
  });

  test("long ones among short ones, wherever they stand in memory", async () => {
    const { connection } = duckdb;
    const lengths = [0, 5, 12, 13, 40, 700, 2000, 2048, 2060, 5000, 30_000];
    for (let seed = 0; seed < 40; seed += 1) {
      await connection.run(`CREATE OR REPLACE TABLE lengths AS SELECT i,
        ([${lengths.join()}])[(hash(i + 1000 * ${seed}) % ${lengths.length})::INTEGER + 1] AS length
        FROM range(${5 + seed * 7}) AS r (i)`);
      // Computed in one order, and handed on in another.
      for (const order of ["i", "hash(i)", "-i"]) {
        const texts = `SELECT left(repeat(md5(i::VARCHAR), 1 + length // 32), length) AS s, i FROM lengths`;
        const from = `(SELECT s FROM (${texts}) ORDER BY ${order})`;
        const reader = await connection.runAndReadAll(`SELECT s FROM ${from}`);
        const expected = reader.getRows().map(([value]) => value as string);
        const sent = shown(await duckdb.column(`SELECT s FROM ${from}`, oids.text, 0), 0);
        expect(sent.map((text) => text?.length)).toEqual(expected.map((text) => text.length));
        expect(sent).toEqual(expected);
      }
    }
  });

  test("lists of strings from a dictionary, and nested lists", async () => {
    const lists = `SELECT [s, NULL, s || i] AS l FROM strings WHERE i < 6000`;
    const reader = await duckdb.connection.runAndReadAll(`SELECT to_json(l)::VARCHAR FROM (${lists})`);
    const encoded = await duckdb.column(`SELECT l FROM (${lists})`, 1009, 0);
    expect(shown(encoded, 0)).toEqual(
      reader.getRows().map(([json]) => {
        const items = JSON.parse(String(json)) as (string | null)[];
        return `{${items.map((item) => item ?? "NULL").join(",")}}`;
      }),
    );
    const nested = ["[[1, 2], [3, NULL]]", "[[[1], [2]], [[3], [4]], [[5], [6]]]", "[[]::INTEGER[]]"];
    const expected = ["{{1,2},{3,NULL}}", "{{{1},{2}},{{3},{4}},{{5},{6}}}", "{}"];
    for (const [index, list] of nested.entries()) {
      expect(shown(await duckdb.column(`SELECT ${list}`, 1007, 0), 0)).toEqual([expected[index]]);
      const [sent] = await postgres.sent([`'${expected[index]}'::int4[]`], "int4[]", [], 1);
      expect(shown(await duckdb.column(`SELECT ${list}`, 1007, 1), 1)).toEqual([sent?.toString("hex")]);
    }
    await expect(duckdb.column("SELECT [[1], [2, 3]]", 1007, 0)).rejects.toMatchObject({ sqlstate: "2202E" });
    await expect(duckdb.column("SELECT [[1], NULL]", 1007, 0)).rejects.toMatchObject({ sqlstate: "2202E" });
  });

  test("rows in pieces, over several chunks and columns, are all the rows", async () => {
    const sql = "SELECT i::BIGINT, CASE WHEN i % 3 = 0 THEN NULL ELSE 'row ' || i END FROM range(5000) t(i)";
    const encoders = [oids.int8, oids.text].map((oid) => columnEncoder(oid, -1, 0, plainSettings));
    const result = await duckdb.connection.stream(sql);
    const sink = new ByteSink(1);
    const pieces: Buffer[] = [];
    for (;;) {
      const chunk = await result.fetchChunk();
      if (!chunk || chunk.rowCount === 0) break;
      for (let from = 0; from < chunk.rowCount; from += 700) {
        writeDataRows(chunk, from, Math.min(from + 700, chunk.rowCount), encoders, sink);
        pieces.push(sink.take());
      }
    }
    const rows = dataRows(Buffer.concat(pieces)).map((row) => shown(row, 0));
    expect(rows).toEqual(
      Array.from({ length: 5_000 }, (_, i) => [String(i), i % 3 === 0 ? null : `row ${i}`]),
    );
  });
});
