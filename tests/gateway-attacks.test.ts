import { connect, type Socket } from "node:net";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GatewayFixture } from "./support/gateway-fixture.ts";

let fixture: GatewayFixture;

beforeAll(async () => {
  fixture = await GatewayFixture.open(`
    CREATE TABLE open_table (id INTEGER, secret VARCHAR);
    INSERT INTO open_table VALUES (1, 'one'), (2, 'two');
    CREATE TABLE other_table AS SELECT 7 AS n;
    CREATE SCHEMA IF NOT EXISTS staging;
    CREATE TABLE staging.stg_raw AS SELECT 'raw' AS n`);
});

afterAll(() => fixture.close());

/** How a client can send a statement. */
const PATHS: Record<string, (client: pg.Client, sql: string) => Promise<unknown>> = {
  "simple query": (client, sql) => client.query(sql),
  "behind another statement": (client, sql) => client.query(`SELECT 1; ${sql}`),
  "in front of another statement": (client, sql) => client.query(`${sql}; SELECT 1`),
  "extended query": (client, sql) => client.query({ text: sql, values: [], queryMode: "extended" } as never),
  "named statement": (client, sql) => client.query({ name: `s${Math.random()}`, text: sql }),
  explain: (client, sql) => client.query(`EXPLAIN ANALYZE ${sql}`),
  copy: (client, sql) => client.query(`COPY (${sql}) TO STDOUT`),
  cursor: (client, sql) => client.query(`DECLARE c CURSOR WITH HOLD FOR ${sql}`),
};

/** What reaches further than a lake table, and what must say so. */
const REACHING: readonly string[] = [
  // Files, URLs, other databases, in DuckDB's words.
  "SELECT * FROM read_csv('/etc/passwd')",
  "SELECT * FROM read_parquet('s3://landing/lakehouse/main/x.parquet')",
  "SELECT * FROM read_text('http://127.0.0.1/')",
  "SELECT * FROM '/etc/passwd'",
  'SELECT * FROM "/etc/passwd"',
  "SELECT * FROM glob('/*')",
  "SELECT * FROM duckdb_secrets()",
  "SELECT * FROM duckdb_settings()",
  "SELECT * FROM postgres_query('__ducklake_metadata_lakehouse', 'SELECT 1')",
  "SELECT * FROM postgres_scan('', 'public', 'x')",
  "SELECT * FROM ducklake_snapshots('lakehouse')",
  "SELECT * FROM ducklake_cleanup_old_files('lakehouse')",
  "SELECT * FROM __ducklake_metadata_lakehouse.ducklake.ducklake_table",
  "SELECT * FROM lakehouse.main.open_table",
  "SELECT * FROM memory.postgres.x",
  "SELECT * FROM ducklake.ducklake_table",
  "SELECT getenv('HOME') FROM open_table",
  "SELECT current_setting('s3_secret_access_key') FROM open_table",
  "SELECT * FROM open_table AT (VERSION => 1)",
  // Postgres's own.
  "SELECT pg_read_file('/etc/passwd')",
  "SELECT pg_ls_dir('/')",
  "SELECT lo_import('/etc/passwd')",
  "SELECT lo_create(0)",
  "SELECT pg_terminate_backend(1)",
  "SELECT pg_cancel_backend(1)",
  "SELECT pg_advisory_lock(1)",
  "SELECT pg_reload_conf()",
  "SELECT pg_notify('x', 'y')",
  "SELECT nextval('x')",
  "SELECT query_to_xml('SELECT * FROM open_table', true, true, '')",
  "SELECT table_to_xml('open_table'::regclass, true, true, '')",
  "SELECT database_to_xml(true, true, '')",
  "SELECT ts_stat('SELECT secret FROM open_table')",
  "SELECT * FROM pg_authid",
  "SELECT * FROM pg_shadow",
  "SELECT * FROM pg_hba_file_rules",
  "SELECT rolpassword FROM pg_catalog.pg_authid",
  "SELECT lotus_gateway.refuse()",
  "SELECT * FROM staging.stg_raw",
];

