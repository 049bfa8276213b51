import type { Json } from "@duckdb/node-api";
import { jsonRows, type QueryResult } from "./read.ts";

/** A result as CSV with a header (RFC 4180); NULL is an empty field. */
export async function csvOf(result: QueryResult): Promise<Buffer> {
  const lines = [result.columns.map(({ name }) => csvField(name)).join(",")];
  for await (const rows of jsonRows(result))
    lines.push(rows.map((row) => row.map(csvValue).join(",")).join("\r\n"));
  return Buffer.from(`${lines.join("\r\n")}\r\n`);
}

function csvValue(value: Json): string {
  if (value === null) return "";
  return csvField(typeof value === "object" ? JSON.stringify(value) : String(value));
}

/** RFC 4180. */
export function csvField(value: string): string {
  return /[",\r\n]/.test(value) || value === "" ? `"${value.replaceAll('"', '""')}"` : value;
}
