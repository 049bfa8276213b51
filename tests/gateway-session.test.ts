import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import Cursor from "pg-cursor";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GatewayFixture } from "./support/gateway-fixture.ts";

let fixture: GatewayFixture;

beforeAll(async () => {
  fixture = await GatewayFixture.open(`
    CREATE TABLE orders (id BIGINT, customer VARCHAR, total DECIMAL(18,2), placed DATE);
    INSERT INTO orders VALUES (1, 'Ann', 10.50, '2026-01-01'), (2, 'Bob', 20, '2026-01-02'), (3, NULL, NULL, NULL);
    CREATE TABLE numbers AS SELECT i::INTEGER AS n FROM range(100000) t(i)`);
});

afterAll(() => fixture.close());

async function values(client: pg.Client, sql: string, parameters: unknown[] = []): Promise<unknown[][]> {
  return (await client.query({ text: sql, values: parameters, rowMode: "array" })).rows;
}

const withState = (code: string) => expect.objectContaining({ code });

describe("statements", () => {
  test("a lake table gives its rows, in Postgres's types", async () => {
    const client = await fixture.connect();
    const result = await client.query("SELECT * FROM orders ORDER BY id");
    expect(result.rows.map(({ placed: _, ...row }) => row)).toEqual([
      { id: "1", customer: "Ann", total: "10.50" },
      { id: "2", customer: "Bob", total: "20.00" },
      { id: "3", customer: null, total: null },
    ]);
    expect(result.fields.map(({ name, dataTypeID }) => [name, dataTypeID])).toEqual([
      ["id", 20],
      ["customer", 25],
      ["total", 1700],
      ["placed", 1082],
    ]);
    expect(result.command).toBe("SELECT");
    expect(result.rowCount).toBe(3);
  });

  test("parameters, in statements that are kept and used again", async () => {
    const client = await fixture.connect();
    for (const id of [1, 2, 1]) {
      const { rows } = await client.query({
        name: "by-id",
        text: "SELECT customer FROM orders WHERE id = $1",
        values: [id],
      });
      expect(rows).toEqual([{ customer: id === 1 ? "Ann" : "Bob" }]);
    }
    expect(await values(client, "SELECT id FROM orders WHERE id = ANY($1) ORDER BY 1", [[1, 3]])).toEqual([
      ["1"],
      ["3"],
    ]);
    expect(await values(client, "SELECT id FROM orders WHERE placed = $1", ["2 January 2026"])).toEqual([
      ["2"],
    ]);
  });

  test("functions whose bodies are SQL, which Postgres runs as it plans", async () => {
    const text = "SELECT bit_length('a') AS bits, lpad('7', 3) AS padded, id FROM orders WHERE id = 2";
    for (const config of [{}, { values: [] }, { queryMode: "extended" }, { name: "kept" }]) {
      const client = await fixture.connect();
      for (let time = 0; time < 3; time += 1)
        expect((await client.query({ text, ...config })).rows).toEqual([{ bits: 8, padded: "  7", id: "2" }]);
    }
  });

  test("several statements in one text, catalog and lake", async () => {
    const client = await fixture.connect();
    const results = (await client.query(
      "SELECT 1 AS one; SELECT count(*) FROM orders; SHOW search_path; ; SELECT relname FROM pg_class WHERE relname = 'orders'",
    )) as unknown as pg.QueryResult[];
    expect(results.map(({ rows }) => rows)).toEqual([
      [{ one: 1 }],
      [{ count: "3" }],
      [{ search_path: "main" }],
      [{ relname: "orders" }],
    ]);
  });

  test("an error says where, and leaves the session as it was", async () => {
    const client = await fixture.connect();
    await expect(client.query("SELECT 1; SELECT nothing FROM orders")).rejects.toMatchObject({
      code: "42703",
      position: "18",
    });
    await expect(client.query("SELECT total / (id - 1) FROM orders")).rejects.toMatchObject({
      code: "22012",
      message: "division by zero",
    });
    await expect(client.query("SELEC 1")).rejects.toEqual(withState("42601"));
    await expect(client.query("")).resolves.toMatchObject({ rows: [] });
    expect(await values(client, "SELECT count(*) FROM orders")).toEqual([["3"]]);
  });

  test("an error after a hundred thousand rows is an error", async () => {
    const client = await fixture.connect();
    await expect(client.query("SELECT 1 / (n - 99999) FROM numbers ORDER BY n")).rejects.toEqual(
      withState("22012"),
    );
    await expect(client.query("SELECT 1 / (n - 99999) FROM numbers")).rejects.toEqual(withState("22012"));
  });

  test("what is refused says so, and why", async () => {
    const client = await fixture.connect();
    await expect(client.query("INSERT INTO orders (id) VALUES (4)")).rejects.toEqual(withState("25006"));
    await expect(client.query("SELECT * FROM orders FOR UPDATE")).rejects.toEqual(withState("25006"));
    await expect(client.query("SELECT * FROM orders, pg_class")).rejects.toEqual(withState("0A000"));
    expect(await values(client, "SELECT count(*) FROM orders")).toEqual([["3"]]);
  });
});

