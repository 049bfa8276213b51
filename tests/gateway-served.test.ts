import fc from "fast-check";
import type pg from "pg";
import Cursor from "pg-cursor";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Project } from "../assets/definitions.ts";
import { GatewayFixture } from "./support/gateway-fixture.ts";

/** Served tables, and their keys. */
const SERVED: Record<string, string[]> = {
  fct_sales: ["id"],
  fct_values: ["id"],
  fct_lines: ["order_id", "line"],
  fct_keyless: [],
  fct_no_key: ["id"],
};

const project = {
  streams: [],
  models: Object.entries(SERVED).map(([asset, uniqueKey]) => ({
    asset,
    head: { serve: "postgres" },
    uniqueKey,
  })),
} as unknown as Project;

/** A type of the lake's, and values of it that are easily lost on the way. */
const VALUES: Record<string, string[]> = {
  BOOLEAN: ["true", "false"],
  TINYINT: ["-128", "127"],
  UTINYINT: ["255"],
  SMALLINT: ["-32768"],
  USMALLINT: ["65535"],
  INTEGER: ["-2147483648", "2147483647"],
  UINTEGER: ["4294967295"],
  BIGINT: ["-9223372036854775808", "9007199254740993"],
  UBIGINT: ["18446744073709551615"],
  HUGEINT: ["-99999999999999999999999999999999999999"],
  "DECIMAL(38,10)": ["-1234567890123456789012345678.0123456789", "0.0000000001"],
  "DECIMAL(4,1)": ["-0.1", "999.9"],
  FLOAT: ["0.1", "'-0.0'", "'NaN'", "'-Infinity'", "1e-45", "3.4028235e38"],
  DOUBLE: ["0.1", "'-0.0'", "'NaN'", "'Infinity'", "5e-324", "1.7976931348623157e308", "1e20"],
  VARCHAR: [
    "''",
    String.raw`'\N'`,
    String.raw`'tab	back\slash "quote"'`,
    "'line' || chr(10) || 'break'",
    "'Ä€🙂'",
  ],
  BLOB: [String.raw`'\x00\xFF\x5C'::BLOB`, "''::BLOB"],
  DATE: ["'infinity'", "'-infinity'", "'0044-03-15 (BC)'", "'2024-02-29'", "'9999-12-31'"],
  TIME: ["'00:00:00'", "'23:59:59.999999'"],
  TIMESTAMP: ["'infinity'", "'2026-03-29 02:30:00.000001'", "'0001-01-01 (BC) 00:00:00'"],
  "TIMESTAMP WITH TIME ZONE": ["'-infinity'", "'2026-03-29 01:30:00.5+00'", "'1900-01-01 00:00:00+00'"],
  INTERVAL: ["'-1 month 2 days -03:04:05.000006'", "'100 years'", "'0 days'"],
  UUID: ["'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
  JSON: [`'{"b": 1,  "a": [null, "x"]}'`, "'null'"],
  "VARCHAR[]": ["[]", `['a,b', '"', NULL, '', 'NULL', '{}']`],
  "BIGINT[]": ["[1, NULL, -9223372036854775808]"],
  "DOUBLE[]": ["[0.1, 'NaN'::DOUBLE]"],
  "STRUCT(a INTEGER, b VARCHAR)": ["{'a': 1, 'b': 'x'}", "{'a': NULL, 'b': NULL}"],
  "MAP(VARCHAR, INTEGER)": ["MAP {'k': 1}"],
};

let fixture: GatewayFixture;
/** Sees the tables as they stand in Postgres. */
let owner: pg.Client;

beforeAll(async () => {
  const columns = Object.keys(VALUES).map((type, index) => `c${index} ${type}`);
  const most = Math.max(...Object.values(VALUES).map((values) => values.length));
  const rows = Array.from({ length: most + 1 }, (_, row) => {
    const values = Object.entries(VALUES).map(([type, list]) => `CAST(${list[row] ?? "NULL"} AS ${type})`);
    return `(${row}, ${values.join(", ")})`;
  });
  fixture = await GatewayFixture.open(
    `CREATE TABLE fct_sales (id BIGINT, item VARCHAR, amount DECIMAL(18,2));
     INSERT INTO fct_sales SELECT i, 'item ' || i, i / 4 FROM range(1000) t(i);
     CREATE TABLE fct_values (id INTEGER, ${columns.join(", ")});
     INSERT INTO fct_values VALUES ${rows.join(", ")};
     CREATE TABLE fct_lines (order_id VARCHAR, line DOUBLE, tags VARCHAR[]);
     CREATE TABLE fct_keyless (n INTEGER, s VARCHAR);
     CREATE TABLE fct_no_key (id INTEGER, s VARCHAR);
     INSERT INTO fct_no_key VALUES (NULL, 'nobody'), (1, 'somebody');
     CREATE TABLE orders (id BIGINT, total DECIMAL(18,2));
     INSERT INTO orders SELECT i, i FROM range(100) t(i)`,
    project,
  );
  owner = await fixture.lake.connect();
  await filled("fct_sales", 1000);
  // Whoever answers with this has read it in Postgres.
  await owner.query("UPDATE main.fct_sales SET item = 'planted' WHERE id = 0");
});

afterAll(() => fixture.close());

/** Values as they come over the wire. */
async function rows(client: pg.Client, text: string): Promise<unknown[][]> {
  const types = { getTypeParser: () => (value: unknown) => value };
  return (await client.query({ text, rowMode: "array", types } as pg.QueryArrayConfig)).rows;
}

/** Waits until a table has so many rows in Postgres. */
async function filled(table: string, count: number): Promise<void> {
  await vi.waitFor(
    async () => expect(await rows(owner, `SELECT count(*) FROM main.${table}`)).toEqual([[String(count)]]),
    { timeout: 30_000, interval: 100 },
  );
}

/** However busy the machine is. */
function eventually<T>(look: () => Promise<T>) {
  return expect.poll(look, { timeout: 60_000, interval: 100 });
}

const SALE = (id: number) => `SELECT item FROM fct_sales WHERE id = ${id}`;
const withState = (code: string) => expect.objectContaining({ code });

/** Runs work while no gateway can bring tables up to date. */
async function held<T>(work: () => Promise<T>): Promise<T> {
  await owner.query("SELECT pg_advisory_lock(7201407)");
  try {
    return await work();
  } finally {
    await owner.query("SELECT pg_advisory_unlock(7201407)");
  }
}

describe("rows in Postgres", () => {
  test("are the lake's, of every type", async () => {
    const client = await fixture.connect();
    await filled("fct_values", 8);
    const all = "SELECT * FROM fct_values ORDER BY id";
    // Cursors are DuckDB's.
    await client.query("BEGIN");
    await client.query(`DECLARE c CURSOR FOR ${all}`);
    const lake = await rows(client, "FETCH ALL FROM c");
    await client.query("COMMIT");
    const before = await scans("fct_values");
    expect(await rows(client, all)).toEqual(lake);
    expect(await rows(owner, all.replace("FROM ", "FROM main."))).toEqual(lake);
    await eventually(() => scans("fct_values")).toBeGreaterThan(before + 1);
  });

  test("answer all ways to ask: texts, prepared statements, parameters, portals with limits", async () => {
    const client = await fixture.connect();
    expect(await rows(client, SALE(0))).toEqual([["planted"]]);
    for (const id of [0, 1, 0]) {
      const { rows: found } = await client.query({
        name: "sale",
        text: "SELECT item FROM fct_sales WHERE id = $1",
        values: [id],
      });
      expect(found).toEqual([{ item: id === 0 ? "planted" : "item 1" }]);
    }
    const binary = { text: "SELECT id::int4 FROM fct_sales WHERE id = $1", values: [7], binary: true };
    const types = { getTypeParser: () => (value: Buffer) => value.toString("hex") };
    const inBinary = await client.query({ ...binary, types } as unknown as pg.QueryConfig);
    expect(inBinary.rows).toEqual([{ id: "00000007" }]);
    const cursor = client.query(
      new Cursor("SELECT item FROM fct_sales ORDER BY id", [], { rowMode: "array" }),
    );
    expect(await cursor.read(2)).toEqual([["planted"], ["item 1"]]);
    expect(await cursor.read(1)).toEqual([["item 2"]]);
    await cursor.close();
    const { rows: joined } = await client.query(
      "SELECT item, total FROM fct_sales JOIN orders USING (id) WHERE id = 0",
    );
    // A table that is not served: all of it is the lake's.
    expect(joined).toEqual([{ item: "item 0", total: "0.00" }]);
  });

  test("are not asked by what may not run there, nor by whom they are not granted", async () => {
    const client = await fixture.connect();
    for (const sql of [
      "SELECT id, pg_advisory_lock(1) FROM fct_sales",
      "SELECT ctid FROM fct_sales",
      "SELECT lotus_gateway.refuse() FROM fct_sales",
      "SELECT id FROM fct_sales FOR UPDATE",
      "BEGIN READ WRITE; SELECT id FROM fct_sales FOR UPDATE",
      "SELECT pg_read_file('/etc/passwd') FROM fct_sales",
      "UPDATE fct_sales SET id = 1",
      "SELECT * FROM lotus_gateway.served",
    ]) {
      await expect(client.query(sql), sql).rejects.toEqual(
        expect.objectContaining({ code: expect.stringMatching(/^(0A000|42501|25006|42P01)$/) }),
      );
      await client.query("ROLLBACK");
    }
    const other = `bob_${fixture.lake.database}`;
    await fixture.addUser(other, { schemas: [], tables: ["main.orders"] });
    const stranger = await fixture.connect({ user: other });
    expect(await rows(stranger, "SELECT count(*) FROM orders")).toEqual([["100"]]);
    await expect(stranger.query(SALE(0))).rejects.toEqual(withState("42501"));
    await fixture.users.grant(other, { schemas: [], tables: ["main.fct_sales"] });
    const ask = () => stranger.query({ name: "ask", text: SALE(0) });
    expect((await ask()).rows).toEqual([{ item: "planted" }]);
    await fixture.users.revoke(other, { schemas: [], tables: ["main.fct_sales"] });
    await expect(ask()).rejects.toEqual(withState("42501"));
  });

  test("that a key cannot tell apart are read in the lake", async () => {
    const client = await fixture.connect();
    expect(await rows(client, "SELECT s FROM fct_no_key ORDER BY s")).toEqual([["nobody"], ["somebody"]]);
  });
});

describe("rows that change", () => {
  test("arrive, and are the lake's until then", async () => {
    const client = await fixture.connect();
    const state = "SELECT count(*), sum(amount), max(item) FROM fct_sales WHERE id > 0";
    await fixture.lake.inLake(
      `DELETE FROM fct_sales WHERE id BETWEEN 10 AND 19;
       UPDATE fct_sales SET item = 'sold', amount = 1 WHERE id = 20;
       INSERT INTO fct_sales VALUES (5000, 'new', 7)`,
    );
    const now = await rows(client, state);
    expect(now).toEqual(await inLake("SELECT count(*), sum(amount), max(item) FROM fct_sales WHERE id > 0"));
    await eventually(() => rows(owner, state.replace("FROM ", "FROM main."))).toEqual(now);
    // Nothing but what changed was written.
    expect(await rows(client, SALE(0))).toEqual([["planted"]]);
    expect(await rows(client, state)).toEqual(now);
  });

  test("stay as they were for a transaction that has begun", async () => {
    const before = await fixture.connect();
    const after = await fixture.connect();
    await before.query("BEGIN");
    expect(await rows(before, `SELECT total FROM orders WHERE id = 1`)).toEqual([["1.00"]]);
    const cursor = before.query(new Cursor("SELECT item FROM fct_sales WHERE id IN (0, 1, 30) ORDER BY id"));
    expect(await cursor.read(1)).toEqual([{ item: "planted" }]);
    await fixture.lake.inLake(
      "BEGIN; UPDATE orders SET total = -1; UPDATE fct_sales SET item = 'changed' WHERE id IN (1, 30); COMMIT",
    );
    await eventually(() => rows(owner, "SELECT item FROM main.fct_sales WHERE id = 30")).toEqual([
      ["changed"],
    ]);
    expect(await cursor.read(5)).toEqual([{ item: "item 1" }, { item: "item 30" }]);
    // What DuckDB reads and what Postgres reads is of one snapshot.
    expect(await rows(before, "SELECT total FROM orders WHERE id = 1")).toEqual([["1.00"]]);
    expect(await rows(before, SALE(0))).toEqual([["planted"]]);
    expect(await rows(before, SALE(30))).toEqual([["item 30"]]);
    await before.query("COMMIT");
    for (const client of [before, after]) {
      expect(await rows(client, SALE(30))).toEqual([["changed"]]);
      expect(await rows(client, SALE(0))).toEqual([["planted"]]);
      expect(await rows(client, "SELECT total FROM orders WHERE id = 1")).toEqual([["-1.00"]]);
    }
  });

  test("are DuckDB's as long as Postgres's are older, and where a transaction would not hold on to them", async () => {
    const client = await fixture.connect();
    await held(async () => {
      await fixture.lake.inLake("UPDATE fct_sales SET item = 'late' WHERE id = 31");
      expect(await rows(client, SALE(31))).toEqual([["late"]]);
      expect(await rows(client, SALE(0))).toEqual([["item 0"]]);
      await client.query("BEGIN");
      expect(await rows(client, SALE(0))).toEqual([["item 0"]]);
    });
    await eventually(() => rows(owner, "SELECT item FROM main.fct_sales WHERE id = 31")).toEqual([["late"]]);
    // Postgres shows this transaction what was there when it began.
    expect(await rows(client, SALE(31))).toEqual([["late"]]);
    expect(await rows(client, SALE(0))).toEqual([["item 0"]]);
    await client.query("COMMIT");
    await client.query("BEGIN ISOLATION LEVEL READ COMMITTED");
    expect(await rows(client, SALE(0))).toEqual([["item 0"]]);
    await client.query("COMMIT");
    expect(await rows(client, SALE(0))).toEqual([["planted"]]);
  });

  test("in their columns leave no gap: nobody sees an emptied table", async () => {
    const client = await fixture.connect();
    await client.query("BEGIN");
    await client.query("SELECT count(*) FROM pg_class");
    const [[count]] = (await inLake("SELECT count(*) FROM fct_sales")) as [[string]];
    await fixture.lake.inLake(
      "ALTER TABLE fct_sales ADD COLUMN note VARCHAR; UPDATE fct_sales SET note = 'n' WHERE id = 0",
    );
    await (await fixture.connect()).query("SELECT note FROM fct_sales");
    await filled("fct_sales", Number(count));
    expect(await rows(client, "SELECT count(*), max(item) FILTER (WHERE id = 0) FROM fct_sales")).toEqual([
      [count, "item 0"],
    ]);
    await client.query("COMMIT");
    expect(await rows(client, "SELECT item, note FROM fct_sales WHERE id = 0")).toEqual([["item 0", "n"]]);
    await owner.query("UPDATE main.fct_sales SET item = 'planted' WHERE id = 0");
    expect(await rows(client, SALE(0))).toEqual([["planted"]]);
  });

  test("without the columns' types in Postgres: a struct has one more field", async () => {
    const all = "SELECT c26 FROM fct_values WHERE id = 0";
    expect(await rows(owner, all.replace("FROM ", "FROM main."))).toEqual([['{"a":1,"b":"x"}']]);
    await fixture.lake.inLake("ALTER TABLE fct_values ADD COLUMN c26.c INTEGER");
    const client = await fixture.connect();
    expect(await rows(client, all)).toEqual([['{"a":1,"b":"x","c":null}']]);
    await eventually(() => rows(owner, all.replace("FROM ", "FROM main."))).toEqual([
      ['{"a":1,"b":"x","c":null}'],
    ]);
  });

  test("at random are the lake's in the end, with two gateways at work", async () => {
    await fixture.another(project);
    const key = fc.record({
      order: fc.constantFrom("a", "b", "", "ä"),
      line: fc.constantFrom(0, -1.5, 1e300),
    });
    const where = ({ order, line }: { order: string; line: number }) =>
      `order_id = '${order}' AND line = ${line}`;
    const change = fc.oneof(
      key.map((k) => `DELETE FROM fct_lines WHERE ${where(k)}`),
      fc.tuple(key, fc.string()).map(([k, tag]) => {
        const tags = `['${tag.replaceAll("'", "''").replaceAll("\0", "")}', NULL]`;
        return `DELETE FROM fct_lines WHERE ${where(k)}; INSERT INTO fct_lines VALUES ('${k.order}', ${k.line}, ${tags})`;
      }),
      key.map((k) => `UPDATE fct_lines SET tags = list_append(tags, 'more') WHERE ${where(k)}`),
      fc.constant("UPDATE fct_lines SET line = -line"),
      fc.constant("DELETE FROM fct_lines"),
      fc.integer().map((n) => `INSERT INTO fct_keyless VALUES (${n}, 'x'), (${n}, 'x')`),
      fc.constant("DELETE FROM fct_keyless WHERE n > 0"),
    );
    const client = await fixture.connect();
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        for (const sql of changes) await fixture.lake.inLake(`BEGIN; ${sql}; COMMIT`);
        for (const [table, columns] of [
          ["fct_lines", "order_id, line::VARCHAR, tags"],
          ["fct_keyless", "n, s"],
        ] as const) {
          const wanted = await inLake(`SELECT ${columns} FROM ${table} ORDER BY ALL`);
          const kept = columns.replace("::VARCHAR", "");
          const order = `ORDER BY ${kept}`;
          const read = (client: pg.Client) =>
            client.query({ text: `SELECT ${kept} FROM main.${table} ${order}`, rowMode: "array" });
          const plain = (found: unknown[][]) =>
            found
              .map((row) => row.map(canonical))
              .map((row) => JSON.stringify(row))
              .sort();
          const expected = plain(wanted);
          // At once through the gateway, soon in Postgres.
          expect(plain((await read(client)).rows)).toEqual(expected);
          await eventually(async () => plain((await read(owner)).rows)).toEqual(expected);
        }
      }),
      { numRuns: 12 },
    );
  });
});

