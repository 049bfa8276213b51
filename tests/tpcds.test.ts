import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Project } from "../assets/definitions.ts";
import { loadProject } from "../assets/project.ts";
import { attachLake } from "../chaos/plain-lake.ts";
import { generateTpcds } from "../examples/tpcds/sample.ts";
import { tpcdsStreams } from "../examples/tpcds/streams.ts";
import { openScratch, type Session } from "../lake/session.ts";
import { identifier, identifiers, literal } from "../lake/sql.ts";
import type { LotusEvent } from "../orchestration/events.ts";
import type { LakeStatus } from "../orchestration/status.ts";
import { provisionExtensions } from "../platform/provision.ts";
import { type Isolation, isolate } from "./support/isolation.ts";
import { type RunningLake, runLake } from "./support/run-lake.ts";

/**
 * The example is fed from its sample at a small scale, in two waves, and compared with what dsdgen made. In a plain
 * DuckDB with the lake beside it, `tpcds.generated` holds dsdgen's tables, `tpcds.lake` views of the lake's under the same names.
 */

const scale = 0.01;
const projectDir = fileURLToPath(new URL("../examples/tpcds", import.meta.url));

let isolation: Isolation;
let project: Project;
let running: RunningLake;
let status: LakeStatus;
let plain: Session;
/** How many of the events belong to the first wave. */
let firstWave = 0;

beforeAll(async () => {
  isolation = await isolate();
  project = await loadProject(projectDir);
  running = await runLake(isolation, project);
  const late: { key: string; body: Uint8Array }[] = [];
  let files = 0;
  await generateTpcds({
    scale,
    report: () => {},
    put: async (key, body) => {
      files += 1;
      if (files % 9 === 0 || key.includes("/day=19/")) late.push({ key, body });
      else await running.store.put(key, body);
    },
  });
  await running.settle();
  firstWave = running.events.length;
  for (const { key, body } of late) await running.store.put(key, body);
  status = await running.settle();
  plain = await openScratch();
  await attachLake(plain, isolation.connections, isolation.tools.extensions);
  await prepareComparison(plain);
}, 900_000);

afterAll(async () => {
  plain?.close();
  await running?.stop();
  isolation?.dispose();
});

async function prepareComparison(session: Session): Promise<void> {
  const { tpcds } = await provisionExtensions(["tpcds"], () => {});
  await session.execute(`
    LOAD ${literal(tpcds)};
    ATTACH ${literal(join(isolation.folder, "generated.duckdb"))} AS tpcds;
    CREATE SCHEMA tpcds.generated;
    CREATE SCHEMA tpcds.lake;
    CALL dsdgen(sf = ${literal(scale)}, catalog = 'tpcds', schema = 'generated');`);
  for (const { name } of tpcdsStreams) {
    await session.execute(
      `CREATE VIEW tpcds.lake.${identifier(name)} AS FROM lakehouse.main.${identifier(`int_tpcds__${name}`)}`,
    );
  }
}

test("the project is sound, and both its facts are upkept by increments", () => {
  expect(project.findings).toEqual([]);
  expect(project.streams.map((stream) => stream.stream).sort()).toEqual(
    tpcdsStreams.map(({ name }) => name).sort(),
  );
  for (const { name, primaryKey, cursorField } of tpcdsStreams) {
    const stream = project.streams.find((candidate) => candidate.stream === name);
    expect(stream).toMatchObject({ primaryKey, cursorField });
  }
  expect(project.models.map(({ asset, upkeep }) => [asset, upkeep.mode])).toEqual([
    ["fct_store_sales", "incremental"],
    ["fct_store_sales_daily", "incremental"],
  ]);
});

test("everything is fed, in several batches, and nothing is set aside", () => {
  expect(status.idle).toBe(true);
  for (const stream of status.streams) {
    expect(stream).toMatchObject({ waitingFiles: 0, quarantinedFiles: 0 });
    if (stream.stream !== "store") expect(stream.batches).toBeGreaterThan(2);
  }
});

describe.each(tpcdsStreams)("$name", ({ name, primaryKey }) => {
  const generated = `tpcds.generated.${identifier(name)}`;

  test("is what dsdgen made, types included", async () => {
    const expected = await plain.describe(generated);
    const columns = identifiers(expected.map((column) => column.name));
    const processed = `SELECT ${columns} FROM lakehouse.main.${identifier(`int_tpcds__${name}`)}`;
    expect(await plain.describe(processed)).toEqual(expected);
    expect(await difference(plain, processed, `FROM ${generated}`)).toEqual({ extra: 0, missing: 0 });
  });

  test("came with versions out of date, in files before and after the right one", async () => {
    const key = identifiers(primaryKey);
    const found = await plain.queryOne(
      z.object({ before: z.coerce.number(), after: z.coerce.number(), lastWins: z.coerce.number() }),
      `WITH landed AS (
           SELECT ${key}, _airbyte_raw_id AS version, filename AS file FROM lakehouse.staging.${identifier(`stg_tpcds__${name}`)}),
         latest AS (SELECT ${key}, _airbyte_raw_id AS latest FROM lakehouse.main.${identifier(`int_tpcds__${name}`)}),
         places AS (
           SELECT ${key}, min(file) FILTER (version = latest) AS right_file, min(file) AS first_file,
             max(file) FILTER (version <> latest) AS last_stale_file, arg_max(version, file) <> any_value(latest) AS last_is_stale
           FROM landed JOIN latest USING (${key}) GROUP BY ${key})
         SELECT count(*) FILTER (first_file < right_file) AS before,
           count(*) FILTER (last_stale_file > right_file) AS after,
           count(*) FILTER (last_is_stale) AS "lastWins" FROM places`,
    );
    expect(found.before).toBeGreaterThan(0);
    expect(found.after).toBeGreaterThan(0);
    // Whoever takes the last row that arrives gets wrong answers.
    expect(found.lastWins).toBeGreaterThan(0);
  });
});

