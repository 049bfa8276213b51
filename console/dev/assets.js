import { ago, link, randomOf } from "./random.js";

const random = randomOf(7);

const STREAMS = {
  shopify: ["orders", "customers", "order_refunds", "products", "inventory_levels"],
  klaviyo: ["events", "profiles", "campaigns"],
  stripe: ["charges", "payouts"],
};

const MODELS = [
  ["fct_sales", "sales", ["int_shopify__orders", "int_shopify__order_refunds"]],
  ["fct_sales_daily", "sales", ["fct_sales"]],
  ["fct_payments", "finance", ["int_stripe__charges", "int_stripe__payouts", "fct_sales"]],
  ["dim_shopify_customers", "customers", ["int_shopify__customers", "fct_sales"]],
  ["dim_customers", "customers", ["dim_shopify_customers", "int_klaviyo__profiles"]],
  ["fct_engagement", "marketing", ["int_klaviyo__events", "int_klaviyo__campaigns", "dim_customers"]],
  ["dim_products", "catalogue", ["int_shopify__products", "int_shopify__inventory_levels"]],
  ["fct_cohort_retention_monthly", "customers", ["dim_customers", "fct_sales", "fct_engagement"]],
];

/** What stands out; everything else is fresh. */
const STANDING = {
  int_shopify__orders: ["running", "a batch of 500 files is fed, attempt 2"],
  feeder_shopify_orders: ["running", null],
  int_stripe__charges: [
    "failed",
    "Conversion Error: Could not convert string '12,50' to DECIMAL(18,2) in int_stripe__charges.sql:14",
  ],
  fct_payments: ["waiting", "waits for int_stripe__charges, which failed"],
  fct_sales: ["running", "it takes in what 3 batches brought"],
  fct_sales_daily: ["stale", "fct_sales changed since; its turn comes when the burst is over"],
  dim_products: ["held", "rolled back to snapshot 397; `lotus release dim_products` lets it go on"],
  fct_engagement: ["late", "it should have been updated 42 min ago; int_klaviyo__campaigns is paused"],
  dim_customers: ["changed", "its rows were made by other code"],
  int_shopify__inventory_levels: [
    "disabled",
    "dag/streams/shopify/inventory_levels.json:12: no such type: int23",
  ],
};

export const assets = process.env.MOCK_EMPTY ? [] : linked([...sampled(), ...grown()]);

function sampled() {
  const streams = Object.entries(STREAMS).flatMap(([source, names]) => names.map((name) => [source, name]));
  return [
    made("landing_tables", "landing", null, []),
    ...streams.flatMap(([source, name]) => pairOf(source, name)),
    ...MODELS.map(([key, group, upstream]) => made(key, "enriched", group, upstream)),
  ];
}

/** More of the same, until there are as many as MOCK_ASSETS asks for. */
function grown() {
  const wanted = Number(process.env.MOCK_ASSETS ?? 0) - 29;
  const more = [];
  for (let index = 0; more.length < wanted; index += 1) {
    const source = `source_${Math.floor(index / 8)}`;
    more.push(...pairOf(source, `stream_${index}`));
    const tables = more.filter(({ kind }) => kind !== "feeder").slice(-12);
    const upstream = [tables.at(-1).key, ...(index % 3 ? [tables[random(tables.length)].key] : [])];
    more.push(made(`fct_metric_${index}`, "enriched", `domain_${index % 7}`, [...new Set(upstream)]));
  }
  return more.slice(0, Math.max(0, wanted));
}

function pairOf(source, name) {
  const feeder = `feeder_${source}_${name}`;
  return [
    made(feeder, "feeder", source, ["landing_tables"]),
    made(`int_${source}__${name}`, "processed", source, [feeder]),
  ];
}

function made(key, kind, group, upstream) {
  const table = kind === "processed" || kind === "enriched";
  const [state, reason] = STANDING[key] ?? ["fresh", null];
  return {
    key,
    kind,
    group,
    description: table
      ? `One row per ${key.split("_").at(-1)}, its latest version. Money is in the shop's currency.`
      : null,
    owner: table ? (group ?? null) : null,
    tags: table && group ? [group] : [],
    state,
    reason,
    rows: table ? random(4_000_000) + 365 : null,
    bytes: table ? random(900_000_000) + 20_000 : null,
    snapshot: table ? 380 + random(30) : null,
    updatedAt: table ? ago(random(7200) + 20) : null,
    upstream,
    downstream: [],
  };
}

