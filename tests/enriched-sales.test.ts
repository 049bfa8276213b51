import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Project } from "../assets/definitions.ts";
import type { MaterializeOutcome } from "../assets/enriched/materialize.ts";
import { loadProject } from "../assets/project.ts";
import { processedTableColumns } from "../assets/version-columns.ts";
import { identifier } from "../lake/sql.ts";
import { EnrichedLake } from "./support/enriched-fixture.ts";

/** The default project's models over a few rows made by hand. */
let lake: EnrichedLake;
let project: Project;

beforeAll(async () => {
  lake = await EnrichedLake.open();
  project = await loadProject(fileURLToPath(new URL("..", import.meta.url)));
  expect(project.disabled).toEqual({});
  for (const stream of project.streams) {
    const columns = processedTableColumns(stream).map(({ name, type }) => `${identifier(name)} ${type}`);
    await lake.run(`CREATE TABLE ${stream.processed.asset} (${columns.join(", ")})`);
  }
});
afterAll(() => lake.close());

const ORDERS = "int_shopify__orders";
const REFUNDS = "int_shopify__order_refunds";
const CUSTOMERS = "int_shopify__customers";
const PROFILES = "int_klaviyo__profiles";

beforeEach(async () => {
  await lake.write(
    ...[ORDERS, REFUNDS, CUSTOMERS, PROFILES].map((table) => `DELETE FROM ${table}`),
    order(1, 100, "2024-01-10 23:59:59", "50.00"),
    order(2, 100, "2024-01-11 00:00:00", "70.00"),
    order(3, 200, "2024-01-11 12:00:00", "30.00"),
    order(4, null, "2024-01-12 12:00:00", "20.00"),
    order(5, 200, "2024-01-12 12:00:00", "999.00", "TRUE"),
    refund(900, 1, "5.00"),
    customer(100, "ann@x.org"),
    customer(200, "bob@x.org"),
    customer(300, null),
    profile("P1", "Ann@x.org "),
  );
  for (const model of project.models) await lake.materialize(model);
});

function order(id: number, customer: number | null, at: string, amount: string, test = "FALSE"): string {
  return `INSERT INTO ${ORDERS} (order_id, customer_id, created_at, line_items_amount, is_test_order, taxes_included)
    VALUES (${id}, ${customer ?? "NULL"}, TIMESTAMPTZ '${at}+00', ${amount}, ${test}, FALSE)`;
}

function refund(id: number, orderId: number, amount: string): string {
  return `INSERT INTO ${REFUNDS} (refund_id, order_id, refund_amount) VALUES (${id}, ${orderId}, ${amount})`;
}

function customer(id: number, email: string | null): string {
  return `INSERT INTO ${CUSTOMERS} (customer_id, email) VALUES (${id}, ${email ? `'${email}'` : "NULL"})`;
}

function profile(id: string, email: string): string {
  return `INSERT INTO ${PROFILES} (id, attributes) VALUES ('${id}', '{"email": "${email}", "first_name": "${id}"}')`;
}

/** Brings every model up to date, upstream first, and holds each against its SELECT. */
async function runAll(): Promise<Record<string, MaterializeOutcome>> {
  const outcomes: Record<string, MaterializeOutcome> = {};
  for (const each of project.models) outcomes[each.asset] = await lake.materializeRight(each);
  return outcomes;
}

/** What a run did: how, and each changed row's key and some column, from the table's own change feed. */
async function did(outcome: MaterializeOutcome | undefined, columns: string): Promise<string[]> {
  if (!outcome?.snapshot) throw new Error("no run");
  const feed = `ducklake_table_changes('lakehouse', 'main', '${outcome.asset}', ${outcome.snapshot}, ${outcome.snapshot})`;
  const rows = await lake.rows(`SELECT change_type, concat_ws(' ', ${columns}) AS row FROM ${feed}`);
  return [outcome.mode, ...rows.map((row) => `${row.change_type}: ${row.row}`).sort()];
}

