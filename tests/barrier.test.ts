import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RunnableModel } from "../assets/feeder/runnable-model.ts";
import { Lake } from "../lake/lake.ts";
import { literal } from "../lake/sql.ts";
import { type FedStream, FeederLake, values } from "./support/feeder-fixture.ts";
import { errorsOf, loadFiles, withOrders } from "./support/project-fixture.ts";

let fixture: FeederLake;
let stream: FedStream;
/** The lake as `lotus sql` opens it. */
let reader: Lake;
let bucket: string;
/** Counts the requests that reach a server which is not ours. */
let requests = 0;
const outside = createServer((_, response) => {
  requests += 1;
  response.end("a,b\n1,2\n");
});
let outsideAddress: string;
const catalog = "__ducklake_metadata_lakehouse";

beforeAll(async () => {
  // As they are set for another tool, or for us.
  process.env.AWS_ACCESS_KEY_ID = "key of the environment";
  process.env.AWS_SECRET_ACCESS_KEY = "secret of the environment";
  process.env.AWS_SESSION_TOKEN = "token of the environment";
  fixture = await FeederLake.open();
  stream = await fixture.stream();
  await stream.put("2026-01-01/a.parquet", values("id, v", "(1::BIGINT, 'a')", "(2, 'b')"));
  await stream.feed();
  const { connections, tools, folder } = fixture.isolation;
  reader = await Lake.open({
    connections,
    engine: { memoryLimit: "500MB", threads: 2 },
    extensions: tools.extensions,
    spillDir: join(folder, "spill-reader"),
    mode: "read",
  });
  bucket = connections.s3.bucket;
  await new Promise<void>((resolve) => outside.listen(0, "127.0.0.1", resolve));
  outsideAddress = `127.0.0.1:${(outside.address() as AddressInfo).port}`;
});

afterAll(() => {
  outside.close();
  reader?.close();
  fixture?.close();
});

/** `BUCKET`, `OUTSIDE`, `CATALOG_URL`, `FOLDER` stand for what is known only when the tests run. */
function filled(sql: string): string {
  const { connections, folder } = fixture.isolation;
  return sql
    .replaceAll("BUCKET", bucket)
    .replaceAll("OUTSIDE", outsideAddress)
    .replaceAll("CATALOG_URL", connections.catalogUrl)
    .replaceAll("FOLDER", folder);
}

const BARRED = /disabled (by|through) configuration|Cannot (enable|change)|not allowed|does not exist/;