describe("portals and cursors", () => {
  test("several portals at once, each read some rows at a time", async () => {
    const client = await fixture.connect();
    await client.query("BEGIN");
    const up = client.query(new Cursor("SELECT n FROM numbers ORDER BY n", [], { rowMode: "array" }));
    const first = await up.read(3);
    const more = await up.read(2);
    await up.close();
    expect([first, more]).toEqual([
      [[0], [1], [2]],
      [[3], [4]],
    ]);
    await client.query("COMMIT");
  });

  test("a portal read to its end", async () => {
    const client = await fixture.connect();
    const cursor = client.query(new Cursor("SELECT id FROM orders ORDER BY id", [], { rowMode: "array" }));
    expect(await cursor.read(3)).toEqual([["1"], ["2"], ["3"]]);
    expect(await cursor.read(3)).toEqual([]);
    await cursor.close();
  });

  test("DECLARE, FETCH, MOVE, CLOSE; two cursors side by side", async () => {
    const client = await fixture.connect();
    await client.query("BEGIN");
    await client.query("DECLARE up NO SCROLL CURSOR FOR SELECT n FROM numbers ORDER BY n");
    await client.query("DECLARE down CURSOR FOR SELECT n FROM numbers ORDER BY n DESC");
    expect(await values(client, "FETCH 2 FROM up")).toEqual([[0], [1]]);
    expect(await values(client, "FETCH FORWARD 2 FROM down")).toEqual([[99999], [99998]]);
    expect((await client.query("MOVE 97 IN up")).rowCount).toBe(97);
    expect(await values(client, "FETCH NEXT FROM up")).toEqual([[99]]);
    expect((await values(client, "FETCH ALL FROM down")).length).toBe(99_998);
    expect(await values(client, "FETCH 5 FROM down")).toEqual([]);
    await client.query("CLOSE up");
    await expect(client.query("FETCH 1 FROM up")).rejects.toEqual(withState("34000"));
    await client.query("ROLLBACK");
    await expect(client.query("FETCH 1 FROM down")).rejects.toEqual(withState("34000"));
  });

  test("cursors outlive their transaction only WITH HOLD", async () => {
    const client = await fixture.connect();
    await expect(client.query("DECLARE c CURSOR FOR SELECT id FROM orders")).rejects.toEqual(
      withState("25P01"),
    );
    await client.query("DECLARE c CURSOR WITH HOLD FOR SELECT id FROM orders ORDER BY id");
    expect(await values(client, "FETCH 1 FROM c")).toEqual([["1"]]);
    expect(await values(client, "FETCH 1 FROM c")).toEqual([["2"]]);
    await client.query("CLOSE ALL");
    await expect(client.query("FETCH 1 FROM c")).rejects.toEqual(withState("34000"));
    await client.query("BEGIN");
    await client.query("DECLARE d CURSOR WITH HOLD FOR SELECT id FROM orders ORDER BY id");
    await client.query("ROLLBACK");
    await expect(client.query("FETCH 1 FROM d")).rejects.toEqual(withState("34000"));
  });

  test("SQL reads on a portal of the protocol's, as a cursor", async () => {
    const client = await fixture.connect();
    await client.query("BEGIN");
    await bindPortal(client, "up", "SELECT n FROM numbers WHERE n >= 500 ORDER BY n");
    expect(await values(client, "FETCH 2 FROM up")).toEqual([[500], [501]]);
    expect((await client.query("MOVE 97 IN up")).rowCount).toBe(97);
    expect(await values(client, "FETCH NEXT FROM up")).toEqual([[599]]);
    await expect(bindPortal(client, "up", "SELECT 1")).rejects.toEqual(withState("42P03"));
    await client.query("ROLLBACK; BEGIN");
    await expect(client.query("FETCH 1 FROM up")).rejects.toEqual(withState("34000"));
    await client.query("ROLLBACK; BEGIN");
    await bindPortal(client, "up", "SELECT n FROM numbers");
    await client.query("CLOSE up");
    await expect(client.query("FETCH 1 FROM up")).rejects.toEqual(withState("34000"));
    await client.query("ROLLBACK");
  });

  test("a portal gives no rows in a transaction that has failed, and goes on after a savepoint", async () => {
    const client = await fixture.connect();
    await client.query("BEGIN");
    await bindPortal(client, "up", "SELECT n FROM numbers ORDER BY n");
    expect(await runPortal(client, "up", 2)).toEqual(["0", "1"]);
    await client.query("SAVEPOINT s");
    await expect(client.query("SELECT 1 / 0")).rejects.toEqual(withState("22012"));
    await expect(runPortal(client, "up", 2)).rejects.toEqual(withState("25P02"));
    await client.query("ROLLBACK TO s");
    expect(await runPortal(client, "up", 2)).toEqual(["2", "3"]);
    await client.query("ROLLBACK");
  });

  test("a cursor over Postgres's catalog is Postgres's", async () => {
    const client = await fixture.connect();
    await client.query("BEGIN");
    await client.query(
      "DECLARE c CURSOR FOR SELECT relname FROM pg_class WHERE relname IN ('orders', 'numbers') ORDER BY 1",
    );
    expect(await values(client, "FETCH 1 FROM c")).toEqual([["numbers"]]);
    await client.query("COMMIT");
  });

  test("EXPLAIN shows DuckDB's plan", async () => {
    const client = await fixture.connect();
    const plan = await values(client, "EXPLAIN SELECT count(*) FROM orders");
    expect(plan.flat().join("\n")).toMatch(/DUCKLAKE_SCAN|SEQ_SCAN/);
    await expect(client.query("EXPLAIN (FORMAT JSON) SELECT count(*) FROM orders")).rejects.toEqual(
      withState("0A000"),
    );
    const analysed = await values(client, "EXPLAIN (ANALYZE) SELECT count(*) FROM orders");
    expect(analysed.flat().join("\n")).toMatch(/Total Time/);
  });
});

