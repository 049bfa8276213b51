import { cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadProject } from "../assets/project.ts";
import * as runtimes from "./support/client-runtimes.ts";
import { GatewayFixture } from "./support/gateway-fixture.ts";

/**
 * Clients as analysts have them, each in its own language, over the rows of `tests/clients/lake.sql`. Those whose
 * runtime is not on this machine are skipped, and say so.
 */
const CLIENTS = "tests/clients";

const psql = await runtimes.program("psql");
const python = await runtimes.pythonWith("python/requirements.txt");
const odbc = await runtimes.isql();
const pyodbc = "missing" in odbc ? odbc : python;
const java = await runtimes.javaWithPgjdbc();
const go = await runtimes.goClient();
const dbt = await runtimes.pythonWith("dbt/requirements.txt");

let fixture: GatewayFixture;

beforeAll(async () => {
  const lake = await readFile(join(CLIENTS, "lake.sql"), "utf8");
  fixture = await GatewayFixture.open(lake, await loadProject(join(CLIENTS, "project")));
});

afterAll(() => fixture?.close());

describe("psql", () => {
  client("says of the lake what Postgres says: every \\d", psql, async (runtime) => {
    const asked = await describedBy(runtime, "describe.sql");
    expect(asked.gateway).toEqual(asked.postgres);
    expect(asked.gateway.stderr).toBe((await isOlderThanServer(runtime)) ? asked.postgres.stderr : "");
    expect(asked.gateway.stdout).toMatch(/fct_sales_pkey.*PRIMARY KEY|"fct_sales_pkey" PRIMARY KEY/);
    expect(asked.gateway.stdout).toContain("What the customer paid.");
  });

  // Other tests make databases and roles meanwhile.
  client("says of the server what Postgres says, or fails over the same", psql, async (runtime) => {
    const asked = await describedBy(runtime, "describe-server.sql");
    expect(asked.gateway.stderr).toBe(asked.postgres.stderr);
    expect(asked.gateway.stderr).toBe((await isOlderThanServer(runtime)) ? asked.postgres.stderr : "");
    expect(asked.gateway.stdout).toContain(fixture.user);
  });

  client("reads, copies, fetches", psql, async (runtime) => {
    const { stdout } = await run(runtime, ["-XAtqv", "ON_ERROR_STOP=1", "-f", `${CLIENTS}/psql/read.sql`]);
    const lines = stdout.split("\n");
    expect(lines.slice(0, 15)).toEqual([
      ...["sales|bigint", "total|numeric", "100000|499500.00", "1 Ann"],
      ...["customer 0|0||", "customer 1||1|", "customer 2|||2"],
      ...["id,label,words", '1,Ann,"{plain,""a \\""b\\"", c"",NULL,""""}"', "3,,"],
      ...["1\tt", "2\tf", "3\t\\N", "0", "1"],
    ]);
    expect(lines.slice(15).map(Number)).toEqual(Array.from({ length: 50_000 }, (_, index) => 50_000 + index));
  });
});

// What these tools themselves would show; they are not to be had here.
client("statements of Metabase, Grafana, Power BI and Tableau", psql, async (runtime) => {
  const { stdout } = await run(runtime, ["-XAtqv", "ON_ERROR_STOP=1", "-f", `${CLIENTS}/psql/tools.sql`]);
  expect(stdout.split("\n")).toEqual([
    ...["2026-07-01 00:00:00+02|1|1234.50", "1|14247"],
    ...["0.0|25000", "2.5|25000", "5.0|25000", "7.5|25000", "customer 0", "|main|fct_sales|f", "10|4.995"],
    ...["every_type", "fct_sales", "1782907200|1234.5000000000000000"],
    ...["2026-01-01 00:00:00+00|1363.65", "2026-01-02 00:00:00+00|1366.39"],
    ...["pg_catalog|16|bool|b|f|", "id|1|NO|bigint", "customer 0|4741.60"],
    ...["customer 0|49500.00", "customer 1|49600.00", "1|2026-03-01 00:00:00+00"],
  ]);
});