describe.each(Object.entries(PATHS))("by %s", (_path, send) => {
  test("a lake table is", async () => {
    const client = await fixture.connect();
    await send(client, "SELECT secret FROM open_table");
  });

  test("nothing else than lake tables and the catalog is reached", async () => {
    const reached: string[] = [];
    for (const sql of REACHING) {
      const client = await fixture.connect();
      const outcome = await send(client, sql).then(
        () => "answered",
        (error) => (error.code ? "refused" : String(error)),
      );
      if (outcome !== "refused") reached.push(`${outcome}: ${sql}`);
      // The session lives on.
      await client.query("SELECT count(*) FROM open_table");
      await client.end();
    }
    expect(reached).toEqual([]);
  });
});

describe("statements that do something", () => {
  const DOING: readonly string[] = [
    ...["INSERT INTO open_table VALUES (3)", "UPDATE open_table SET id = 0", "DELETE FROM open_table"],
    ...["TRUNCATE open_table", "DROP TABLE open_table", "ALTER TABLE open_table ADD COLUMN x int"],
    ...[
      "CREATE TABLE x (a int)",
      "CREATE TEMP TABLE x (a int)",
      "CREATE TABLE x AS SELECT 1",
      "SELECT 1 INTO x",
    ],
    ...["CREATE VIEW v AS SELECT 1", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"],
    ...[
      "CREATE EXTENSION dblink",
      "CREATE ROLE x",
      "GRANT lotus TO PUBLIC",
      "ALTER ROLE CURRENT_USER SUPERUSER",
    ],
    ...[
      "MERGE INTO open_table USING other_table ON true WHEN MATCHED THEN DELETE",
      "CALL f()",
      "DO $$ BEGIN END $$",
    ],
    ...["WITH x AS (DELETE FROM open_table RETURNING *) SELECT * FROM x", "LOCK TABLE open_table"],
    ...[
      "ATTACH 'x' AS y",
      "INSTALL httpfs",
      "LOAD httpfs",
      "PRAGMA version",
      "USE memory",
      "EXPORT DATABASE 'x'",
    ],
    ...["COPY open_table TO '/tmp/x'", "COPY open_table FROM STDIN", "COPY open_table TO PROGRAM 'id'"],
    ...[
      "COPY (SELECT 1) TO 's3://landing/x'",
      "LISTEN x",
      "NOTIFY x",
      "VACUUM",
      "ANALYZE",
      "CHECKPOINT",
      "REINDEX TABLE open_table",
    ],
    ...[
      "SECURITY LABEL ON TABLE open_table IS 'x'",
      "COMMENT ON TABLE open_table IS 'x'",
      "IMPORT FOREIGN SCHEMA x FROM SERVER y INTO z",
    ],
    ...[
      "PREPARE p AS SELECT 1",
      "EXECUTE p",
      "PREPARE TRANSACTION 'x'",
      "COMMIT PREPARED 'x'",
      "ALTER SYSTEM SET x = 1",
    ],
    ...[
      "SET ROLE lotus",
      "SET SESSION AUTHORIZATION lotus",
      "SET debug_print_parse = off",
      "SET log_min_messages = debug5",
    ],
    ...[
      "SET row_security = off",
      "SET session_replication_role = replica",
      "SET LOCAL debug_pretty_print = on",
    ],
    ...["SELECT * FROM open_table FOR UPDATE", "SELECT * FROM open_table TABLESAMPLE SYSTEM (50)"],
  ];

  test.each(["simple", "extended"] as const)("are refused (%s)", async (queryMode) => {
    const client = await fixture.connect();
    const done: string[] = [];
    for (const sql of DOING) {
      const outcome = await (
        client.query({ text: sql, queryMode } as never) as unknown as Promise<unknown>
      ).then(
        () => "done",
        (error) => (error.code ? "refused" : String(error)),
      );
      if (outcome !== "refused") done.push(`${outcome}: ${sql}`);
    }
    expect(done).toEqual([]);
    expect((await client.query("SELECT count(*)::int AS n FROM open_table")).rows).toEqual([{ n: 2 }]);
  });

  test("comments, quotes and dollar quotes hide nothing", async () => {
    const client = await fixture.connect();
    for (const sql of [
      "/* SELECT 1 */ DROP TABLE open_table",
      "SELECT 1 --\n; DROP TABLE open_table",
      "SELECT '1''; DROP TABLE open_table; --'; DELETE FROM open_table",
      "SELECT $a$;$a$; DELETE FROM open_table",
      "SELECT /* /* nested */ ; */ 1; DELETE FROM open_table",
      "SELECT U&'\\0027'; DELETE FROM open_table",
      "SELECT E'\\''; DELETE FROM open_table",
    ])
      await expect(client.query(sql)).rejects.toMatchObject({ code: "25006" });
    const odd = "a'b\"c;--/*$$\\";
    expect(
      (await client.query({ text: "SELECT secret || $1 AS x FROM open_table WHERE id = 1", values: [odd] }))
        .rows,
    ).toEqual([{ x: `one${odd}` }]);
    expect(
      (await client.query(`SELECT secret || ${pg.escapeLiteral(odd)} AS x FROM open_table WHERE id = 1`))
        .rows,
    ).toEqual([{ x: `one${odd}` }]);
  });

  test("several statements in one that is to be prepared", async () => {
    const client = await fixture.connect();
    await expect(
      client.query({ text: "SELECT 1; SELECT 2", queryMode: "extended" } as never),
    ).rejects.toMatchObject({ code: "42601" });
  });

  test("a client that silences Postgres hears the same answers", async () => {
    const client = await fixture.connect();
    const count = async () => (await client.query("SELECT count(*)::int AS n FROM open_table")).rows;
    await client.query("SET client_min_messages = error");
    expect(await count()).toEqual([{ n: 2 }]);
    await client.query(
      "SELECT set_config('client_min_messages', 'error', false), set_config('debug_print_parse', 'off', false)",
    );
    expect(await count()).toEqual([{ n: 2 }]);
    await client.query("SELECT set_config('debug_pretty_print', 'on', false)");
    expect(await count()).toEqual([{ n: 2 }]);
    await client.query("DISCARD ALL");
    expect(await count()).toEqual([{ n: 2 }]);
    const notices: unknown[] = [];
    client.on("notice", (notice) => notices.push(notice));
    await client.query("SELECT count(*) FROM open_table; SELECT 1");
    expect(notices).toEqual([]);
  });
});

describe("who is let in", () => {
  test("a wrong password, an unknown user, the catalog's owner, another database", async () => {
    const { user } = fixture;
    await expect(fixture.connect({ password: "wrong" })).rejects.toMatchObject({ code: "28P01" });
    await expect(fixture.connect({ user: "nobody" })).rejects.toMatchObject({ code: "28P01" });
    const owner = new URL(fixture.lake.catalogUrl);
    await expect(
      fixture.connect({ user: owner.username, password: decodeURIComponent(owner.password) }),
    ).rejects.toMatchObject({ code: "28000" });
    const catalog = owner.pathname.slice(1);
    for (const database of [catalog, "postgres", "template1", "nothing"]) {
      await expect(fixture.connect({ user, database })).rejects.toMatchObject({ code: "3D000" });
    }
  });

  test("settings in the startup packet are guarded as SET is", async () => {
    await expect(fixture.connect({ options: "-c role=lotus" })).rejects.toMatchObject({ code: "42501" });
    await expect(fixture.connect({ options: "--debug-print-parse=off" })).rejects.toMatchObject({
      code: "42501",
    });
    const client = await fixture.connect({ options: "-c client_min_messages=error -c statement_timeout=5s" });
    expect((await client.query("SELECT count(*)::int AS n FROM open_table")).rows).toEqual([{ n: 2 }]);
    expect((await client.query("SHOW statement_timeout")).rows).toEqual([{ statement_timeout: "5s" }]);
  });

  test("grants hold on every path, and from the moment that they change", async () => {
    const name = `ben_${fixture.lake.database}`;
    await fixture.addUser(name, { schemas: [], tables: ["main.other_table"] });
    const client = await fixture.connect({ user: name });
    expect((await client.query("SELECT n FROM other_table")).rows).toEqual([{ n: 7 }]);
    for (const [path, send] of Object.entries(PATHS)) {
      const sql = "SELECT secret FROM open_table";
      await expect(send(client, sql), path).rejects.toMatchObject({ code: "42501" });
      await expect(
        send(client, `SELECT n FROM other_table WHERE EXISTS (${sql})`),
        path,
      ).rejects.toMatchObject({ code: "42501" });
    }
    const prepared = () => client.query({ name: "kept", text: "SELECT secret FROM open_table WHERE id = 1" });
    await fixture.users.grant(name, { schemas: [], tables: ["main.open_table"] });
    expect((await prepared()).rows).toEqual([{ secret: "one" }]);
    await fixture.users.revoke(name, { schemas: [], tables: ["main.open_table"] });
    await expect(prepared()).rejects.toMatchObject({ code: "42501" });
  });

  test("a user has so many connections and no more", async () => {
    const name = `cid_${fixture.lake.database}`;
    await fixture.addUser(name, { schemas: ["main"], tables: [] }, 2);
    await fixture.connect({ user: name });
    await fixture.connect({ user: name });
    await expect(fixture.connect({ user: name })).rejects.toMatchObject({ code: "53300" });
  });
});

describe("messages that are none", () => {
  /** Sends bytes and gives what comes back until the gateway hangs up, or for as long as `within`. */
  function exchange(bytes: Buffer, within = 2000): Promise<Buffer> {
    return new Promise((resolve) => {
      const got: Buffer[] = [];
      const socket: Socket = connect(fixture.gateway.port, "127.0.0.1", () => socket.write(bytes));
      const timer = setTimeout(() => socket.destroy(), within);
      socket.on("data", (piece) => got.push(piece));
      socket.on("error", () => {});
      socket.on("close", () => {
        clearTimeout(timer);
        resolve(Buffer.concat(got));
      });
    });
  }

  test("a startup packet that is none is answered with an error, or not at all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        const answer = await exchange(Buffer.from(bytes), 100);
        expect(
          answer.length === 0 ||
            "EN".includes(String.fromCharCode(answer[0] as number)) ||
            answer.length < 10,
        ).toBe(true);
      }),
      { numRuns: 100 },
    );
    const client = await fixture.connect();
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });

  test("messages of a session cut, bent and made up end that session at most", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(..."PBDECQSHFdcfpXz"),
        fc.uint8Array({ maxLength: 64 }),
        fc.option(fc.integer({ min: -10, max: 1_000_000 }), { nil: null }),
        async (type, body, length) => {
          const client = await fixture.connect();
          const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
          const message = Buffer.alloc(5 + body.length);
          message.write(type, 0, "latin1");
          message.writeInt32BE(length ?? 4 + body.length, 1);
          message.set(body, 5);
          stream.write(message);
          stream.end();
          await new Promise((resolve) => setTimeout(resolve, 20));
          stream.destroy();
        },
      ),
      { numRuns: 100 },
    );
    const client = await fixture.connect();
    expect((await client.query("SELECT count(*)::int AS n FROM open_table")).rows).toEqual([{ n: 2 }]);
  });

  test("a message of a gigabyte is not waited for", async () => {
    const client = await fixture.connect();
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    const header = Buffer.alloc(5);
    header.write("Q", 0, "latin1");
    header.writeInt32BE(1_000_000_000, 1);
    const closed = new Promise((resolve) => stream.once("close", resolve));
    stream.write(header);
    await closed;
  });

  test("ten thousand that knock and go leave room for one who logs in", async () => {
    for (let round = 0; round < 100; round += 1) {
      await Promise.all(
        Array.from({ length: 100 }, async () => {
          const socket = connect(fixture.gateway.port, "127.0.0.1");
          await new Promise((resolve) => {
            socket.once("connect", resolve);
            socket.once("error", resolve);
          });
          socket.destroy();
        }),
      );
    }
    const client = await fixture.connect();
    expect((await client.query("SELECT count(*)::int AS n FROM open_table")).rows).toEqual([{ n: 2 }]);
  });
});
