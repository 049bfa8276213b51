import { assets } from "./assets.js";
import { ago, link } from "./random.js";
import { streams } from "./streams.js";

const STATUSES = [
  "running",
  "completed",
  "completed",
  "failed",
  "completed",
  "continued",
  "cancelled",
  "timed_out",
];
const TRIGGERS = ["sensor", "automation", "manual", "backfill"];

const tables = assets.filter(({ kind }) => kind === "enriched");

export const runs = Array.from({ length: assets.length === 0 ? 0 : 180 }, (_, index) => {
  const table = index % 2 === 0 ? tables[index % tables.length] : null;
  const fed = streams[index % streams.length];
  const workflowId = table ? `materialize/${table.key}` : `feeder/${fed.source}/${fed.stream}`;
  const runId = `0199f7a2-5b1c-7c55-9d3e-${String(index).padStart(12, "0")}`;
  const status = STATUSES[index % STATUSES.length];
  return {
    ...link(workflowId, runId),
    type: table ? "materialize" : "feeder",
    status,
    asset: table?.key ?? null,
    stream: table ? null : `${fed.source}/${fed.stream}`,
    triggers: [TRIGGERS[index % TRIGGERS.length]],
    startedAt: ago(index * 300 + 40),
    endedAt: status === "running" ? null : ago(index * 300 + 12),
  };
});

export function runDetail(run) {
  const failed = run.status === "failed";
  const pending = {
    run: link(run.workflowId, run.runId),
    startedAt: run.startedAt,
    work: "materializeTable",
    attempt: 3,
    lastFailure: "Out of Memory Error: could not allocate block of size 256.0 KiB (7.4 GiB/7.4 GiB used)",
    nextAttemptAt: null,
  };
  return {
    ...run,
    historyEvents: 1234,
    activities: run.status === "running" ? [pending] : [],
    failure: failed ? "Conversion Error: Could not convert string '12,50' to DECIMAL(18,2)" : null,
  };
}

export const backfills =
  assets.length === 0
    ? []
    : [
        backfillOf("7d1f0a52c6e84b1fa2f09c1de7b3a410", "reprocess", "running", {
          waiting: 61,
          running: 2,
          done: 54,
          failed: 2,
          cancelled: 0,
        }),
        backfillOf("e2b7c9d04f6a4f0c8d11a5b6c7d8e9f0", "rebuild", "done", {
          waiting: 0,
          running: 0,
          done: 12,
          failed: 0,
          cancelled: 0,
        }),
        backfillOf("19aa40ce0b8f4d6a9d5f60718293a4b5", "refeed", "cancelled", {
          waiting: 0,
          running: 0,
          done: 9,
          failed: 0,
          cancelled: 31,
        }),
      ];

function backfillOf(id, mode, state, counts) {
  const ended = state === "done" || state === "cancelled";
  return {
    id,
    mode,
    state,
    requestedBy: "ana",
    requestedAt: ago(ended ? 90_000 : 1500),
    endedAt: ended ? ago(80_000) : null,
    from: mode === "rebuild" ? null : "2025-01-01",
    to: mode === "rebuild" ? null : "2025-12-31",
    maxConcurrent: 2,
    assets: ["int_shopify__orders", "int_shopify__order_refunds"],
    chunks: { total: Object.values(counts).reduce((sum, count) => sum + count, 0), ...counts },
    files: 36_500,
    bytes: 48_200_000_000,
    changedRows: 1_204_331,
    run: link(`backfill/${id}`),
  };
}

export function chunksOf({ chunks }) {
  const order = ["done", "failed", "running", "waiting", "cancelled"];
  const states = order.flatMap((state) => Array.from({ length: chunks[state] }, () => state));
  return states.map((state, index) => ({
    number: index + 1,
    asset: index % 3 ? "int_shopify__orders" : "int_shopify__order_refunds",
    state,
    from: `2025-${String((index % 12) + 1).padStart(2, "0")}-01`,
    to: `2025-${String((index % 12) + 1).padStart(2, "0")}-09`,
    files: 300 + index,
    bytes: 400_000_000 + index * 1000,
    changedRows: state === "done" ? 22_000 + index : null,
    message:
      state === "failed"
        ? "Conversion Error: Could not convert string '12,50' to DECIMAL(18,2) in int_shopify__orders.sql:31"
        : null,
    startedAt: state === "waiting" ? null : ago(900 - index * 10),
    endedAt: state === "done" || state === "failed" ? ago(880 - index * 10) : null,
  }));
}

export function planOf({ mode, streams: names = [], assets: keys = [], downstreamOf = [], from, to }) {
  const wanted = [...names.map((name) => `int_${name.replace("/", "__")}`), ...keys, ...downstreamOf];
  const targets = wanted.map((asset) => ({
    asset,
    stream: null,
    from: from ?? "2024-03-01",
    to: to ?? "2026-11-21",
    days: 996,
    files: 31_240,
    bytes: 48_200_000_000,
    chunks: 119,
  }));
  const sum = (name) => targets.reduce((total, target) => total + target[name], 0);
  return {
    mode,
    targets,
    downstream: ["fct_sales", "fct_sales_daily", "dim_shopify_customers", "dim_customers"],
    days: sum("days"),
    files: sum("files"),
    bytes: sum("bytes"),
    chunks: sum("chunks"),
  };
}

export const snapshots = Array.from({ length: assets.length === 0 ? 0 : 240 }, (_, index) => ({
  id: 412 - index,
  time: ago(index * 400 + 5),
  author: "lotus",
  message:
    index % 3 ? "fed shopify/orders: 500 files, 17,100 rows" : "fct_sales: 2,310 of 1,204,331 rows written",
  tables: index % 3 ? ["int_shopify__orders", "staging.stg_shopify__orders"] : ["fct_sales"],
  run: `feeder/shopify/orders/${link("").runId}`,
}));

export const comparison = [
  { table: "int_shopify__orders", added: 17_100, changed: 2210, deleted: 0, note: null },
  { table: "fct_sales", added: 16_904, changed: 1877, deleted: 12, note: null },
  { table: "fct_cohort_retention_monthly", added: 0, changed: 0, deleted: 0, note: "created in between" },
];
