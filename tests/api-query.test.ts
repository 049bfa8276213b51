import { readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openScratch } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import { ApiFixture, order, TOKENS } from "./support/api-fixture.ts";

/** SQL from outside: what it gives, in which form, and how far it reaches. */

let api: ApiFixture;
let url: string;
beforeAll(async () => {
  api = await ApiFixture.open();
  url = await api.app.listen({ host: "127.0.0.1", port: 0 });
  await api.land("orders", "2026-01-02/a", `${order(1, 10)} UNION ALL ${order(2, 20)}`);
  await api.running.settle();
});
afterAll(() => api.close());

const ask = (sql: string, more: object = {}) => api.post("/query", { sql, ...more });

describe("a result", () => {
  test("as JSON: exact values, with their types", async () => {
    const { status, body } = await ask(
      `SELECT 9007199254740993::BIGINT AS big, 1.10::DECIMAL(9, 2) AS price, DATE '2026-01-02' AS day,
        TIMESTAMPTZ '2026-01-02 03:04:05+00' AS at, NULL AS nothing, TRUE AS yes, 'é' AS text, [1, 2] AS list`,
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({ rowCount: 1, truncated: false });
    expect(body.rows[0]).toEqual([
      "9007199254740993",
      "1.10",
      "2026-01-02",
      "2026-01-02 03:04:05+00",
      null,
      true,
      "é",
      expect.anything(),
    ]);
    expect(body.columns).toContainEqual({ name: "price", type: "DECIMAL(9,2)" });
    expect(body.columns.map(({ name }: { name: string }) => name)).toEqual([
      "big",
      "price",
      "day",
      "at",
      "nothing",
      "yes",
      "text",
      "list",
    ]);
  });

  test("as CSV: a file with a name", async () => {
    const answer = await ask(`SELECT 1 AS "a,b", 'x"y' AS c, NULL AS d, '' AS e`, { format: "csv" });
    expect(answer.headers).toMatchObject({
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": 'attachment; filename="query.csv"',
      "x-lotus-truncated": "false",
    });
    expect(answer.text).toBe('"a,b",c,d,e\r\n1,"x""y",,""\r\n');
  });

  test("as Parquet: of the same types", async () => {
    const response = await fetch(`${url}/api/v1/query`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKENS[1]?.secret}`, "content-type": "application/json" },
      body: JSON.stringify({
        sql: "SELECT id, amount, updated_at, 1.5::DECIMAL(9, 2) AS price, id AS id FROM int_shop__orders ORDER BY id",
        format: "parquet",
      }),
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-disposition")).toBe('attachment; filename="query.parquet"');
    const path = join(api.isolation.folder, "result.parquet");
    await writeFile(path, new Uint8Array(await response.arrayBuffer()));
    const scratch = await openScratch();
    expect(await scratch.describe(`SELECT * FROM ${literal(path)}`)).toEqual([
      { name: "id", type: "BIGINT" },
      { name: "amount", type: "BIGINT" },
      { name: "updated_at", type: "TIMESTAMP WITH TIME ZONE" },
      { name: "price", type: "DECIMAL(9,2)" },
      { name: "id_1", type: "BIGINT" },
    ]);
    expect(await scratch.queryRaw(`SELECT id, amount FROM ${literal(path)}`)).toEqual([
      { id: "1", amount: "10" },
      { id: "2", amount: "20" },
    ]);
    scratch.close();
  });

  test("without rows has its columns", async () => {
    const { body } = await ask("SELECT id FROM int_shop__orders WHERE id < 0");
    expect(body).toMatchObject({ columns: [{ name: "id", type: "BIGINT" }], rows: [], rowCount: 0 });
    expect((await ask("SELECT id FROM int_shop__orders WHERE id < 0", { format: "csv" })).text).toBe(
      "id\r\n",
    );
    expect((await ask("SELECT 1 AS a WHERE FALSE", { format: "parquet" })).status).toBe(200);
  });

  test("ends at the row limit, and says so; more is not computed", async () => {
    for (const maxRows of [1, 2047, 2048, 2049, 5000]) {
      const { body } = await ask("SELECT range AS n FROM range(100000000000)", {
        maxRows,
        timeoutSeconds: 30,
      });
      expect(body.rows).toHaveLength(maxRows);
      expect(body).toMatchObject({ rowCount: maxRows, truncated: true });
      expect(body.rows.at(-1)).toEqual([String(maxRows - 1)]);
    }
    expect((await ask("SELECT range FROM range(3)", { maxRows: 3 })).body.truncated).toBe(false);
    const csv = await ask("SELECT range AS n FROM range(10)", { maxRows: 2, format: "csv" });
    expect(csv.text).toBe("n\r\n0\r\n1\r\n");
    expect(csv.headers["x-lotus-truncated"]).toBe("true");
  });
});

describe("statements that read", () => {
  test.each([
    "SELECT 1",
    "SELECT 1;",
    "SELECT 1 ; -- the end",
    "-- first\nSELECT 1 /* one */ ; /* and */ ; -- the end",
    "SELECT ';--' -- no end",
    "FROM int_shop__orders",
    "WITH a AS (SELECT 1) SELECT * FROM a",
    "VALUES (1), (2)",
    "SHOW TABLES",
    "SHOW ALL TABLES;",
    "DESCRIBE int_shop__orders",
    "DESCRIBE SELECT 1 AS a; -- so",
    "SUMMARIZE int_shop__orders",
    "EXPLAIN SELECT * FROM int_shop__orders",
    "EXPLAIN ANALYZE SELECT * FROM int_shop__orders;",
    "SELECT * FROM meta.feeder_batches",
  ])("%s", async (sql) => {
    const answer = await ask(sql);
    expect(answer.status, answer.text).toBe(200);
  });

  test("tables are those of the lake", async () => {
    const { body } = await ask("SHOW TABLES");
    expect(body.rows.flat()).toEqual(expect.arrayContaining(["int_shop__orders", "fct_orders"]));
  });
});

describe("what does not read the lake's tables is refused", () => {
  test.each([
    "INSERT INTO int_shop__orders VALUES (1)",
    "DELETE FROM int_shop__orders",
    "UPDATE int_shop__orders SET amount = 0",
    "CREATE TABLE evil (a INT)",
    "CREATE TEMP TABLE evil AS SELECT 1",
    "DROP TABLE int_shop__orders",
    "ALTER TABLE int_shop__orders ADD COLUMN evil INT",
    "SELECT 1; DROP TABLE int_shop__orders",
    "EXPLAIN ANALYZE DELETE FROM int_shop__orders",
    "COPY int_shop__orders TO '/tmp/evil.csv'",
    "COPY (SELECT 1) TO 's3://BUCKET/evil.parquet'",
    "EXPORT DATABASE '/tmp/evil'",
    "ATTACH '/tmp/evil.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET threads = 1",
    "RESET threads",
    "CALL lakehouse.set_option('data_inlining_row_limit', 1)",
    "CALL ducklake_expire_snapshots('lakehouse')",
    "BEGIN",
    "USE meta",
    "CHECKPOINT",
    "VACUUM",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('s3://BUCKET/raw/shop/orders/x')",
    "SELECT * FROM 's3://BUCKET/raw/x.parquet'",
    "SELECT * FROM read_csv('https://example.com/a.csv')",
    "SELECT * FROM glob('*')",
    "SELECT * FROM postgres_query('__ducklake_metadata_lakehouse', 'SELECT 1')",
    "SELECT * FROM __ducklake_metadata_lakehouse.ducklake.ducklake_snapshot",
    "SELECT * FROM duckdb_secrets()",
    "SELECT getenv('PATH')",
  ])("%s", async (sql) => {
    const { body } = await ask(sql.replaceAll("BUCKET", api.running.store.bucket));
    expect(body, sql).toMatchObject({ status: 400, code: "QUERY_FAILED" });
    expect(body.detail).not.toContain("root:");
  });

  test("and nothing of it has happened", async () => {
    expect((await ask("SELECT count(*), sum(amount)::BIGINT FROM int_shop__orders")).body.rows).toEqual([
      ["2", "30"],
    ]);
    expect((await readdir(tmpdir())).filter((name) => name.startsWith("evil"))).toEqual([]);
  });
});

describe("a query that fails", () => {
  test("says why", async () => {
    for (const [sql, text] of [
      ["SELECT * FROM fct_none", /fct_none/],
      ["SELEC 1", /syntax error/],
      ["SELECT nothing FROM int_shop__orders", /nothing/],
      ["SELECT 'a'::INT", /Conversion/],
      ["SELECT CASE WHEN range = 5000 THEN error('half way') ELSE range END FROM range(6000)", /half way/],
      ["", /sql/],
      [";", /statement/],
      ["-- nothing", /statement/],
    ] as const) {
      const { body } = await ask(sql);
      expect(body, sql).toMatchObject({ status: 400, detail: expect.stringMatching(text) });
    }
  });

  test("is refused where what is asked for is not to be had", async () => {
    for (const more of [
      { format: "xml" },
      { maxRows: 0 },
      { maxRows: 1_000_001 },
      { timeoutSeconds: 0 },
      { timeoutSeconds: 301 },
    ])
      expect((await ask("SELECT 1", more)).body, JSON.stringify(more)).toMatchObject({
        code: "REQUEST_INVALID",
      });
    expect((await api.post("/query", {})).body).toMatchObject({ status: 400, code: "REQUEST_INVALID" });
    expect((await ask("x".repeat(100_001))).body).toMatchObject({ status: 400, code: "REQUEST_INVALID" });
  });

  const LONG =
    "SELECT count(*) FROM range(1000000000) AS a, range(1000000000) AS b WHERE a.range * b.range = -1";

  test("for want of time ends in time, and leaves nothing running", async () => {
    const { body } = await ask(LONG, { timeoutSeconds: 0.5 });
    expect(body).toMatchObject({ status: 408, code: "QUERY_TIMEOUT" });
    expect((await ask("SELECT 1")).status).toBe(200);
  });

  test("for want of memory says so", async () => {
    const { body } = await ask("SELECT list(range) FROM range(100000000)", { timeoutSeconds: 60 });
    expect(body).toMatchObject({ status: 503, code: "OUT_OF_MEMORY" });
    expect((await ask("SELECT 1")).status).toBe(200);
  });

  test("is given up with whoever asked for it", async () => {
    const gone = new AbortController();
    const asking = fetch(`${url}/api/v1/query`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKENS[0]?.secret}`, "content-type": "application/json" },
      body: JSON.stringify({ sql: LONG, timeoutSeconds: 300 }),
      signal: gone.signal,
    });
    const ended = expect(asking).rejects.toThrow();
    const cpu = () => process.cpuUsage().user;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    gone.abort();
    await ended;
    // The statement took a whole core and more; now it takes none.
    await expect
      .poll(
        async () => {
          const before = cpu();
          await new Promise((resolve) => setTimeout(resolve, 500));
          return cpu() - before;
        },
        { timeout: 60_000 },
      )
      .toBeLessThan(250_000);
  });
});

test("many at once are all answered, over one snapshot each", async () => {
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, number) =>
      ask(`SELECT ${number} AS n, count(*) AS rows FROM int_shop__orders`),
    ),
  );
  for (const [number, { body }] of answers.entries()) expect(body.rows).toEqual([[number, "2"]]);
});

test("a large result leaves others their turn while it is written", async () => {
  let longest = 0;
  let last = performance.now();
  const ticking = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  const began = last;
  const { body } = await ask(
    "SELECT range AS a, range::VARCHAR AS b, now() AS c, 1.5::DECIMAL(9, 2) AS d, DATE '2026-01-02' AS e FROM range(300000)",
    { maxRows: 300_000, timeoutSeconds: 120 },
  ).finally(() => clearInterval(ticking));
  const took = performance.now() - began;
  expect(body.rowCount).toBe(300_000);
  expect(longest).toBeLessThan(took / 3);
});
