import pg from "pg";
import Cursor from "pg-cursor";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { isRepeatable, KeptResults, LARGEST_KEPT, UNREPEATABLE } from "../gateway/kept-results.ts";
import { macros } from "../gateway/translate/macros.ts";
import { openScratch, Session } from "../lake/session.ts";
import { GatewayFixture } from "./support/gateway-fixture.ts";

/** Small results are answered without DuckDB while the tables hold what they held. */

let fixture: GatewayFixture;
let client: pg.Client;
/** Statements that DuckDB has run. */
const streamed = vi.spyOn(Session.prototype, "stream");

beforeAll(async () => {
  fixture = await GatewayFixture.open(`
    CREATE TABLE sales AS SELECT i AS id, i / 8.0::DOUBLE AS amount, 'p' || (i % 3) AS product,
      TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL (i) HOUR AS sold_at FROM range(1000) t(i);
    CREATE TABLE other AS SELECT 1 AS id`);
  client = await fixture.connect();
});
afterEach(() => streamed.mockClear());
afterAll(() => fixture.close());

async function rows(sql: string | pg.QueryConfig, by = client): Promise<unknown[][]> {
  const query = typeof sql === "string" ? { text: sql } : sql;
  return (await by.query({ ...query, rowMode: "array" } as pg.QueryArrayConfig)).rows;
}

/** What a portal gives that is run so many times: the first values of rows, and command tags. */
function portal(sql: string, { binary, times }: { binary: boolean; times: number }): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const heard: string[] = [];
    client.query({
      submit(connection: pg.Connection) {
        connection.parse({ text: sql, name: "", types: [] } as never, true);
        connection.bind({ portal: "", statement: "", binary } as never, true);
        for (let time = 0; time < times; time += 1) connection.execute({ portal: "" } as never, true);
        connection.sync();
      },
      handleDataRow: ({ fields }: { fields: string[] }) => heard.push(fields[0] as string),
      handleCommandComplete: ({ text }: { text: string }) => heard.push(text),
      handleReadyForQuery: () => resolve(heard),
      handleError: reject,
    });
  });
}

/** Whether this needs DuckDB. */
async function runs(work: () => Promise<unknown>): Promise<boolean> {
  streamed.mockClear();
  await work();
  return streamed.mock.calls.length > 0;
}

