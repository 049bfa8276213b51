import { setTimeout } from "node:timers/promises";
import { assets } from "./assets.js";
import { Problem } from "./problem.js";
import { randomOf } from "./random.js";

const COLUMNS = [
  ["order_id", "BIGINT"],
  ["order_date", "DATE"],
  ["created_at", "TIMESTAMP WITH TIME ZONE"],
  ["email", "VARCHAR"],
  ["total_sales", "DECIMAL(18,2)"],
  ["items", "INTEGER"],
  ["is_test_order", "BOOLEAN"],
  ["line_items", "STRUCT(sku VARCHAR, quantity INTEGER)[]"],
];

/** `SELECT wide` gives 30 columns, `slow` takes 20 s, `fail` fails; the rest gives as many rows as are allowed. */
export async function ask({ sql, maxRows = 10_000, format = "json" }) {
  if (/\bfail\b/i.test(sql))
    throw new Problem(400, "QUERY_FAILED", 'Parser Error: syntax error at or near "fail", line 1');
  if (/\bslow\b/i.test(sql)) await setTimeout(20_000);
  const columns = Array.from({ length: /\bwide\b/i.test(sql) ? 30 : COLUMNS.length }, (_, index) => {
    const [name, type] = COLUMNS[index % COLUMNS.length];
    return { name: index < COLUMNS.length ? name : `${name}_${index}`, type };
  });
  const count = /\bGROUP BY\b/i.test(sql) ? 120 : maxRows;
  const random = randomOf(5);
  const rows = Array.from({ length: count }, (_, index) =>
    columns.map(({ type }) => madeUp(type, index, random)),
  );
  if (format !== "json") return rows.map((row) => row.join(",")).join("\n");
  return { columns, rows, rowCount: count, truncated: count === maxRows, seconds: 0.412 };
}

function madeUp(type, index, random) {
  if (random(17) === 0 && type !== "DATE") return null;
  const day = new Date(Date.UTC(2025, 0, 1) + index * 86_400_000).toISOString();
  if (type === "BIGINT") return String(5_000_000_000 + index);
  if (type === "DATE") return day.slice(0, 10);
  if (type.startsWith("TIMESTAMP")) return `${day.slice(0, 10)} 12:30:00+00`;
  if (type.startsWith("DECIMAL")) return ((random(90_000) + 1000 + 400 * (index % 60)) / 100).toFixed(2);
  if (type === "INTEGER") return random(12);
  if (type === "BOOLEAN") return random(2) === 0;
  if (type === "VARCHAR") return `somebody.${index}@example.com`;
  return [{ sku: `SKU-${random(900)}`, quantity: random(4) + 1 }];
}

export const tables = assets
  .filter(({ kind }) => kind === "processed" || kind === "enriched")
  .flatMap(({ key, kind }) => {
    const columns = COLUMNS.map(([name, type]) => ({ name, type }));
    const landing = { schema: "staging", name: key.replace("int_", "stg_"), columns };
    return [{ schema: "main", name: key, columns }, ...(kind === "processed" ? [landing] : [])];
  });
