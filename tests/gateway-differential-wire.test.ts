import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { elementType } from "../gateway/translate/types.ts";
import { lakeSql } from "./differential/both.ts";
import { fixtureSql } from "./differential/fixture.ts";
import { parameterStatements, statements } from "./differential/statements.ts";
import { type WireAnswer, WireClient } from "./differential/wire-client.ts";
import { GatewayFixture } from "./support/gateway-fixture.ts";

// The same statements over the same rows by the wire: a real Postgres, and the gateway over a lake.

let gateway: GatewayFixture;
let server: WireClient;
let client: WireClient;

const settings = "SET timezone = 'Europe/Vienna'; SET search_path = main";

// A lake knows no keys where no project declares them, and Parquet has no negative intervals.
const lakeFixture = fixtureSql
  .replaceAll(" PRIMARY KEY", "")
  .replace("'-1 day'", "'01:02:03'")
  .replace("'-1 mons +5 days -00:00:01'", "'5 days'")
  .replace("'1 mon -1 day'", "'1 mon 1 day'");

beforeAll(async () => {
  const url = new URL(inject("connections").catalogUrl);
  const database = `differential_wire_${process.pid}`;
  const admin = new pg.Client({ connectionString: url.href });
  await admin.connect();
  await admin.query(
    `CREATE DATABASE ${database} TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'`,
  );
  await admin.end();
  url.pathname = `/${database}`;
  const loader = new pg.Client({ connectionString: url.href });
  await loader.connect();
  await loader.query(`CREATE SCHEMA main; ${settings}; ${lakeFixture}`);
  gateway = await GatewayFixture.open((await lakeSql(loader)).join(";\n"));
  await loader.end();
  server = await WireClient.connect({ connectionString: url.href });
  client = await WireClient.connect(gateway.login);
  for (const each of [server, client]) await each.simple(settings);
});

afterAll(async () => {
  server?.close();
  client?.close();
  await gateway?.close();
});

const oid = { float4: 700, float8: 701, numeric: 1700, json: 114 };

/** What has to be the same of a value: numbers to 14 digits, as quotients and sums of floats have them; JSON without its blanks. */
function comparable(value: Buffer | null, type: number, binary: boolean): unknown {
  if (value === null) return null;
  switch (type) {
    case oid.float4:
      return rounded(binary ? value.readFloatBE() : Number(value.toString()));
    case oid.float8:
      return rounded(binary ? value.readDoubleBE() : Number(value.toString()));
    case oid.numeric:
      return rounded(binary ? numeric(value) : Number(value.toString()));
    case oid.json:
      return JSON.stringify(JSON.parse(value.toString()));
    default:
      // Of an array Postgres says "may have NULLs" where it had some before it was cut.
      if (binary && elementType(type) !== null) value.writeInt32BE(0, 4);
      return binary ? value.toString("hex") : value.toString();
  }
}

function rounded(value: number): string {
  return value.toPrecision(13);
}

/** A numeric as numeric_send writes it, as far as a double goes. */
function numeric(value: Buffer): number {
  const digits = Array.from({ length: value.readInt16BE(0) }, (_, index) => value.readInt16BE(8 + 2 * index));
  const magnitude = digits.reduce((sum, digit) => sum * 10_000 + digit, 0);
  const exponent = 4 * (value.readInt16BE(2) - digits.length + 1);
  return (value.readUInt16BE(4) === 0x4000 ? -1 : 1) * Number(`${magnitude}e${exponent}`);
}

function compared(answer: WireAnswer, binary: boolean): unknown {
  if (answer.error !== null) return { sqlstate: answer.error.sqlstate };
  const rows = answer.rows.map((row) =>
    row.map((value, column) => comparable(value, answer.columns[column]?.typeOid ?? 0, binary)),
  );
  return { columns: answer.columns, rows };
}

/** What both have, where each has it. */
function inSchemaMain(statement: string): string {
  return statement.replaceAll('"public".', '"main".');
}

for (const [topic, list] of Object.entries(statements)) {
  describe(topic, () => {
    it.each(list)("%s", async (statement) => {
      const sql = inSchemaMain(statement);
      const [expected, actual] = await Promise.all([server.simple(sql), client.simple(sql)]);
      expect(compared(actual, false), actual.error?.message).toEqual(compared(expected, false));
      const [expectedBytes, bytes] = await Promise.all([server.extended(sql), client.extended(sql)]);
      expect(compared(bytes, true), bytes.error?.message).toEqual(compared(expectedBytes, true));
    });
  });
}

describe("parameters", () => {
  it.each(parameterStatements)("%s %j", async (sql, parameters) => {
    const [expected, actual] = await Promise.all([
      server.extended(sql, parameters),
      client.extended(sql, parameters),
    ]);
    expect(compared(actual, true), actual.error?.message).toEqual(compared(expected, true));
  });
});