describe("whatever a session of the lake is told", () => {
  test.each([
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd.csv'",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_text('file:///etc/passwd')",
    "SELECT * FROM read_blob('/proc/self/environ')",
    "SELECT * FROM read_json('/etc/passwd')",
    "SELECT * FROM read_parquet('/etc/passwd')",
    "SELECT * FROM parquet_metadata('/etc/passwd')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "COPY (SELECT 1) TO 'FOLDER/out.csv'",
    "EXPORT DATABASE 'FOLDER/export'",
    "IMPORT DATABASE '/etc'",
    "ATTACH 'FOLDER/other.db' AS other",
    "ATTACH 'CATALOG_URL' AS other (TYPE postgres)",
    "ATTACH '' AS other (TYPE postgres, SECRET lotus_catalog)",
    "ATTACH 'ducklake:postgres:' AS other (META_SECRET 'lotus_catalog')",
    "INSTALL spatial",
    "LOAD '/tmp/some.duckdb_extension'",
    "SELECT * FROM read_csv('http://OUTSIDE/x.csv')",
    "SELECT * FROM read_parquet('http://OUTSIDE/x.parquet')",
    "SELECT * FROM 'http://OUTSIDE/x.csv'",
    "SELECT * FROM read_csv('s3://BUCKET-other/x.csv')",
    "SELECT * FROM glob('s3://BUCKET-other/*')",
    "COPY (SELECT 1) TO 's3://BUCKET-other/x.parquet'",
    "CALL ducklake_add_data_files('lakehouse', 'stg_s1__items', '/etc/passwd', schema => 'staging')",
    "SELECT getenv('HOME')",
    "SET enable_external_access = true",
    "SET allowed_directories = ['/']",
    "SET allowed_paths = ['/etc/passwd']",
    "SET temp_directory = '/etc'",
    "SET secret_directory = '/etc'",
    "SET log_query_path = 'FOLDER/queries.log'",
    "SET allow_unsigned_extensions = true",
    "SET allow_unredacted_secrets = true",
  ])("%s", async (sql) => {
    await expect(fixture.query(filled(sql))).rejects.toThrow(BARRED);
  });

  test("none of it was done", () => {
    expect(requests).toBe(0);
    for (const name of ["out.csv", "export", "other.db", "queries.log"])
      expect(existsSync(join(fixture.isolation.folder, name)), name).toBe(false);
  });

  test("Postgres's functions can be called, but its role may do nothing outside of its database", async () => {
    const call = (sql: string) =>
      fixture.query(`SELECT * FROM postgres_query(${literal(catalog)}, ${literal(sql)})`);
    expect(await call("SELECT rolsuper AS x FROM pg_roles WHERE rolname = current_user")).toEqual([
      { x: false },
    ]);
    await expect(call("SELECT pg_read_file('/etc/passwd')")).rejects.toThrow(/permission denied/);
    await expect(call("SELECT * FROM pg_ls_dir('/')")).rejects.toThrow(/permission denied/);
  });

  test("secrets are not shown", async () => {
    const shown = JSON.stringify([
      ...(await fixture.query("SELECT * FROM duckdb_secrets()")),
      ...(await fixture.query("SELECT * FROM duckdb_settings()")),
      ...(await fixture.query("SELECT * FROM duckdb_databases()")),
      ...(await fixture.query("SELECT * FROM ducklake_settings('lakehouse')")),
    ]);
    const { catalogUrl, s3 } = fixture.isolation.connections;
    const secrets = [s3.secretAccessKey, new URL(catalogUrl).password, "of the environment"];
    // Not toContain: it would print all of it.
    expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
    await expect(fixture.query("SELECT * FROM duckdb_secrets(redact => false)")).rejects.toThrow(
      /unredacted secrets is disabled/,
    );
  });

  test("the lake itself works: files, commits, new connections to Postgres", async () => {
    const path = `s3://${bucket}/lakehouse/landed/own.parquet`;
    await fixture.lake.withSession(async (session) => {
      await session.execute(`COPY (SELECT 3::BIGINT AS id) TO ${literal(path)} (FORMAT parquet)`);
      expect(
        await session.queryRaw(`SELECT file FROM glob(${literal(`s3://${bucket}/lakehouse/landed/*`)})`),
      ).toEqual([{ file: path }]);
      expect(
        await session.queryRaw(`SELECT num_rows FROM parquet_file_metadata([${literal(path)}])`),
      ).toEqual([{ num_rows: "1" }]);
      await session.execute("CREATE TABLE lakehouse.main.plain (id BIGINT)");
      await session.execute(`CALL ducklake_add_data_files('lakehouse', 'plain', [${literal(path)}])`);
    });
    await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        fixture.query(`INSERT INTO lakehouse.main.plain VALUES (${literal(index + 10)})`),
      ),
    );
    expect(
      await fixture.query("SELECT count(*)::INTEGER AS n, min(id)::INTEGER AS least FROM plain"),
    ).toEqual([{ n: 9, least: 3 }]);
  });
});