describe("transactions", () => {
  test("a failed lake statement fails its transaction, and a savepoint saves it", async () => {
    const client = await fixture.connect();
    await client.query("BEGIN");
    await client.query("SELECT count(*) FROM orders");
    await client.query("SAVEPOINT s");
    await expect(client.query("SELECT 1 / (id - id) FROM orders")).rejects.toEqual(withState("22012"));
    await expect(client.query("SELECT count(*) FROM orders")).rejects.toEqual(withState("25P02"));
    await client.query("ROLLBACK TO s");
    expect(await values(client, "SELECT count(*) FROM orders")).toEqual([["3"]]);
    await client.query("COMMIT");
    await client.query("BEGIN");
    await expect(client.query("SELECT 1 / (id - id) FROM orders")).rejects.toEqual(withState("22012"));
    expect((await client.query("COMMIT")).command).toBe("ROLLBACK");
  });

  test("a transaction sees one snapshot; a new one sees what was committed until now", async () => {
    const client = await fixture.connect();
    await fixture.lake.inLake(
      "CREATE TABLE growing (n INTEGER, s VARCHAR); INSERT INTO growing VALUES (1, 'old')",
    );
    const count = async () =>
      (await values(client, "SELECT count(*), max(s) FROM growing WHERE s = 'old'"))[0];
    await client.query("BEGIN");
    expect(await count()).toEqual(["1", "old"]);
    await fixture.lake.inLake(
      "UPDATE growing SET s = 'new'; INSERT INTO growing SELECT i, 'newer' FROM range(1000) t(i)",
    );
    expect(await count()).toEqual(["1", "old"]);
    expect(await values(client, "SELECT count(*) FROM growing")).toEqual([["1"]]);
    await client.query("COMMIT");
    expect(await count()).toEqual(["0", null]);
    expect(await values(client, "SELECT count(*) FROM growing")).toEqual([["1001"]]);
  });

  test("columns that come, go and change places under a connected client keep their names", async () => {
    const client = await fixture.connect();
    await fixture.lake.inLake(
      "CREATE TABLE moving (a INTEGER, b VARCHAR); INSERT INTO moving VALUES (1, 'b')",
    );
    const all = "SELECT * FROM moving";
    expect((await client.query(all)).rows).toEqual([{ a: 1, b: "b" }]);
    await fixture.lake.inLake("ALTER TABLE moving ADD COLUMN c INTEGER; UPDATE moving SET c = 3");
    expect((await client.query(all)).rows).toEqual([{ a: 1, b: "b", c: 3 }]);
    await fixture.lake.inLake(
      "ALTER TABLE moving DROP COLUMN a; ALTER TABLE moving ADD COLUMN a VARCHAR; UPDATE moving SET a = 'text'",
    );
    expect((await client.query(all)).rows).toEqual([{ b: "b", c: 3, a: "text" }]);
    await fixture.lake.inLake("ALTER TABLE moving RENAME COLUMN b TO d");
    expect((await client.query(all)).rows).toEqual([{ c: 3, a: "text", d: "b" }]);
    await fixture.lake.inLake("DROP TABLE moving");
    await expect(client.query(all)).rejects.toEqual(withState("42P01"));
  });

  test("a prepared statement whose table changed is told, or answers with the right names", async () => {
    const client = await fixture.connect();
    await fixture.lake.inLake("CREATE TABLE kept (a INTEGER, b INTEGER); INSERT INTO kept VALUES (1, 2)");
    const ask = () => client.query({ name: "kept", text: "SELECT b, a FROM kept" });
    expect((await ask()).rows).toEqual([{ a: 1, b: 2 }]);
    await fixture.lake.inLake(
      "ALTER TABLE kept DROP COLUMN a; ALTER TABLE kept ADD COLUMN a INTEGER; UPDATE kept SET a = 9",
    );
    // The first to come notices the other schema.
    await (await fixture.connect()).query("SELECT count(*) FROM kept");
    expect((await ask().catch(() => ask())).rows).toEqual([{ a: 9, b: 2 }]);
  });
});