function linked(list) {
  const byKey = new Map(list.map((asset) => [asset.key, asset]));
  for (const { key, upstream } of list) for (const name of upstream) byKey.get(name)?.downstream.push(key);
  return list;
}

const SQL = `WITH refunds AS (
    SELECT order_id, CAST(SUM(refund_amount) AS DECIMAL(18, 2)) AS returns
    FROM int_shopify__order_refunds
    GROUP BY order_id
)

SELECT
    orders.order_id,
    orders.customer_id,
    -- AT TIME ZONE first: the day must not depend on the session's time zone.
    CAST(orders.created_at AT TIME ZONE 'UTC' AS DATE) AS order_date,
    COALESCE(orders.discount_amount, 0) AS discounts,
    COALESCE(refunds.returns, 0) AS returns
FROM int_shopify__orders AS orders
LEFT JOIN refunds ON refunds.order_id = orders.order_id
WHERE orders.financial_status <> 'voided'`;

const COLUMNS = [
  ["order_id", "BIGINT", "The order's id.", ["not_null", "unique"]],
  ["customer_id", "BIGINT", "Null for a guest.", []],
  ["order_date", "DATE", "The day on which the order was placed, in UTC.", ["not_null"]],
  ["discounts", "DECIMAL(18,2)", "A positive amount.", []],
  [
    "returns",
    "DECIMAL(18,2)",
    "What was paid back to date, taxes and shipping in it; a positive amount.",
    [],
  ],
].map(([name, type, description, checks]) => ({ name, type, description, checks }));

export function detailOf(asset) {
  const { key, kind, group, state } = asset;
  const table = kind === "processed" || kind === "enriched";
  return {
    ...asset,
    file: table ? `${kind}/${group}/${key}.sql` : kind === "feeder" ? `dag/streams/${group}/x.json` : null,
    sql: table ? SQL : null,
    ddl:
      kind === "feeder"
        ? `CREATE TABLE staging.stg_${key.slice(7)} (\n    id BIGINT,\n    name VARCHAR\n)`
        : null,
    columns: kind === "landing" ? [] : COLUMNS,
    uniqueKey: table ? ["order_id"] : [],
    upkeep:
      kind === "enriched"
        ? {
            mode: key.includes("daily") ? "rebuild" : "incremental",
            reasons: key.includes("daily") ? ["it has no unique_key"] : [],
          }
        : null,
    codeHash: table ? "9f2c1a77b04e55d81c3a" : null,
    codeChanged: state === "changed",
    freshness: table ? { limit: "1h", lateBySeconds: state === "late" ? 2520 : 0 } : null,
    activity: ["running", "failed"].includes(state) ? activityOf(asset) : null,
    materializations: table ? Array.from({ length: 20 }, (_, index) => materializationOf(asset, index)) : [],
  };
}

function activityOf({ key, state }) {
  return {
    run: link(key.startsWith("int_") ? "feeder/shopify/orders" : `materialize/${key}`),
    startedAt: ago(95),
    work: "feedBatch",
    attempt: state === "failed" ? 4 : 2,
    lastFailure:
      state === "failed"
        ? "Conversion Error: Could not convert string '12,50' to DECIMAL(18,2)"
        : "S3 does not answer: connect ECONNREFUSED",
    nextAttemptAt: ago(-20),
  };
}

function materializationOf({ key, rows }, index) {
  const chance = randomOf(index * 31 + key.length);
  return {
    mode: index % 9 === 8 ? "rebuild" : "incremental",
    reason: index % 9 === 8 ? "its model changed" : null,
    rows: (rows ?? 0) - index * 120,
    changedRows: index % 9 === 8 ? (rows ?? 0) / 12 : chance(60_000),
    startedAt: ago(index * 610 + 12),
    committedAt: ago(index * 610 + 3),
    seconds: 0.4 + chance(90) / 10,
    snapshot: 412 - index,
    upstreamSnapshots: {},
    codeHash: "9f2c1a77b04e55d81c3a",
    run: link(`materialize/${key}`),
  };
}