/** Written anew, without a look at the models' own text, over dsdgen's tables. */
const factSql = `
  SELECT ss_item_sk AS item_sk, ss_ticket_number AS ticket_number, ss_sold_date_sk AS sold_date_sk,
    ss_customer_sk AS customer_sk, ss_addr_sk AS address_sk, ss_store_sk AS store_sk,
    sr_returned_date_sk AS returned_date_sk, sr_ticket_number IS NOT NULL AS is_returned, ss_quantity AS quantity,
    ifnull(ss_quantity, 0) - ifnull(sr_return_quantity, 0) AS net_quantity,
    ifnull(ss_net_paid, 0) AS gross_sales, ifnull(sr_return_amt, 0) AS returns,
    (ifnull(ss_net_paid, 0) - ifnull(sr_return_amt, 0))::DECIMAL(18, 2) AS net_sales,
    (ifnull(ss_net_profit, 0) - ifnull(sr_net_loss, 0))::DECIMAL(18, 2) AS net_profit
  FROM tpcds.generated.store_returns
  RIGHT JOIN tpcds.generated.store_sales
    ON (sr_item_sk, sr_ticket_number) = (ss_item_sk, ss_ticket_number)`;

const dailySql = `
  SELECT sold_date_sk, d_date AS sold_date, d_year AS sold_year, d_moy AS sold_month,
    count(DISTINCT ticket_number) AS tickets, count(*) AS items, sum(is_returned::INTEGER)::BIGINT AS items_returned,
    sum(gross_sales)::DECIMAL(18, 2) AS gross_sales, sum(returns)::DECIMAL(18, 2) AS returns,
    sum(net_sales)::DECIMAL(18, 2) AS net_sales, sum(net_profit)::DECIMAL(18, 2) AS net_profit
  FROM (${factSql}) LEFT JOIN tpcds.generated.date_dim ON d_date_sk = sold_date_sk
  GROUP BY ALL`;

describe.each([
  ["fct_store_sales", factSql],
  ["fct_store_sales_daily", dailySql],
])("%s", (asset, expected) => {
  test("is what plain SQL makes of dsdgen's tables", async () => {
    const table = `FROM lakehouse.main.${identifier(asset)}`;
    expect(await plain.describe(table)).toEqual(await plain.describe(expected));
    expect(await difference(plain, table, expected)).toEqual({ extra: 0, missing: 0 });
  });

  test("took in the second wave by increments", () => {
    const [first] = materializations(asset, running.events);
    const [late] = materializations(asset, running.events.slice(firstWave));
    expect(first?.mode).toBe("rebuild");
    expect(late?.mode).toBe("incremental");
    expect(late?.changedRows).toBeGreaterThan(0);
  });
});

test("an increment writes only the sales that the second wave touches", () => {
  const [late] = materializations("fct_store_sales", running.events.slice(firstWave));
  expect(late?.changedRows).toBeLessThan((late?.rows ?? 0) / 2);
});

/**
 * TPC-DS queries as DuckDB's `tpcds_queries()` has them, chosen from those that need only the eight tables and find
 * something at this scale. Their last LIMIT is taken off: it cuts at random among rows that sort alike.
 */
test.each([1, 6, 12, 36, 45, 47, 51, 59, 67, 89, 98])(
  "TPC-DS query %i says over the lake what it says over dsdgen's tables",
  async (number) => {
    const { query } = await plain.queryOne(
      z.object({ query: z.string() }),
      `SELECT query FROM tpcds_queries() WHERE query_nr = ${number}`,
    );
    const whole = query.replace(/\s*LIMIT\s+\d+\s*;?\s*$/i, "").replace(/;\s*$/, "");
    const answer = async (schema: "lake" | "generated") => {
      await plain.execute(`USE tpcds.${schema}`);
      const rows = await plain.queryRaw(whole);
      await plain.execute("USE lakehouse.main");
      return rows.map((row) => JSON.stringify(row)).sort();
    };
    const expected = await answer("generated");
    expect(expected.length).toBeGreaterThan(0);
    expect(await answer("lake")).toEqual(expected);
  },
);

/** Rows, counted as often as they occur, that only one of two SELECTs has. */
async function difference(session: Session, actual: string, expected: string) {
  return session.queryOne(
    z.object({ extra: z.coerce.number(), missing: z.coerce.number() }),
    `SELECT (SELECT count(*) FROM (FROM (${actual}) EXCEPT ALL FROM (${expected}))) AS extra,
       (SELECT count(*) FROM (FROM (${expected}) EXCEPT ALL FROM (${actual}))) AS missing`,
  );
}

function materializations(asset: string, events: readonly LotusEvent[]) {
  return events.filter(
    (event): event is Extract<LotusEvent, { kind: "materialization" }> =>
      event.kind === "materialization" && event.asset === asset,
  );
}