describe("Python", () => {
  for (const [name, script] of [
    ["psycopg 2", "with_psycopg2.py"],
    ["psycopg 3", "with_psycopg3.py"],
    ["asyncpg", "with_asyncpg.py"],
    ["SQLAlchemy", "with_sqlalchemy.py"],
  ] as const)
    client(name, python, (runtime) => run(runtime, [`${CLIENTS}/python/${script}`]));

  client("dbt debug", dbt, async (runtime) => {
    const folder = await temporary("dbt");
    await cp(join(CLIENTS, "dbt"), folder, { recursive: true });
    const options = ["--project-dir", folder, "--profiles-dir", folder, "--log-path", folder];
    const { stdout } = await run(runtime, ["-m", "dbt.cli.main", "--no-use-colors", "debug", ...options], {
      DO_NOT_TRACK: "1",
    });
    expect(stdout).toContain("Connection test: [OK connection ok]");
  });
});

describe("ODBC", () => {
  client("pyodbc", pyodbc, (runtime) =>
    run(runtime, [`${CLIENTS}/python/with_pyodbc.py`, `{${runtimes.ODBC_DRIVER}}`]),
  );

  for (const declareFetch of [0, 1])
    client(`isql, UseDeclareFetch=${declareFetch}`, odbc, async (runtime) => {
      const { host, port, database, user, password } = login();
      const file = join(await temporary("odbc"), "odbc.ini");
      await writeFile(
        file,
        `[lake]\nDriver = ${runtimes.ODBC_DRIVER}\nServername = ${host}\nPort = ${port}\nDatabase = ${database}\n` +
          `SSLmode = verify-full\nUseDeclareFetch = ${declareFetch}\nFetch = 2\n`,
      );
      const sql = "SELECT id, label, amount, words FROM every_type ORDER BY id\n";
      const args = ["lake", user, password, "-b", "-d|", "-v"];
      const { stdout } = await run(runtime, args, { ODBCINI: file }, sql);
      expect(stdout.split("\n").filter((line) => line.includes("|"))).toEqual([
        '1|Ann|1234.50|{plain,"a \\"b\\", c",NULL,""}',
        '2|Zoë "quoted" \\ \', 猫|-0.01|{}',
        "3|||",
      ]);
    });
});

describe("other languages", () => {
  client("pgjdbc", java, (runtime) => run(runtime, [`${CLIENTS}/java/Client.java`]));

  client("pgx and lib/pq", go, (runtime) => run(runtime, []));
});

/** A test of a client, or what keeps it from running. */
function client(
  name: string,
  runtime: runtimes.Runtime | runtimes.Missing,
  work: (runtime: runtimes.Runtime) => Promise<unknown>,
): void {
  if (!("missing" in runtime)) return void test(name, async () => void (await work(runtime)));
  process.stderr.write(`skipped: ${name}: ${runtime.missing}\n`);
  test.skip(`${name} (${runtime.missing})`, () => {});
}

/** By a name that the gateway's certificate has. */
function login() {
  return { ...fixture.login, host: "localhost" };
}

/** Runs a client, who connects by the variables of libpq. @throws Error with what it says when it fails. */
function run(
  { command, args, environment }: runtimes.Runtime,
  more: readonly string[],
  variables: Record<string, string> = {},
  input = "",
) {
  const { host, port, database, user, password } = login();
  const env = {
    ...{ PGHOST: host, PGPORT: String(port), PGDATABASE: database, PGUSER: user, PGPASSWORD: password },
    ...{ PGSSLMODE: "verify-full", PGSSLROOTCERT: join(fixture.lake.isolation.folder, "gateway.crt") },
    ...environment,
    ...variables,
  };
  return execa(command, [...args, ...more], { env, input, timeout: 110_000 });
}

/** What psql's commands say through the gateway, and of Postgres itself, as the same user. */
async function describedBy(runtime: runtimes.Runtime, file: string) {
  const { hostname, port } = new URL(fixture.lake.catalogUrl);
  const direct = { PGHOST: hostname, PGPORT: port, PGSSLMODE: "prefer" };
  const ask = async (variables: Record<string, string>) => {
    const { stdout, stderr } = await run(runtime, ["-X", "-f", `${CLIENTS}/psql/${file}`], variables);
    return { stdout, stderr };
  };
  return { gateway: await ask({}), postgres: await ask(direct) };
}

/** An older psql asks for columns of the catalog that are gone. */
async function isOlderThanServer(runtime: runtimes.Runtime): Promise<boolean> {
  const { stdout } = await run(runtime, ["--version"]);
  return Number(/\d+/.exec(stdout)?.[0]) < 18;
}

function temporary(name: string): Promise<string> {
  return mkdtemp(join(fixture.lake.isolation.folder, `${name}-`));
}
