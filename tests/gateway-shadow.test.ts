import fc from "fast-check";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planChanges } from "../gateway/shadow/changes.ts";
import { postgresNames } from "../gateway/shadow/names.ts";
import { prepareDatabase } from "../gateway/shadow/prepare.ts";
import { readPresentTables } from "../gateway/shadow/present.ts";
import type { ShadowDatabase } from "../gateway/shadow/shadow-database.ts";
import type { ShadowState, ShadowTable } from "../gateway/shadow/shadow-table.ts";
import { shadowType } from "../gateway/shadow/types.ts";
import { wantedTables } from "../gateway/shadow/wanted.ts";
import { openScratch } from "../lake/session.ts";
import { OldPostgres } from "./support/old-postgres.ts";
import { ShadowFixture } from "./support/shadow-fixture.ts";

let fixture: ShadowFixture;
let shadow: ShadowDatabase;
let owner: pg.Client;

beforeAll(async () => {
  fixture = await ShadowFixture.open();
  await fixture.inLake(`
    CREATE TABLE orders (id BIGINT, placed_at TIMESTAMPTZ, total DECIMAL(18,2), "Ship To" VARCHAR);
    CREATE TABLE lines (order_id BIGINT, line INTEGER, tags VARCHAR[]);
    CREATE SCHEMA IF NOT EXISTS staging; CREATE TABLE staging.stg_orders (id BIGINT);
    COMMENT ON TABLE lines IS 'from the lake itself'`);
  shadow = await fixture.shadow(
    new Map([
      [
        "main.orders",
        { comment: "It's one row per order.", columns: { ID: "the order's number" }, key: ["id"] },
      ],
      ["main.lines", { comment: null, columns: {}, key: ["ORDER_ID", "line"] }],
      ["staging.stg_orders", { comment: null, columns: {}, key: ["not_there"] }],
    ]),
  );
  await shadow.sync();
  owner = await fixture.connect();
});

afterAll(() => fixture.close());

async function rows(client: pg.Client, sql: string): Promise<unknown[]> {
  return (await client.query({ text: sql, rowMode: "array" })).rows;
}

function tableOf(state: ShadowState, name: string): ShadowTable {
  const found = [...state.tables.values()].find((table) => table.name === name);
  if (found === undefined) throw new Error(`no table ${name}`);
  return found;
}

