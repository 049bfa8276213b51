import { jsonRows, type QueryResult } from "./read.ts";

/** A result as a JSON text: columns, rows, how many they are and whether there are more. */
export async function jsonOf(result: QueryResult): Promise<Buffer> {
  const { columns, rows: rowCount, truncated, milliseconds } = result;
  const parts: string[] = [];
  for await (const rows of jsonRows(result)) parts.push(JSON.stringify(rows).slice(1, -1));
  const rest = JSON.stringify({ rowCount, truncated, seconds: milliseconds / 1000 }).slice(1);
  return Buffer.from(`{"columns":${JSON.stringify(columns)},"rows":[${parts.join(",")}],${rest}`);
}