describe("stopping", () => {
  const SLOW = "SELECT count(*) FROM numbers a, numbers b WHERE (a.n * 7 + b.n) % 1000003 = 17";

  test("cancel stops what DuckDB runs", async () => {
    const client = await fixture.connect();
    const running = client.query(SLOW);
    await sleep(500);
    cancel(client);
    await expect(running).rejects.toMatchObject({
      code: "57014",
      message: "canceling statement due to user request",
    });
    expect(await values(client, "SELECT 1")).toEqual([[1]]);
  });

  test("cancel stops what Postgres runs", async () => {
    const client = await fixture.connect();
    const running = client.query("SELECT pg_sleep(60)");
    await sleep(300);
    cancel(client);
    await expect(running).rejects.toEqual(withState("57014"));
  });

  test("statement_timeout holds for both", async () => {
    const client = await fixture.connect();
    await client.query("SET statement_timeout = '300ms'");
    await expect(client.query(SLOW)).rejects.toMatchObject({
      code: "57014",
      message: "canceling statement due to statement timeout",
    });
    await expect(client.query("SELECT pg_sleep(60)")).rejects.toEqual(withState("57014"));
    await client.query("RESET statement_timeout");
    expect(await values(client, "SELECT count(*) FROM numbers")).toEqual([["100000"]]);
  });

  test("a client that leaves stops its statement, and its session with Postgres ends", async () => {
    const name = "leaves in the middle";
    const client = await fixture.connect({ application_name: name });
    const running = client.query(SLOW).catch(() => {});
    await sleep(500);
    const owner = await fixture.lake.connect();
    const sessions = async () =>
      (await owner.query("SELECT FROM pg_stat_activity WHERE application_name = $1", [name])).rowCount;
    expect(await sessions()).toBe(1);
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    await running;
    await expect.poll(sessions, { timeout: 60_000 }).toBe(0);
    // The gateway is in this process, and DuckDB took all of its time until then.
    await sleep(500);
    const before = process.cpuUsage();
    await sleep(1000);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(700);
  });
});

/** Binds a statement to a portal that stays. */
function bindPortal(client: pg.Client, portal: string, text: string): Promise<unknown> {
  return submit(client, (connection) => {
    connection.parse({ name: "", text, types: [] }, false);
    connection.bind({ portal, statement: "", values: [] }, false);
  });
}

/** The first values of its next rows. */
function runPortal(client: pg.Client, portal: string, rows: number): Promise<string[]> {
  return submit(client, (connection) => connection.execute({ portal, rows: String(rows) }, false));
}

/** Sends messages and a Sync, and takes the first values of the rows that come. */
function submit(client: pg.Client, messages: (connection: pg.Connection) => void): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const found: string[] = [];
    const submittable = {
      submit(connection: pg.Connection) {
        messages(connection);
        connection.sync();
      },
      handleDataRow: ({ fields }: { fields: string[] }) => found.push(String(fields[0])),
      handleCommandComplete: () => {},
      handlePortalSuspended: () => {},
      handleReadyForQuery: () => resolve(found),
      handleError: reject,
    };
    client.query(submittable as unknown as pg.Submittable);
  });
}

/** As libpq does it: over a connection of its own. */
function cancel(client: pg.Client): void {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const request = Buffer.alloc(16);
  for (const [index, value] of [16, 80_877_102, processID, secretKey].entries())
    request.writeInt32BE(value, index * 4);
  const socket = connect(fixture.gateway.port, "127.0.0.1", () => socket.end(request));
}