describe("a result", () => {
  test("is kept for all sessions of a user, in the simple and the extended protocol", async () => {
    const sql = "SELECT product, count(*), sum(amount) FROM sales GROUP BY product ORDER BY product";
    const first = await rows(sql);
    expect(first).toHaveLength(3);
    const another = await fixture.connect();
    expect(await runs(async () => expect(await rows(sql)).toEqual(first))).toBe(false);
    expect(await runs(async () => expect(await rows(sql, another)).toEqual(first))).toBe(false);
    expect(
      await runs(async () => expect(await rows({ name: "named", text: sql }, another)).toEqual(first)),
    ).toBe(false);
  });

  test("is another one with other parameters, formats, settings and users", async () => {
    const sql =
      "SELECT count(*)::int, $1::text, current_user::text, min(sold_at)::text, 0.1::float8 + 0.2 FROM sales";
    const ask = (value: string, by = client) => rows({ text: sql, values: [value] }, by);
    const usual = [1000, "a", fixture.user, "2026-01-01 00:00:00+00", 0.30000000000000004];
    expect(await ask("a")).toEqual([usual]);
    expect(await ask("b")).toEqual([usual.with(1, "b")]);
    const elsewhere = await fixture.connect();
    await elsewhere.query("SET TIME ZONE 'Asia/Tokyo'; SET extra_float_digits = 0");
    expect(await ask("a", elsewhere)).toEqual([usual.with(3, "2026-01-01 09:00:00+09").with(4, 0.3)]);
    const name = `bob_${fixture.lake.database}`;
    await fixture.addUser(name, { schemas: ["main"], tables: [] });
    const bob = await fixture.connect({ user: name });
    expect(await ask("a", bob)).toEqual([usual.with(2, name)]);
    expect(await ask("a")).toEqual([usual]);
  });

  test("goes when its table changes, and not when another one does", async () => {
    const sql = "SELECT count(*)::int, max(id)::int FROM sales WHERE id >= 0";
    expect(await rows(sql)).toEqual([[1000, 999]]);
    await fixture.lake.inLake("INSERT INTO other VALUES (2)");
    expect(await runs(() => rows(sql))).toBe(false);
    const old = await fixture.connect();
    await old.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    expect(await rows(sql, old)).toEqual([[1000, 999]]);
    await fixture.lake.inLake("INSERT INTO sales SELECT 1000, 1, 'p0', now()");
    expect(await rows(sql)).toEqual([[1001, 1000]]);
    expect(await runs(async () => expect(await rows(sql)).toEqual([[1001, 1000]]))).toBe(false);
    // Who began before has what was before, whatever others have asked since.
    expect(await rows(sql, old)).toEqual([[1000, 999]]);
    await old.query("COMMIT");
    expect(await rows(sql, old)).toEqual([[1001, 1000]]);
    await fixture.lake.inLake("DELETE FROM sales WHERE id = 1000");
    expect(await rows(sql)).toEqual([[1000, 999]]);
  });

  test("is not taken for that of a catalog that was restored, whose snapshots have the same numbers", async () => {
    const owner = new pg.Client(fixture.lake.catalogUrl);
    await owner.connect();
    const { rows: tables } = await owner.query<{ name: string }>(
      "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'ducklake'",
    );
    await owner.query("CREATE SCHEMA backup");
    for (const { name } of tables) await owner.query(`CREATE TABLE backup.${name} AS TABLE ducklake.${name}`);
    const sql = "SELECT max(id)::int FROM other";
    await fixture.lake.inLake("UPDATE other SET id = 10");
    await rows(sql);
    expect(await rows(sql)).toEqual([[10]]);
    await owner.query("BEGIN");
    for (const { name } of tables)
      await owner.query(`DELETE FROM ducklake.${name}; INSERT INTO ducklake.${name} TABLE backup.${name}`);
    await owner.query("COMMIT");
    await owner.end();
    await fixture.lake.inLake("UPDATE other SET id = 20");
    expect(await rows(sql)).toEqual([[20]]);
  });

  test("is given to nobody who may not read the table any more", async () => {
    const name = `eve_${fixture.lake.database}`;
    await fixture.addUser(name, { schemas: [], tables: ["main.sales"] });
    const eve = await fixture.connect({ user: name });
    const sql = "SELECT count(*)::int FROM sales WHERE id < 10";
    expect(await rows(sql, eve)).toEqual([[10]]);
    expect(await runs(() => rows(sql, eve))).toBe(false);
    const owner = await fixture.lake.connect();
    await owner.query(`REVOKE SELECT ON main.sales FROM ${name}`);
    await expect(rows(sql, eve)).rejects.toMatchObject({ code: "42501" });
    expect(await rows(sql)).toEqual([[10]]);
  });

  test.each([
    "random()",
    "gen_random_uuid()",
    "clock_timestamp()",
    "now()",
    "current_timestamp",
    "localtimestamp",
    "statement_timestamp()",
    "to_char(now(), 'US')",
    "(SELECT max(random()) FROM other)",
  ])("of %s is another one each time", async (expression) => {
    const sql = `SELECT ${expression} AS value FROM sales WHERE id = 7`;
    await rows(sql);
    expect(await runs(() => rows(sql))).toBe(true);
  });

  test("that is large is not kept", async () => {
    const sql = "SELECT id, repeat(product, 50) FROM sales";
    const { length } = await rows(sql);
    expect(length).toBe(1000);
    expect(await runs(async () => expect(await rows(sql)).toHaveLength(1000))).toBe(true);
  });

  test("that is not read to its end is not kept, and one that is kept can be read in pieces", async () => {
    const text = "SELECT id::int FROM sales WHERE id < 5 ORDER BY id";
    const read = async (...counts: number[]) => {
      const cursor = client.query(new Cursor<{ id: number }>(text));
      const pieces = [];
      for (const count of counts) pieces.push((await cursor.read(count)).map(({ id }) => id));
      await cursor.close();
      return pieces;
    };
    expect(await read(2)).toEqual([[0, 1]]);
    expect(await rows(text)).toEqual([[0], [1], [2], [3], [4]]);
    expect(await runs(() => rows(text))).toBe(false);
    expect(await read(2, 2, 2)).toEqual([[0, 1], [2, 3], [4]]);
  });

  test("is sent once by a portal that is run twice", async () => {
    const sql = "SELECT id::int FROM sales WHERE id < 3";
    await rows(sql);
    expect(await portal(sql, { binary: false, times: 2 })).toEqual(["0", "1", "2", "SELECT 3", "SELECT 0"]);
  });

  test("is another one in binary", async () => {
    const sql = "SELECT id::int FROM sales WHERE id = 9";
    for (let time = 0; time < 2; time += 1) {
      expect(await portal(sql, { binary: false, times: 1 })).toEqual(["9", "SELECT 1"]);
      expect(await portal(sql, { binary: true, times: 1 })).toEqual(["\0\0\0\t", "SELECT 1"]);
    }
  });
});

test("results are forgotten when they take too much memory, those not asked for longest first", () => {
  const results = new KeptResults();
  const large = { bytes: Buffer.alloc(LARGEST_KEPT - 100), rows: 1 };
  results.keep("first", large);
  results.keep("second", large);
  for (let count = 0; count < 300; count += 1) {
    results.keep(`${count}`, large);
    results.find("first");
  }
  expect(results.find("first")).not.toBeNull();
  expect(results.find("second")).toBeNull();
  results.keep("too large", { bytes: Buffer.alloc(LARGEST_KEPT + 1), rows: 1 });
  expect(results.find("too large")).toBeNull();
});

test("all functions of DuckDB's that are not repeatable are known, and no macro of the gateway's calls one", async () => {
  const scratch = await openScratch();
  const found = await scratch.queryRaw(
    `SELECT DISTINCT function_name AS name FROM duckdb_functions()
     WHERE stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY') AND function_name <> 'error'`,
  );
  scratch.close();
  expect(new Set(UNREPEATABLE)).toEqual(new Set(found.map(({ name }) => name)));
  for (const definition of macros) expect(isRepeatable(definition), definition).toBe(true);
  expect(isRepeatable("SELECT 'random(1)'")).toBe(false);
  expect(isRepeatable("SELECT current_date FROM t")).toBe(false);
  expect(isRepeatable('SELECT "id", "current_date", "now" FROM "sample"')).toBe(true);
});