describe("another gateway", () => {
  test("takes over what the first has kept, once it has held it against the lake", async () => {
    const { port } = await fixture.another(project);
    const client = await fixture.connect({ port });
    await eventually(() => rows(client, SALE(0))).toEqual([["planted"]]);
  });

  test("believes no record of another lake", async () => {
    await held(() =>
      owner.query(
        "UPDATE lotus_gateway.served SET snapshot_time = '1' WHERE relid = 'main.fct_sales'::regclass",
      ),
    );
    const { port } = await fixture.another(project);
    const client = await fixture.connect({ port });
    for (let look = 0; look < 20; look += 1) expect(await rows(client, SALE(0))).toEqual([["item 0"]]);
    await eventually(() => rows(owner, "SELECT item FROM main.fct_sales WHERE id = 0")).toEqual([["item 0"]]);
  });

  test("that serves a table no more empties it and shuts it", async () => {
    const client = await fixture.connect();
    const shadow = await fixture.lake.shadow();
    await shadow.sync();
    expect(await rows(owner, "SELECT count(*) FROM main.fct_sales")).toEqual([["1"]]);
    expect(await rows(owner, "SELECT count(*) FROM lotus_gateway.served")).toEqual([["0"]]);
    const direct = await fixture.lake.connect({ user: fixture.user, password: fixture.password });
    await expect(direct.query(SALE(0))).rejects.toEqual(withState("0A000"));
    expect(await rows(client, SALE(0))).toEqual([["item 0"]]);
  });
});

/** How often Postgres has looked into a table. */
async function scans(table: string): Promise<number> {
  const [row] = await rows(
    owner,
    `SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_user_tables WHERE relname = '${table}' AND schemaname = 'main'`,
  );
  return Number(row?.[0]);
}

async function inLake(sql: string): Promise<unknown[][]> {
  const found = await fixture.lake.lake.withSession((session) => session.queryRaw(sql));
  return found.map((row) => Object.values(row));
}

/** The same for both sides. */
function canonical(value: unknown): unknown {
  return typeof value === "string" && value !== "" && Number.isFinite(Number(value)) ? Number(value) : value;
}