describe("lotus sql", () => {
  test.each([
    ...[
      "postgres_query('__ducklake_metadata_lakehouse', 'SELECT 1')",
      "postgres_scan('CATALOG_URL', 'a', 'b')",
    ].map((call) => `SELECT * FROM ${call}`),
    "SELECT * FROM postgres_execute('__ducklake_metadata_lakehouse', 'CREATE TABLE evil (a INT)')",
    "SELECT * FROM postgres_attach('CATALOG_URL')",
    "SELECT (SELECT count(*) FROM postgres_query('__ducklake_metadata_lakehouse', 'SELECT 1'))",
    "WITH x AS (SELECT * FROM postgres_query('a', 'b')) SELECT 1",
    "DESCRIBE SELECT * FROM postgres_query('__ducklake_metadata_lakehouse', 'SELECT pg_sleep(0)')",
    "SUMMARIZE SELECT * FROM postgres_query('a', 'b')",
    "EXPLAIN ANALYZE SELECT * FROM postgres_query('a', 'b')",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM main.query('SELECT 1')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "SELECT * FROM ducklake_cleanup_old_files('lakehouse', cleanup_all => true)",
    "SELECT * FROM ducklake_expire_snapshots('lakehouse', older_than => now())",
    "SELECT * FROM ducklake_delete_orphaned_files('lakehouse', cleanup_all => true)",
    "SELECT * FROM ducklake_merge_adjacent_files('lakehouse')",
    "SELECT * FROM lakehouse.set_option('data_path', '/')",
    "SELECT * FROM enable_logging('HTTP')",
    "SELECT * FROM duckdb_logs()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM checkpoint()",
    "SELECT * FROM __ducklake_metadata_lakehouse.ducklake.ducklake_metadata",
    "SELECT * FROM __DUCKLAKE_METADATA_LAKEHOUSE.ducklake.ducklake_metadata",
    'SELECT * FROM "__ducklake_metadata_lakehouse".ducklake.ducklake_data_file',
    "DESCRIBE __ducklake_metadata_lakehouse.ducklake.ducklake_metadata",
    "SHOW TABLES FROM __ducklake_metadata_lakehouse.ducklake",
    "SELECT * FROM read_csv('s3://BUCKET/x.csv?s3_endpoint=OUTSIDE&s3_use_ssl=false')",
    "SELECT * FROM read_csv(['s3://BUCKET/x.csv', 's3://BUCKET/y.csv?s3_endpoint=OUTSIDE'])",
    "SELECT * FROM 's3://BUCKET/x.csv?s3_endpoint=OUTSIDE'",
    "SELECT * FROM read_csv('s3://BUCKET/x.csv' || '?s3_endpoint=OUTSIDE')",
    "SELECT * FROM read_text('s3://BUCKET/../BUCKET-other/x.txt')",
    "SELECT * FROM read_text('/etc/passwd')",
    "COPY (SELECT 1) TO 's3://BUCKET/evil.parquet'",
    "EXPLAIN ANALYZE COPY (SELECT 1 AS a) TO 's3://BUCKET/evil.parquet'",
    "EXPLAIN (ANALYZE) COPY (SELECT 1 AS a) TO 's3://BUCKET/evil.parquet'",
    "/* EXPLAIN */ EXPLAIN (\"a) SELECT 1 --\" x) COPY (SELECT 1 AS a) TO 's3://BUCKET/evil.parquet'",
    "EXPLAIN ANALYZE SET threads = 1",
    "EXPLAIN ANALYZE CALL enable_logging('HTTP')",
    "INSERT INTO plain VALUES (1)",
    "DROP TABLE plain",
    "CALL pragma_version()",
    "PRAGMA enable_profiling",
    "SET threads = 1",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY (SELECT 1) TO 's3://BUCKET/evil.parquet'",
    "",
  ])("refuses %s", async (sql) => {
    await expect(reader.withSession((session) => session.read(filled(sql)))).rejects.toMatchObject({
      code: "QUERY_FAILED",
      message: expect.stringMatching(/is not to be read here|Only one statement that reads|Parser Error/),
    });
  });

  test("none of it was done", async () => {
    expect(requests).toBe(0);
    expect(await fixture.query(`SELECT * FROM glob(${literal(`s3://${bucket}/evil*`)})`)).toEqual([]);
    expect(
      await fixture.query(
        `SELECT * FROM postgres_query(${literal(catalog)}, 'SELECT 1 AS x FROM pg_class WHERE relname = ''evil''')`,
      ),
    ).toEqual([]);
  });

  test.each([
    "FROM int_s1__items",
    "SELECT count(*) FROM lakehouse.main.int_s1__items",
    "WITH x AS (SELECT * FROM int_s1__items) SELECT * FROM x, range(3), unnest([1, 2])",
    "SELECT * FROM staging.stg_s1__items",
    "SELECT * FROM meta.feeder_files",
    "SELECT * FROM meta.feeder_batches -- the last word",
    "DESCRIBE int_s1__items",
    "DESCRIBE SELECT 1",
    "SHOW TABLES",
    "SHOW ALL TABLES",
    "SUMMARIZE int_s1__items",
    "EXPLAIN SELECT * FROM int_s1__items",
    "-- why\n/* so */ EXPLAIN ANALYZE SELECT * FROM int_s1__items",
    "EXPLAIN (ANALYZE, FORMAT json) SELECT 1",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM duckdb_tables()",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM ducklake_snapshots('lakehouse')",
    "SELECT * FROM lakehouse.snapshots()",
    "SELECT * FROM ducklake_table_info('lakehouse')",
    "SELECT * FROM ducklake_list_files('lakehouse', 'stg_s1__items', schema => 'staging')",
    "SELECT * FROM read_parquet('s3://BUCKET/raw/s1/items/**/*.parquet', hive_partitioning = true)",
    "SELECT * FROM parquet_schema(['s3://BUCKET/raw/s1/items/year=2026/month=01/day=01/a.parquet'])",
    "SELECT * FROM glob('s3://BUCKET/raw/**')",
    "VALUES (1)",
  ])("runs %s", async (sql) => {
    const rows = await reader.withSession((session) => session.read(filled(sql)));
    expect(rows.length).toBeGreaterThan(0);
  });

  test("says where the grammar is at fault", async () => {
    await expect(reader.withSession((session) => session.read("SELEC 1"))).rejects.toThrow(
      'Parser Error: syntax error at or near "SELEC"',
    );
  });
});

describe("a model that reaches outside is a finding", () => {
  const enriched = (head: string, select: string) => ({
    "enriched/sales/fct_x.sql": `/* ---\n${head}\n--- */\n${select}`,
  });
  const processed = (select: string) => ({ "processed/shop/int_shop__orders.sql": select });
  const key = "unique_key: id";
  const good = "SELECT id, amount FROM int_shop__orders";
  test.each<[string, Record<string, string>]>([
    ["a file", enriched(key, "SELECT 1 AS id, * FROM read_text('/etc/passwd')")],
    ["a file named like a table", enriched(key, "SELECT 1 AS id, * FROM '/etc/passwd.csv'")],
    [
      "a file in an expression",
      enriched(key, "SELECT id, (SELECT content FROM read_text('/etc/passwd')) AS c FROM int_shop__orders"),
    ],
    ["a text that is run", enriched(key, "SELECT * FROM query('SELECT 1 AS id')")],
    ["the catalog", enriched(key, `SELECT 1 AS id, * FROM ${catalog}.ducklake.ducklake_metadata`)],
    ["Postgres", enriched(key, `SELECT 1 AS id, * FROM postgres_query('${catalog}', 'SELECT 1')`)],
    ["two statements", enriched(key, `${good}; COPY (SELECT 1) TO '/tmp/x'`)],
    [
      "a changes expression over a file",
      enriched(`${key}\nchanges: { int_shop__orders: "(SELECT 1 FROM read_text('/etc/passwd'))" }`, good),
    ],
    [
      "a changes expression over a text",
      enriched(`${key}\nchanges: { int_shop__orders: "(SELECT 1 FROM query('SELECT 1'))" }`, good),
    ],
    [
      "a changes expression that ends its statement",
      enriched(`${key}\nchanges: { int_shop__orders: "id); DROP TABLE int_shop__orders; SELECT (1" }`, good),
    ],
    [
      "a sort that ends its statement",
      enriched(`${key}\nsorted_by: ["id); CREATE TABLE evil (a INT); SELECT (1"]`, good),
    ],
    [
      "a partition that ends its statement",
      enriched(`${key}\npartitioned_by: ["id); DROP TABLE int_shop__orders; SELECT (1"]`, good),
    ],
    [
      "a processed model over a file",
      processed("SELECT id, (SELECT content FROM read_text('/etc/passwd')) AS c FROM stg_shop__orders"),
    ],
    [
      "a processed model over a text",
      processed("SELECT id, (SELECT * FROM query('SELECT 1')) AS c FROM stg_shop__orders"),
    ],
  ])("%s", async (_, files) => {
    const project = await loadFiles(withOrders(files));
    const findings = errorsOf(project);
    expect(findings.length, JSON.stringify(findings)).toBeGreaterThan(0);
    expect(project.models).toEqual([]);
  });
});

test("a model that gets past the check meets the barrier, and nothing is written", async () => {
  const context = await stream.process(fixture.lake);
  const sql = `SELECT id, (SELECT content FROM read_text('/etc/passwd')) AS v FROM ${context.stream.landing.table}`;
  const processed = { ...context.stream.processed, sql };
  const model = await RunnableModel.prepare(fixture.writer, processed, context.stream.landing.table);
  const key = await stream.put("2026-01-02/b.parquet", values("id, v", "(9::BIGINT, 'z')"));
  const evil = { ...context, model, stream: { ...context.stream, processed } };
  await expect(stream.feed({ as: evil })).rejects.toMatchObject({
    code: "MODEL_FAILED",
    message: expect.stringContaining("disabled by configuration"),
  });
  expect((await stream.ledger()).map((row) => row.key)).not.toContain(key);
  expect(await stream.quarantine()).toEqual([]);
});