/** Columns in order: name, type, comment. */
async function columns(client: pg.Client, table: string): Promise<unknown[]> {
  return rows(
    client,
    `SELECT attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum) FROM pg_attribute
     WHERE attrelid = '${table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
  );
}

const SQLSTATE = (code: string) => expect.objectContaining({ code });

describe("what Postgres shows", () => {
  test("has the lake's tables with their types, comments and keys, and nothing else", async () => {
    expect(await columns(owner, "main.orders")).toEqual([
      ["id", "bigint", "the order's number"],
      ["placed_at", "timestamp with time zone", null],
      ["total", "numeric(18,2)", null],
      ["Ship To", "text", null],
    ]);
    expect(
      await rows(
        owner,
        `SELECT schemaname, tablename, obj_description((schemaname || '.' || tablename)::regclass) FROM pg_tables
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2`,
      ),
    ).toEqual([
      ["lotus_gateway", "granted", null],
      ["lotus_gateway", "served", null],
      ["main", "lines", "from the lake itself"],
      ["main", "orders", "It's one row per order."],
      ["staging", "stg_orders", null],
    ]);
    expect(
      await rows(
        owner,
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'p' AND connamespace = 'main'::regnamespace ORDER BY 1",
      ),
    ).toEqual([
      ["lines_pkey", "PRIMARY KEY (order_id, line)"],
      ["orders_pkey", "PRIMARY KEY (id)"],
    ]);
    expect(
      await rows(owner, "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information)' ORDER BY 1"),
    ).toEqual([["lotus_gateway"], ["main"], ["staging"]]);
  });

  test("begins sessions as BI tools need them, and sorts by code point", async () => {
    const setting = async (name: string) => (await rows(owner, `SHOW ${name}`))[0];
    expect(await setting("search_path")).toEqual(["main"]);
    expect(await setting("default_transaction_isolation")).toEqual(["repeatable read"]);
    expect(await setting("TimeZone")).toEqual(["UTC"]);
    expect(await setting("statement_timeout")).toEqual(["10min"]);
    expect(await setting("log_min_messages")).toEqual(["fatal"]);
    expect(await rows(owner, "SELECT 'a' > 'Z', upper('é')")).toEqual([[true, "É"]]);
  });

  test("is told by OID and attribute number, as the lake names it", async () => {
    const state = await shadow.sync();
    const orders = tableOf(state, "orders");
    const [oid] = (
      await rows(owner, "SELECT 'main.orders'::regclass::oid, 'numeric'::regtype::oid")
    )[0] as number[];
    expect(orders).toMatchObject({ relid: oid, schema: "main", name: "orders" });
    expect([...orders.columns].map(([number, { name, duckdbType }]) => [number, name, duckdbType])).toEqual([
      [1, "id", "BIGINT"],
      [2, "placed_at", "TIMESTAMP WITH TIME ZONE"],
      [3, "total", "DECIMAL(18,2)"],
      [4, "Ship To", "VARCHAR"],
    ]);
    expect(orders.columns.get(3)).toMatchObject({ typeOid: 1700, typmod: ((18 << 16) | 2) + 4 });
    expect(state.behind.size).toBe(0);
  });

  test("has a Postgres type for every type of DuckDB, and reads the same value", async () => {
    const session = await openScratch();
    const values: Record<string, [value: string, declared: string, standing: string]> = {
      BOOLEAN: ["true", "boolean", "BOOLEAN"],
      TINYINT: ["-128", "smallint", "SMALLINT"],
      UTINYINT: ["255", "smallint", "SMALLINT"],
      SMALLINT: ["1", "smallint", "SMALLINT"],
      USMALLINT: ["65535", "integer", "INTEGER"],
      INTEGER: ["1", "integer", "INTEGER"],
      UINTEGER: ["4294967295", "bigint", "BIGINT"],
      BIGINT: ["1", "bigint", "BIGINT"],
      UBIGINT: ["18446744073709551615", "numeric(20,0)", "DECIMAL(20,0)"],
      HUGEINT: ["99999999999999999999999999999999999999", "numeric(38,0)", "DECIMAL(38,0)"],
      "DECIMAL(7,3)": ["1.25", "numeric(7,3)", "DECIMAL(7,3)"],
      FLOAT: ["1.5", "real", "FLOAT"],
      DOUBLE: ["1.5", "double precision", "DOUBLE"],
      VARCHAR: ["'x'", "text", "VARCHAR"],
      BLOB: ["'x'", "bytea", "BLOB"],
      BIT: ["'101'", "text", "VARCHAR"],
      DATE: ["'2026-01-31'", "date", "DATE"],
      TIME: ["'12:00'", "time without time zone", "TIME"],
      "TIME WITH TIME ZONE": ["'12:00:00+01'", "time with time zone", "TIME WITH TIME ZONE"],
      TIMESTAMP: ["'2026-01-31 12:00'", "timestamp without time zone", "TIMESTAMP"],
      TIMESTAMP_S: ["'2026-01-31 12:00:01'", "timestamp without time zone", "TIMESTAMP"],
      TIMESTAMP_MS: ["'2026-01-31 12:00:00.123'", "timestamp without time zone", "TIMESTAMP"],
      TIMESTAMP_NS: ["'2026-01-31 12:00:00.123456'", "timestamp without time zone", "TIMESTAMP"],
      "TIMESTAMP WITH TIME ZONE": [
        "'2026-01-31 12:00:00+00'",
        "timestamp with time zone",
        "TIMESTAMP WITH TIME ZONE",
      ],
      INTERVAL: ["INTERVAL 1 DAY", "interval", "INTERVAL"],
      UUID: ["'11111111-1111-1111-1111-111111111111'", "uuid", "UUID"],
      JSON: [`'{"a": 1}'`, "json", "JSON"],
      "ENUM('a', 'b')": ["'a'", "text", "VARCHAR"],
      "VARCHAR[]": ["['a', NULL]", "text[]", "VARCHAR[]"],
      "UTINYINT[]": ["[1, NULL]", "smallint[]", "SMALLINT[]"],
      "DECIMAL(4,1)[]": ["[1.5]", "numeric(4,1)[]", "DECIMAL(4,1)[]"],
      "INTEGER[2]": ["[1, 2]", "integer[]", "INTEGER[]"],
      "INTEGER[][]": ["[[1], [2, 3]]", "json", "JSON"],
      "STRUCT(a INTEGER, b VARCHAR)": ["{'a': 1, 'b': NULL}", "json", "JSON"],
      "STRUCT(a INTEGER)[]": ["[{'a': 1}]", "json", "JSON"],
      "MAP(VARCHAR, INTEGER)": ["MAP {'k': 1}", "json", "JSON"],
    };
    for (const [type, [value, declared, standing]] of Object.entries(values)) {
      const shown = shadowType(type);
      expect(shown.declaration, type).toBe(declared);
      const [read] = await session.queryRaw(
        `SELECT typeof(c) AS type, typeof(${shown.read("c")}) AS standing, ${shown.read("c")} IS NULL AS lost,
           ${shown.read(`CAST(NULL AS ${type})`)} IS NULL AS kept_null
         FROM (SELECT CAST(${value} AS ${type}) AS c)`,
      );
      expect(read, type).toEqual({ type, standing, lost: false, kept_null: true });
    }
    await expect(
      session.queryRaw(
        `SELECT ${shadowType("HUGEINT").read("'170141183460469231731687303715884105727'::HUGEINT")}`,
      ),
    ).rejects.toThrow(/out of range|Could not (cast|convert)/i);
    session.close();
    // Postgres writes each of them just so: else a column would seem to have another type for ever.
    const declared = [...new Set(Object.values(values).map(([, declaration]) => declaration))];
    await owner.query(
      `CREATE TABLE lotus_gateway.types (${declared.map((type, n) => `c${n} ${type}`).join(", ")})`,
    );
    expect((await columns(owner, "lotus_gateway.types")).map((column) => (column as string[])[1])).toEqual(
      declared,
    );
    await owner.query("DROP TABLE lotus_gateway.types");
  });
});

test.each([
  ["14.20", "140020"],
  ["15.15 (Debian 15.15-1)", "150015"],
])(
  "a server of version %s is told from one that will do before anything is made in it",
  async (version, number) => {
    const postgres = await OldPostgres.start({ number, version });
    await expect(prepareDatabase(postgres.url, "lake")).rejects.toMatchObject({
      code: "SETTINGS_INVALID",
      message: expect.stringMatching(/Postgres 16 or later .* is 1[45].* LOTUS_CATALOG_URL/),
    });
    expect(postgres.asked).toEqual([expect.stringMatching(/^SELECT .*server_version_num/)]);
    postgres.stop();
  },
);

describe("a schema that changes", () => {
  test("is followed in place: OIDs and grants stay, the columns' order is the lake's", async () => {
    const before = await shadow.sync();
    await owner.query(`GRANT SELECT ON main.orders TO ${fixture.database}_user`);
    await fixture.inLake(`
      ALTER TABLE orders ADD COLUMN note VARCHAR;
      ALTER TABLE orders DROP COLUMN placed_at;
      ALTER TABLE orders RENAME COLUMN total TO amount;
      ALTER TABLE lines ALTER COLUMN line TYPE BIGINT;
      CREATE TABLE fresh (d DATE);
      DROP TABLE staging.stg_orders`);
    const after = await shadow.sync();
    expect(after.schemaVersion).toBeGreaterThan(before.schemaVersion);
    expect((await columns(owner, "main.orders")).map((row) => (row as string[]).slice(0, 2))).toEqual([
      ["id", "bigint"],
      ["amount", "numeric(18,2)"],
      ["Ship To", "text"],
      ["note", "text"],
    ]);
    expect((await columns(owner, "main.lines"))[1]).toEqual(["line", "bigint", null]);
    for (const name of ["orders", "lines"])
      expect(tableOf(after, name).relid, name).toBe(tableOf(before, name).relid);
    expect(tableOf(after, "fresh").columns.size).toBe(1);
    expect([...after.tables.values()].map(({ name }) => name).sort()).toEqual(["fresh", "lines", "orders"]);
    expect(
      await rows(
        owner,
        `SELECT has_table_privilege('${fixture.database}_user', 'main.orders', 'SELECT'),
        has_table_privilege('${fixture.database}_viewer', 'main.fresh', 'SELECT')`,
      ),
    ).toEqual([[true, true]]);
    // Still one row behind the policy, so that it speaks.
    expect(await rows(owner, "SELECT count(*)::int FROM main.orders")).toEqual([[1]]);
  });

  test("writes nothing when nothing changed", async () => {
    await shadow.sync();
    const trace = () =>
      rows(
        owner,
        `SELECT (SELECT string_agg(xmin::text, ',' ORDER BY oid) FROM pg_class WHERE relnamespace = 'main'::regnamespace),
        (SELECT string_agg(xmin::text, ',' ORDER BY objoid, objsubid) FROM pg_description WHERE objoid >= 16384),
        (SELECT string_agg(xmin::text, ',') FROM main.orders)`,
      );
    const before = await trace();
    await shadow.sync();
    const second = await fixture.shadow(
      new Map([
        [
          "main.orders",
          { comment: "It's one row per order.", columns: { ID: "the order's number" }, key: ["id"] },
        ],
        ["main.lines", { comment: null, columns: {}, key: ["ORDER_ID", "line"] }],
      ]),
    );
    await second.sync();
    expect(await trace()).toEqual(before);
  });

  test("is followed by several gateways at once", async () => {
    const others = await Promise.all([fixture.shadow(), fixture.shadow(), fixture.shadow()]);
    for (let round = 0; round < 4; round += 1) {
      await fixture.inLake(
        `CREATE TABLE t${round} (a INTEGER, b VARCHAR); ALTER TABLE fresh ADD COLUMN c${round} INTEGER`,
      );
      const states = await Promise.all(others.flatMap((other) => [other.sync(), other.sync()]));
      for (const state of states) {
        expect(tableOf(state, `t${round}`).columns.size).toBe(2);
        expect(tableOf(state, "fresh").columns.size).toBe(2 + round);
      }
    }
  });

  test("waits for nobody: a table that a transaction uses comes later, the others now", async () => {
    await shadow.sync();
    const reader = await fixture.connect();
    await reader.query("BEGIN; LOCK TABLE main.lines IN ACCESS SHARE MODE");
    await fixture.inLake(
      "ALTER TABLE lines ADD COLUMN late INTEGER; ALTER TABLE lines DROP COLUMN tags; ALTER TABLE fresh ADD COLUMN soon INTEGER",
    );
    const held = await shadow.sync();
    expect([...held.behind]).toEqual(["main.lines"]);
    expect([...tableOf(held, "lines").columns.values()].map(({ name }) => name)).toEqual([
      "order_id",
      "line",
    ]);
    expect([...tableOf(held, "fresh").columns.values()].map(({ name }) => name)).toContain("soon");
    await reader.query("COMMIT");
    const free = await shadow.sync();
    expect([...free.behind]).toEqual([]);
    expect([...tableOf(free, "lines").columns.values()].map(({ name }) => name)).toEqual([
      "order_id",
      "line",
      "late",
    ]);
  });

  /** Random schemas one after another, each reached from the one before, on the real Postgres. */
  test("reaches any schema from any other", async () => {
    const scratch = await fixture.connect();
    await scratch.query("BEGIN; DROP SCHEMA main CASCADE; CREATE SCHEMA main");
    const column = fc.record({
      name: fc.constantFrom("a", "b", "c", "d", "ctid", "", "E", "x".repeat(70)),
      type: fc.constantFrom(
        "BIGINT",
        "VARCHAR",
        "DECIMAL(9,2)",
        "DATE",
        "INTEGER[]",
        "STRUCT(a INTEGER)",
        "TIME",
        "BOOLEAN",
      ),
      comment: fc.constantFrom(null, "one", "it's two"),
    });
    const table = fc.record({
      schema: fc.constant("main" as const),
      name: fc.constantFrom("t", "t_pkey", "u", "y".repeat(64)),
      comment: fc.constantFrom(null, "a comment"),
      columns: fc.uniqueArray(column, {
        selector: ({ name }) => name.toLowerCase(),
        minLength: 1,
        maxLength: 6,
      }),
    });
    const tables = fc.uniqueArray(table, { selector: ({ name }) => name, maxLength: 4 });
    const keys = fc.array(fc.constantFrom("a", "b", "ctid"), { maxLength: 2 });
    await fc.assert(
      fc.asyncProperty(tables, keys, async (wantedOf, key) => {
        const descriptions = new Map(
          wantedOf.map(({ schema, name }) => [`${schema}.${name}`, { comment: null, columns: {}, key }]),
        );
        const wanted = wantedTables({ version: 1, tables: wantedOf }, descriptions).tables;
        const present = async () =>
          (await readPresentTables(scratch)).filter(({ schema }) => schema === "main");
        const before = await present();
        for (const { sql } of planChanges(wanted, before)) await scratch.query(sql);
        const after = await present();
        expect(planChanges(wanted, after)).toEqual([]);
        expect(after.map(({ name }) => name).sort()).toEqual(wanted.map(({ name }) => name).sort());
        for (const { name, columns, relid } of after) {
          const table = wanted.find((candidate) => candidate.name === name);
          expect(columns.map((c) => [c.name, c.declaration, c.comment])).toEqual(
            table?.columns.map((c) => [c.name, c.type.declaration, c.comment]),
          );
          expect(
            columns
              .filter(({ notNull }) => notNull)
              .map((c) => c.name)
              .sort(),
          ).toEqual([...(table?.key?.columns ?? [])].sort());
          const same = before.find((candidate) => candidate.name === name);
          if (same) expect(relid).toBe(same.relid);
          expect(await rows(scratch, `SELECT count(*)::int FROM main."${name}"`)).toEqual([[1]]);
        }
      }),
      { numRuns: 60 },
    );
    await scratch.query("ROLLBACK");
  });

  test("of names that Postgres does not take is shown under others", async () => {
    const name = "long".repeat(20);
    await fixture.inLake(`CREATE TABLE "${name}" (ctid INTEGER, "${name}" INTEGER)`);
    const table = tableOf(await shadow.sync(), name);
    expect([...table.columns.values()].map((column) => column.name)).toEqual(["ctid", name]);
    expect(await rows(owner, `SELECT relname FROM pg_class WHERE oid = ${table.relid}`)).toEqual([
      [expect.stringMatching(/^(long)+lo_[0-9a-f]{8}$/)],
    ]);
  });

  test("of more columns than Postgres's tables can have is left out, with the reason", () => {
    const columns = Array.from({ length: 1601 }, (_, index) => ({
      name: `c${index}`,
      type: "DATE",
      comment: null,
    }));
    const tables = [1600, 1601].map((count) => ({
      schema: "main" as const,
      name: `of_${count}`,
      comment: null,
      columns: columns.slice(0, count),
    }));
    const wanted = wantedTables({ version: 1, tables }, new Map());
    expect(wanted.tables.map(({ name }) => name)).toEqual(["of_1600"]);
    expect([...wanted.leftOut]).toEqual([["main.of_1601", expect.stringMatching(/1601 columns/)]]);
  });
});

test("names: what Postgres takes stays, the rest is unique and depends on nothing beside it", () => {
  const name = fc.oneof(
    fc.string(),
    fc.string({ minLength: 60, maxLength: 70, unit: "grapheme" }),
    fc.constantFrom("ctid", "", "a".repeat(63), "a".repeat(64), `${"ä".repeat(40)}`),
  );
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 8 }), (names) => {
      const shown = postgresNames(names);
      expect(new Set(shown).size).toBe(names.length);
      shown.forEach((text, index) => {
        const original = names[index] as string;
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(63);
        expect(text).not.toBe("");
        expect(text).not.toBe("ctid");
        if (
          Buffer.byteLength(original) <= 63 &&
          original !== "" &&
          original !== "ctid" &&
          !original.includes("\0")
        )
          expect(text).toBe(original);
        else expect(text).toBe(postgresNames([original])[0]);
      });
    }),
  );
});

describe("a statement that reaches Postgres's executor", () => {
  let viewer: pg.Client;
  const role = () => `${fixture.database}_reader`;

  beforeAll(async () => {
    await owner.query(`CREATE ROLE ${role()} LOGIN PASSWORD 'for a test' IN ROLE ${fixture.database}_viewer`);
    viewer = await fixture.connect({ user: role(), password: "for a test" });
    // What a session may ask for itself keeps nobody from anything.
    await viewer.query("SET default_transaction_read_only = off");
  });

  afterAll(async () => {
    await viewer.end();
    await owner.query(`DROP ROLE ${role()}`);
  });

  test.each([
    ["reads", "SELECT * FROM orders"],
    ["counts", "SELECT count(*) FROM orders"],
    ["filters", "SELECT id FROM orders WHERE id = 0"],
    ["filters by what no row has", "SELECT id FROM orders WHERE id >= 500 AND amount > 3"],
    ["looks up a key", "SELECT amount FROM orders WHERE id = 500"],
    ["joins", "SELECT 1 FROM orders JOIN lines ON order_id = id"],
    ["asks whether there is something", "SELECT EXISTS (SELECT FROM orders)"],
    ["copies out", "COPY (SELECT * FROM orders) TO STDOUT"],
    ["copies a table out", "COPY orders TO STDOUT"],
    ["fetches from a cursor", "BEGIN; DECLARE c CURSOR FOR SELECT * FROM orders; FETCH 1 FROM c; COMMIT"],
    ["hides in a function's argument", 'SELECT upper((SELECT "Ship To" FROM orders))'],
  ])("fails instead of finding nothing: %s", async (_what, sql) => {
    await expect(viewer.query(sql)).rejects.toEqual(SQLSTATE("0A000"));
    await viewer.query("ROLLBACK");
  });

  test("may be described and planned all the same", async () => {
    await viewer.query("PREPARE p AS SELECT * FROM orders WHERE id = $1");
    expect(
      await rows(viewer, "SELECT parameter_types::text[], result_types::text[] FROM pg_prepared_statements"),
    ).toEqual([[["bigint"], ["bigint", "numeric", "text", "text"]]]);
    expect((await rows(viewer, "EXPLAIN SELECT * FROM orders")).length).toBeGreaterThan(0);
  });

  test("has its key in information_schema, where Power BI and Metabase look for it", async () => {
    const keys = `SELECT column_name FROM information_schema.table_constraints c
      JOIN information_schema.key_column_usage k USING (constraint_schema, constraint_name, table_name)
      WHERE table_name = 'orders' AND constraint_type = 'PRIMARY KEY'`;
    expect(await rows(viewer, keys)).toEqual([["id"]]);
  });

  test("writes nothing, makes nothing, and does not switch the policy off", async () => {
    for (const sql of [
      "INSERT INTO orders (id) VALUES (1)",
      "UPDATE orders SET id = 2",
      "DELETE FROM orders",
      "TRUNCATE orders",
      "CREATE TABLE mine (a INTEGER)",
      "CREATE TEMP TABLE mine (a INTEGER)",
      "CREATE SCHEMA mine",
      "SELECT lotus_gateway.refuse()",
      'DROP POLICY "lake tables are read through the gateway only" ON orders',
      "SET row_security = off; SELECT * FROM orders",
      "SELECT * FROM staging.stg_orders",
      "SELECT * FROM lotus_gateway.served",
      "SELECT * FROM lotus_gateway.granted",
      "SELECT lotus_gateway.grant_again('main.orders'::regclass)",
      "SET log_min_messages = debug5",
    ])
      await expect(viewer.query(sql), sql).rejects.toEqual(
        expect.objectContaining({ code: expect.stringMatching(/^(42501|42P01)$/) }),
      );
  });
});

describe("a database that cannot be the shadow", () => {
  test("is refused: the catalog's own, and one that holds something else", async () => {
    const { catalogUrl, lake } = fixture;
    const { ShadowDatabase: Shadow } = await import("../gateway/shadow/shadow-database.ts");
    const { pino } = await import("pino");
    const open = (database: string) =>
      Shadow.open({ catalogUrl, database, lake, descriptions: new Map(), logger: pino({ level: "silent" }) });
    await expect(open(new URL(catalogUrl).pathname.slice(1))).rejects.toMatchObject({
      code: "SETTINGS_INVALID",
      message: expect.stringMatching(/LOTUS_GATEWAY_DATABASE/),
    });
    const foreign = `${fixture.database}_foreign`;
    await owner.query(`CREATE DATABASE ${foreign}`);
    const inside = await fixture.connect({ database: foreign });
    await inside.query("CREATE TABLE somebodys (a INTEGER)");
    await expect(open(foreign)).rejects.toMatchObject({ code: "SETTINGS_INVALID" });
    expect(
      await rows(inside, "SELECT nspname FROM pg_namespace WHERE nspname IN ('main', 'lotus_gateway')"),
    ).toEqual([]);
    await inside.end();
    await owner.query(`DROP DATABASE ${foreign}`);
    for (const suffix of ["viewer", "user"]) await owner.query(`DROP ROLE ${foreign}_${suffix}`);
  });
});
