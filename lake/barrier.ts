import { z } from "zod";
import { LotusError } from "../common/errors.ts";
import { literal } from "./sql.ts";

/**
 * What keeps SQL from outside (models, `lotus sql`) inside the lake. DuckDB itself bars the machine's files, other
 * buckets, HTTP, other databases and further extensions. It does not bar its Postgres functions, nor calls that look
 * like reading and are not: a query from outside is looked at before it runs.
 */

/**
 * Shuts the doors, once the extensions are loaded and the lake is attached; DuckDB lets nobody open them again. The
 * spill folder stays usable, and Postgres, where the lake is attached already.
 */
export function barrierSql(bucket: string): string {
  return `
    SET allowed_directories = ${literal([`s3://${bucket}/`])};
    SET enable_external_access = false;`;
}

/** Table functions that make rows from their arguments. */
export const PURE_TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  "generate_series",
  "json_each",
  "json_tree",
  "range",
  "repeat",
  "repeat_row",
  "unlist",
  "unnest",
]);

/** Those that tell of the lake and of DuckDB. Not among them: what shows secrets, logs or other people's queries. */
const TELLING = new Set([
  ...[
    "columns",
    "constraints",
    "databases",
    "dependencies",
    "extensions",
    "functions",
    "indexes",
    "keywords",
  ].map((about) => `duckdb_${about}`),
  ...[
    "memory",
    "optimizers",
    "schemas",
    "sequences",
    "settings",
    "tables",
    "temporary_files",
    "types",
    "views",
  ].map((about) => `duckdb_${about}`),
  ...[
    "current_snapshot",
    "last_committed_snapshot",
    "list_files",
    "options",
    "settings",
    "snapshots",
  ].flatMap(inLake),
  ...["table_changes", "table_deletions", "table_info", "table_insertions"].flatMap(inLake),
  ...["pragma_collations", "pragma_platform", "pragma_show", "pragma_table_info", "pragma_version"],
  ...["icu_calendar_names", "pg_timezone_names"],
]);

/** Those that read files: of the lake's bucket, by paths that are there to be read. */
const READING = new Set([
  ...["glob", "parquet_bloom_probe", "parquet_file_metadata", "parquet_full_metadata", "parquet_kv_metadata"],
  ...["parquet_metadata", "parquet_scan", "parquet_schema", "read_blob", "read_csv", "read_csv_auto"],
  ...["read_json", "read_json_auto", "read_json_objects", "read_json_objects_auto", "read_ndjson"],
  ...["read_ndjson_auto", "read_ndjson_objects", "read_parquet", "read_text", "sniff_csv"],
]);

/** `ducklake_snapshots('lakehouse')` and `lakehouse.snapshots()`. */
function inLake(name: string): string[] {
  return [`ducklake_${name}`, name];
}

const serialized = z.object({
  error: z.boolean(),
  error_type: z.string().optional(),
  error_message: z.string().optional(),
  statements: z.array(z.object({ node: z.unknown() })).optional(),
});

/** DuckDB's parse of a query from outside, to be given to `checkReading`. EXPLAIN is parsed without that word. */
export function parseReadingSql(sql: string): string {
  return `SELECT json_serialize_sql(${literal(sql.replace(EXPLAIN, ""))})::VARCHAR AS tree`;
}

const EXPLAIN = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*EXPLAIN\b(?:\s+ANALYZE\b)?(?:\s*\([\w\s,]*\))?/i;

/** How far a query from outside may reach. */
export interface Reach {
  /** Whether it may read files of the lake's bucket, beside its tables. */
  files: boolean;
}

/**
 * Looks at the parse of a query from outside.
 * @throws LotusError QUERY_FAILED when it is not one query that reads, or reads what it may not.
 */
export function checkReading(tree: string, reach: Reach): void {
  const parsed = serialized.parse(JSON.parse(tree));
  if (parsed.error && parsed.error_type === "parser")
    throw new LotusError("QUERY_FAILED", `Parser Error: ${parsed.error_message}`);
  if (parsed.error || parsed.statements?.length !== 1) {
    throw new LotusError(
      "QUERY_FAILED",
      "Only one statement that reads is run here: SELECT, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN of a SELECT.",
    );
  }
  const refusal = findRefused(parsed.statements, reach);
  if (refusal !== null) {
    const files = reach.files ? ", or Parquet, CSV and JSON under s3:// paths of its bucket" : "";
    throw new LotusError(
      "QUERY_FAILED",
      `${refusal} is not to be read here. Read the lake's tables and views${files}.`,
    );
  }
}

function findRefused(value: unknown, reach: Reach): string | null {
  if (Array.isArray(value)) {
    for (const item of value) {
      const refused = findRefused(item, reach);
      if (refused !== null) return refused;
    }
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const node = value as Record<string, unknown>;
  return refusedFunction(node, reach) ?? refusedTable(node, reach) ?? findRefused(Object.values(node), reach);
}

function refusedFunction(node: Record<string, unknown>, { files }: Reach): string | null {
  if (node.type !== "TABLE_FUNCTION") return null;
  const call = functionCall.safeParse(node.function);
  if (!call.success) return "A table function";
  const name = call.data.function_name.toLowerCase();
  if (PURE_TABLE_FUNCTIONS.has(name) || TELLING.has(name)) return null;
  if (!files || !READING.has(name)) return `${name}()`;
  const paths = pathsOf(call.data.children[0]);
  return paths?.every(isPlainPath) ? null : `A path of ${name}()`;
}

const functionCall = z.object({ function_name: z.string(), children: z.array(z.unknown()) });
const constant = z.object({ class: z.literal("CONSTANT"), value: z.object({ value: z.string() }) });
const list = z.object({ function_name: z.literal("list_value"), children: z.array(z.unknown()) });

/** The paths that a call names, or null where they are not there to be read: an expression may give anything. */
function pathsOf(argument: unknown): string[] | null {
  const one = constant.safeParse(argument);
  if (one.success) return [one.data.value.value];
  const several = list.safeParse(argument);
  if (!several.success) return null;
  const paths = several.data.children.map((child) => constant.safeParse(child).data?.value.value);
  return paths.every((path) => path !== undefined) ? paths : null;
}

/** What follows a question mark in a path can send the request, signed with the lake's key, to another server. */
function isPlainPath(path: string): boolean {
  return /^s3:\/\/[^?]+$/i.test(path) && !path.split("/").includes("..");
}

/** The catalog's own tables are Postgres tables; a file can be named like a table. */
function refusedTable(node: Record<string, unknown>, { files }: Reach): string | null {
  const parts = [node.catalog_name, node.schema_name, node.table_name].filter(
    (part): part is string => typeof part === "string" && part !== "",
  );
  if (parts.some((part) => /^"?__ducklake_metadata/i.test(part))) return parts.join(".");
  const isFile = (part: string) =>
    part.includes("://") || /\.(parquet|csv|tsv|json|jsonl|ndjson)(\.\w+)?$/i.test(part);
  if (!files && parts.some(isFile)) return parts.join(".");
  return parts.some((part) => part.includes("://") && !isPlainPath(part)) ? parts.join(".") : null;
}
