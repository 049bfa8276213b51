import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { datumLiteral } from "../gateway/values/datum.ts";
import { parameterLiteral } from "../gateway/values/parameter.ts";
import { oids } from "../gateway/values/types.ts";
import { Encoding, Reference, shown } from "./support/wire-values.ts";

let postgres: Reference;
let duckdb: Encoding;

beforeAll(async () => {
  postgres = await Reference.connect();
  duckdb = await Encoding.open();
});

afterAll(async () => {
  duckdb.close();
  await postgres.end();
});

function ofText(typeOid: number, text: string) {
  return parameterLiteral(typeOid, 0, Buffer.from(text));
}

describe("a literal is of the DuckDB type that stands for the Postgres type", () => {
  const types: [number, string, string, string][] = [
    [oids.bool, "t", "BOOLEAN", "true"],
    [oids.int2, "-32768", "SMALLINT", "-32768"],
    [oids.int4, "7", "INTEGER", "7"],
    [oids.int8, "-9223372036854775808", "BIGINT", "-9223372036854775808"],
    [oids.oid, "4294967295", "BIGINT", "4294967295"],
    [oids.float4, "1.5", "FLOAT", "1.5"],
    [oids.float8, "1.5e3", "DOUBLE", "1500.0"],
    [oids.numeric, "1.50", "DECIMAL(3,2)", "1.50"],
    [oids.numeric, "-.5e-2", "DECIMAL(4,3)", "-0.005"],
    [oids.numeric, "1e3", "DECIMAL(4,0)", "1000"],
    [oids.text, "it's", "VARCHAR", "it's"],
    [oids.bytea, "\\xff00", "BLOB", "\\xFF\\x00"],
    [oids.date, "2026-02-28", "DATE", "2026-02-28"],
    [oids.time, "01:02:03.5", "TIME", "01:02:03.5"],
    [oids.timetz, "01:02:03+05:30", "TIME WITH TIME ZONE", "01:02:03+05:30"],
    [oids.timestamp, "2026-02-28 01:02", "TIMESTAMP", "2026-02-28 01:02:00"],
    [
      oids.timestamptz,
      "2026-02-28T01:02:03.000001Z",
      "TIMESTAMP WITH TIME ZONE",
      "2026-02-28 01:02:03.000001+00",
    ],
    [oids.timestamptz, "2026-02-28 01:02:03-0330", "TIMESTAMP WITH TIME ZONE", "2026-02-28 04:32:03+00"],
    [oids.uuid, "00112233-4455-6677-8899-AABBCCDDEEFF", "UUID", "00112233-4455-6677-8899-aabbccddeeff"],
    [oids.json, '{"a": 1}', "JSON", '{"a": 1}'],
    [oids.jsonb, '{"b":1,"a":1.0}', "JSON", '{"a": 1.0, "b": 1}'],
    [1007, "{1,NULL,-3}", "INTEGER[]", "[1, NULL, -3]"],
    [1009, '{a,"b,c","NULL",null,"\\""}', "VARCHAR[]", "[a, 'b,c', 'NULL', NULL, '\"']"],
    [1231, "{1.5,22.25}", "DECIMAL(4,2)[]", "[1.50, 22.25]"],
  ];
  test.each(types)("type %i of %s is %s", async (typeOid, text, type, value) => {
    const literal = ofText(typeOid, text);
    const reader = await duckdb.connection.runAndReadAll(
      `SELECT typeof(${literal}), CAST(${literal} AS VARCHAR)`,
    );
    expect(reader.getRows()[0]).toEqual([type, value]);
  });

  test.each([
    [oids.int4, "INTEGER"],
    [oids.text, "VARCHAR"],
    [oids.timestamptz, "TIMESTAMP WITH TIME ZONE"],
    [1007, "INTEGER[]"],
  ])("NULL of type %i too", async (typeOid, type) => {
    for (const format of [0, 1] as const) {
      const reader = await duckdb.connection.runAndReadAll(
        `SELECT typeof(${parameterLiteral(typeOid, format, null)})`,
      );
      expect(reader.getRows()[0]).toEqual([type]);
    }
  });
});

