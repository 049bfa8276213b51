import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { datumLiteral } from "../gateway/values/datum.ts";
import { parameterLiteral } from "../gateway/values/parameter.ts";
import { elementType, scalarType } from "../gateway/values/types.ts";
import { type Sent, wireTypes } from "./support/wire-arbitraries.ts";
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

const formats = [0, 1] as const;

/**
 * Values go through Postgres, and as it sends them back through the gateway: read as parameters in both formats and as
 * constants of a parse tree, kept by DuckDB, and written in both formats, which has to give the bytes that came.
 */
async function sameOnTheWire(type: string, oid: number, values: readonly Sent[]): Promise<void> {
  const text = await postgres.fields(type, values, 0);
  const binary = await postgres.fields(type, values, 1);
  // Decimals of several widths in one column would all become the widest.
  const apart = oid === 1700 || elementType(oid)?.oid === 1700;
  const literals = binary.map((bytes) => plainLiteral(oid, 1, bytes));
  for (const format of formats) {
    const expected = shown(format === 0 ? text : binary, format);
    expect(shown(await duckdb.literals(literals, oid, format, { apart }), format)).toEqual(expected);
  }
  // What a text may leave to Postgres it has to read right where it does not.
  const read = text.map((bytes) => parameterLiteral(oid, 0, bytes));
  const plain = read.filter((literal) => typeof literal === "string");
  const expected = binary.filter((_, index) => typeof read[index] === "string");
  if (plain.length > 0) {
    expect(shown(await duckdb.literals(plain, oid, 1, { apart }), 1)).toEqual(shown(expected, 1));
  }
  const constants = await postgres.constants(
    `SELECT ${text.map((bytes) => `'${String(bytes).replaceAll("'", "''")}'::${type}`).join(", ")}`,
  );
  const datums = constants.map((bytes) => datumLiteral(oid, bytes));
  expect(shown(await duckdb.literals(datums, oid, 1, { apart }), 1)).toEqual(shown(binary, 1));
}

function plainLiteral(oid: number, format: 0 | 1, bytes: Buffer | null): string {
  const literal = parameterLiteral(oid, format, bytes);
  if (typeof literal !== "string") throw new Error("left to Postgres");
  return literal;
}

describe("what Postgres sends, read and written again, is the same", () => {
  test.each(wireTypes)("$type", async ({ type, oid, values }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(values, { minLength: 1, maxLength: 40 }), (list) =>
        sameOnTheWire(type, oid, list),
      ),
      { numRuns: 25 },
    );
  });

  test.each(wireTypes)("$type[]", async ({ type, oid, values, elements = values }) => {
    const array = scalarType(oid)?.array as number;
    const element = fc.option(elements, { freq: 5 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(element, { maxLength: 5 }), { minLength: 1, maxLength: 4 }),
        async (lists) => {
          const sent = await Promise.all(lists.map((list) => arrayText(type, list)));
          await sameOnTheWire(`${type}[]`, array, sent);
        },
      ),
      { numRuns: 15 },
    );
  });

  async function arrayText(type: string, elements: readonly (Sent | null)[]): Promise<string> {
    if (elements.length === 0) return "{}";
    const list = elements.map((_, index) => `$${index + 1}::${type}`).join(", ");
    const [text] = await postgres.row(`SELECT ARRAY[${list}]`, elements);
    return String(text);
  }
});