describe("the default project's models", () => {
  test("all are kept up in increments, and nothing new writes nothing", async () => {
    expect(project.models.map(({ asset, upkeep }) => `${asset} ${upkeep.mode}`).sort()).toEqual([
      "dim_customers incremental",
      "dim_shopify_customers incremental",
      "fct_sales incremental",
      "fct_sales_daily incremental",
    ]);
    for (const outcome of Object.values(await runAll())) {
      expect(outcome).toMatchObject({ mode: "incremental", reason: null, changedRows: 0 });
      expect(await lake.feedOf(outcome.asset, outcome.snapshot)).toEqual([]);
    }
  });

  test("a refund a month later changes its order's row and its day's total, and nothing else", async () => {
    await lake.write(refund(901, 2, "10.00"));
    const runs = await runAll();
    expect(await did(runs.fct_sales, "order_id, order_date, returns, total_sales")).toEqual([
      "incremental",
      "update_postimage: 2 2024-01-11 10.00 60.00",
      "update_preimage: 2 2024-01-11 0.00 70.00",
    ]);
    expect(await did(runs.fct_sales_daily, "order_date, returns, total_sales")).toEqual([
      "incremental",
      "update_postimage: 2024-01-11 10.00 90.00",
      "update_preimage: 2024-01-11 0.00 100.00",
    ]);
    expect(await did(runs.dim_shopify_customers, "customer_id, lifetime_value")).toEqual([
      "incremental",
      "update_postimage: 100 105.00",
      "update_preimage: 100 115.00",
    ]);
    expect(await did(runs.dim_customers, "customer_id, lifetime_value")).toEqual([
      "incremental",
      "update_postimage: 100 105.00",
      "update_preimage: 100 115.00",
    ]);
  });

  test("an order whose day changes leaves its old day and enters the new one; an empty day goes", async () => {
    await lake.write(
      `UPDATE ${ORDERS} SET created_at = TIMESTAMPTZ '2024-01-12 01:00:00+00' WHERE order_id = 1`,
    );
    const runs = await runAll();
    expect(await did(runs.fct_sales, "order_id, order_date")).toEqual([
      "incremental",
      "update_postimage: 1 2024-01-12",
      "update_preimage: 1 2024-01-10",
    ]);
    expect(await did(runs.fct_sales_daily, "order_date, orders, total_sales")).toEqual([
      "incremental",
      "delete: 2024-01-10 1 45.00",
      "update_postimage: 2024-01-12 2 65.00",
      "update_preimage: 2024-01-12 1 20.00",
    ]);
  });

  test("an order that becomes a test order leaves its day's total, and comes back with it", async () => {
    await lake.write(`UPDATE ${ORDERS} SET is_test_order = TRUE WHERE order_id = 1`);
    expect(await did((await runAll()).fct_sales_daily, "order_date")).toEqual([
      "incremental",
      "delete: 2024-01-10",
    ]);
    await lake.write(`UPDATE ${ORDERS} SET is_test_order = FALSE WHERE order_id = 1`);
    expect(await did((await runAll()).fct_sales_daily, "order_date, total_sales")).toEqual([
      "incremental",
      "insert: 2024-01-10 45.00",
    ]);
  });

  test("an update back and forth between two runs writes nothing", async () => {
    await lake.write(`UPDATE ${ORDERS} SET line_items_amount = 1 WHERE order_id = 3`);
    await lake.write(`UPDATE ${ORDERS} SET line_items_amount = 30 WHERE order_id = 3`);
    expect(await did((await runAll()).fct_sales, "order_id")).toEqual(["incremental"]);
  });

  test("what the source deleted vanishes: an order, a refund, a customer", async () => {
    // As Airbyte's CDC sources bring it.
    for (const table of [ORDERS, REFUNDS, CUSTOMERS]) {
      const has = await lake.rows(
        `SELECT 1 FROM (DESCRIBE ${table}) WHERE column_name = '_ab_cdc_deleted_at'`,
      );
      if (has.length === 0) await lake.run(`ALTER TABLE ${table} ADD COLUMN _ab_cdc_deleted_at VARCHAR`);
    }
    await runAll();
    await lake.write(
      `UPDATE ${REFUNDS} SET _ab_cdc_deleted_at = '2024-03-01' WHERE refund_id = 900`,
      `UPDATE ${ORDERS} SET _ab_cdc_deleted_at = '2024-03-01' WHERE order_id = 4`,
    );
    const runs = await runAll();
    expect(await did(runs.fct_sales, "order_id, returns")).toEqual([
      "incremental",
      "delete: 4 0.00",
      "update_postimage: 1 0.00",
      "update_preimage: 1 5.00",
    ]);
    expect(await did(runs.fct_sales_daily, "order_date, orders, returns")).toEqual([
      "incremental",
      "delete: 2024-01-12 1 0.00",
      "update_postimage: 2024-01-10 1 0.00",
      "update_preimage: 2024-01-10 1 5.00",
    ]);
    await lake.write(`UPDATE ${CUSTOMERS} SET _ab_cdc_deleted_at = '2024-03-01' WHERE customer_id = 300`);
    const later = await runAll();
    expect(await did(later.dim_shopify_customers, "customer_id")).toEqual(["incremental", "delete: 300"]);
    expect(await did(later.dim_customers, "customer_id")).toEqual(["incremental", "delete: 300"]);
  });

  test("a customer who changes address changes profile; a changed profile redoes its customer alone", async () => {
    await lake.write(
      profile("P2", "bob@x.org"),
      `UPDATE ${CUSTOMERS} SET email = 'ann@x.org' WHERE customer_id = 300`,
    );
    const runs = await runAll();
    expect((await did(runs.dim_customers, "customer_id, email, klaviyo_profile_id")).slice(1)).toEqual([
      "update_postimage: 200 bob@x.org P2",
      "update_postimage: 300 ann@x.org P1",
      "update_preimage: 200 bob@x.org",
      "update_preimage: 300",
    ]);
    await lake.write(`UPDATE ${PROFILES} SET attributes = replace(attributes, 'bob', 'ann') WHERE id = 'P2'`);
    // P2 now has Ann's address, too, and wins by its id.
    expect((await did((await runAll()).dim_customers, "customer_id, klaviyo_profile_id")).slice(1)).toEqual([
      "update_postimage: 100 P2",
      "update_postimage: 200",
      "update_postimage: 300 P2",
      "update_preimage: 100 P1",
      "update_preimage: 200 P2",
      "update_preimage: 300 P1",
    ]);
  });

  test("a guest's order belongs to nobody: NULL is a key like others", async () => {
    await lake.write(`UPDATE ${ORDERS} SET customer_id = NULL WHERE order_id = 3`);
    expect(await did((await runAll()).dim_shopify_customers, "customer_id, orders")).toEqual([
      "incremental",
      "update_postimage: 200 0",
      "update_preimage: 200 1",
    ]);
    await lake.write(`UPDATE ${ORDERS} SET customer_id = 300 WHERE customer_id IS NULL`);
    expect(await did((await runAll()).dim_shopify_customers, "customer_id, orders")).toEqual([
      "incremental",
      "update_postimage: 300 2",
      "update_preimage: 300 0",
    ]);
  });
});