describe("a text that could mean something else is Postgres's to read", () => {
  const left: [number, string][] = [
    [oids.bool, " tru "],
    [oids.int4, " 7"],
    [oids.int4, "0x10"],
    [oids.oid, "-1"],
    [oids.float8, "infinity"],
    [oids.float8, "1e-400"],
    [oids.float4, "1e39"],
    [oids.numeric, "NaN"],
    [oids.bytea, "abc\\000"],
    [oids.date, "01/02/2026"],
    [oids.date, "2026-02-30"],
    [oids.date, "today"],
    [oids.date, "0044-03-15 BC"],
    [oids.time, "1:2"],
    [oids.time, "24:00:00"],
    [oids.timetz, "01:02:03"],
    [oids.timestamp, "2026-01-01 10:00:00+02"],
    [oids.timestamp, "2026-01-01 10:00:00.1234567"],
    [oids.timestamptz, "2026-01-01 10:00:00"],
    [oids.timestamptz, "2026-01-01 10:00:00 Europe/Berlin"],
    [oids.interval, "1 day"],
    [oids.name, "n".repeat(70)],
    [oids.uuid, "{00112233445566778899aabbccddeeff}"],
    [1007, "{{1},{2}}"],
    [1007, "[0:1]={1,2}"],
    [1007, "{ 1 }"],
    [1115, "{now}"],
  ];
  test.each(left)("type %i: %j", (typeOid, text) => {
    expect(ofText(typeOid, text)).toEqual({ normalise: true });
  });
});

describe("what is no value is refused as Postgres refuses it", () => {
  const cases: [number, 0 | 1, Buffer, string][] = [
    [oids.int2, 0, Buffer.from("40000"), "22003"],
    [oids.int8, 0, Buffer.from("9223372036854775808"), "22003"],
    [oids.text, 0, Buffer.from([0x61, 0]), "22021"],
    [oids.text, 1, Buffer.from([0xff]), "22021"],
    [oids.jsonb, 0, Buffer.from("{a:1}"), "22P02"],
    [oids.jsonb, 0, Buffer.from('"\\u0000"'), "22P05"],
    [oids.int4, 1, Buffer.from([1, 2]), "22P03"],
    [oids.numeric, 1, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]), "22P03"],
    [1007, 1, Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 1, 0, 0, 0, 1]), "22P03"],
    [oids.numeric, 1, Buffer.from([0, 0, 0, 0, 0xc0, 0, 0, 0]), "0A000"],
    [oids.numeric, 0, Buffer.from("1".repeat(39)), "0A000"],
    [600, 0, Buffer.from("(1,2)"), "0A000"],
  ];
  test.each(cases)("type %i, format %i, %s: %s", (typeOid, format, bytes, sqlstate) => {
    expect(() => parameterLiteral(typeOid, format, bytes)).toThrow(expect.objectContaining({ sqlstate }));
  });
});

describe("constants of a parse tree", () => {
  test.each([
    ["'NaN'::numeric", oids.numeric],
    [`${"9".repeat(39)}`, oids.numeric],
    ["'{{1,2},{3,4}}'::int4[]", 1007],
    ["'[5:6]={1,2}'::int4[]", 1007],
    ["'infinity'::interval", oids.interval],
    ["'(1,2)'::point", 600],
  ])("%s is refused", async (sql, typeOid) => {
    const [bytes] = await postgres.constants(`SELECT ${sql}`);
    expect(() => datumLiteral(typeOid, bytes as Buffer)).toThrow(
      expect.objectContaining({ sqlstate: "0A000" }),
    );
  });

  test("a numeric with a weight too great for the short form", async () => {
    const [bytes] = await postgres.constants("SELECT 1e-36, 1.5");
    const literals = [datumLiteral(oids.numeric, bytes as Buffer)];
    const encoded = await duckdb.literals(literals, oids.numeric, 0);
    expect(shown(encoded, 0)).toEqual([`0.${"0".repeat(35)}1`]);
  });
});
