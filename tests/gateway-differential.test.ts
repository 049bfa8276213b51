import { readFileSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type Answer, Both } from "./differential/both.ts";
import { expressionOf, selections } from "./differential/expressions.ts";
import { compatibilityPage, pageFile } from "./differential/page.ts";
import { refused, statements } from "./differential/statements.ts";

// The same statements over the same rows: in Postgres, and translated in DuckDB.

let both: Both;
let postgres: pg.Client;

beforeAll(async () => {
  const url = new URL(inject("connections").catalogUrl);
  const database = `differential_${process.pid}`;
  const admin = new pg.Client({ connectionString: url.href });
  await admin.connect();
  await admin.query(
    `CREATE DATABASE ${database} TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'`,
  );
  await admin.end();
  url.pathname = `/${database}`;
  postgres = new pg.Client({ connectionString: url.href });
  await postgres.connect();
  const instance = await DuckDBInstance.create(":memory:");
  both = await Both.open(postgres, await instance.connect());
});

afterAll(() => postgres?.end());

/** What of an answer has to be the same. Errors: their SQLSTATE. */
function comparable({ columns, rows, error }: Answer): unknown {
  return error === null ? { columns, rows } : { sqlstate: error.sqlstate };
}

const numbers: ReadonlySet<number> = new Set([700, 701, 1700]);

/** Numbers that the answer has as quotients or sums of floats: within 1e-14 of Postgres's are Postgres's. */
function aligned(actual: Answer, expected: Answer): Answer {
  const rows = actual.rows.map((row, index) =>
    row.map((value, column) => {
      const other = expected.rows[index]?.[column] ?? null;
      if (value === null || other === null || !numbers.has(expected.columns[column]?.typeOid ?? 0))
        return value;
      const [one, two] = [Number(value), Number(other)];
      return one === two || Math.abs(one - two) <= 1e-14 * Math.abs(two) ? other : value;
    }),
  );
  return { ...actual, rows };
}

for (const [topic, list] of Object.entries(statements)) {
  describe(topic, () => {
    it.each(list)("%s", async (statement) => {
      const expected = await both.expected(statement);
      const actual = await both.actual();
      const explained = actual.error === null ? "" : ` (${actual.error.message})`;
      expect(comparable(aligned(actual, expected)), `${actual.sql}${explained}`).toEqual(
        comparable(expected),
      );
    });
  });
}

describe("what would be answered otherwise", () => {
  it.each(refused)("is refused: %s", async (statement, what) => {
    await both.expected(statement);
    expect((await both.actual()).error).toMatchObject({
      sqlstate: "0A000",
      message: expect.stringContaining(what.replace(/: .*/, "")),
    });
  });
});

it("the page on compatibility is what would be generated", () => {
  expect(readFileSync(pageFile, "utf8"), "npm run compatibility").toBe(compatibilityPage());
});

it("random expressions mean the same", async () => {
  await fc.assert(
    fc.asyncProperty(selections, async (selection) => {
      const statement = expressionOf(selection);
      const expected = await both.expected(statement);
      const actual = await both.actual();
      // What is refused is not answered otherwise.
      if (actual.error?.sqlstate === "0A000") return;
      // Which operand of AND, OR and CASE, or beside a NULL, is evaluated, and so raises, is left open by Postgres too.
      if ((actual.error ?? expected.error) !== null && / (and|or|then) |null::/.test(selection)) return;
      expect(
        comparable(aligned(actual, expected)),
        `${statement}\n${actual.sql} ${actual.error?.message}`,
      ).toEqual(comparable(expected));
    }),
    { numRuns: 400 },
  );
});
