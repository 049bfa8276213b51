import { readFile } from "node:fs/promises";
import { z } from "zod";
import { fieldSchema, landingColumns } from "../assets/json-schema.ts";
import { type SampleStream, sampleStreams } from "./calendar.ts";

/** Column names and the DuckDB types in which Airbyte's Parquet holds them. */
export type ColumnTypes = Record<string, string>;

const catalogSchema = z.object({ json_schema: z.object({ properties: z.record(z.string(), fieldSchema) }) });

/** The day is in a raw file's path, not in the file. */
const pathColumns: ReadonlySet<string> = new Set(["year", "month", "day"]);

/** What the default project's sources offer, as `dag/sources` says, and Airbyte's own columns. */
export async function columnTypes(): Promise<Record<SampleStream, ColumnTypes>> {
  const entries = sampleStreams.map(async (stream) => {
    const path = new URL(`../dag/sources/${stream}.json`, import.meta.url);
    const { properties } = catalogSchema.parse(JSON.parse(await readFile(path, "utf8"))).json_schema;
    const columns = landingColumns(properties).filter((column) => !pathColumns.has(column.name));
    return [stream, Object.fromEntries(columns.map(({ name, type }) => [name, type]))] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as Record<SampleStream, ColumnTypes>;
}
