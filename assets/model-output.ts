import { createHash } from "node:crypto";
import type { Session } from "../lake/session.ts";
import { identifier } from "../lake/sql.ts";
import { findColumn, repeatedNames, unstorableColumns } from "./columns.ts";
import type { Column, ModelHead } from "./definitions.ts";
import { type Fault, sqlFault } from "./findings.ts";
import { isLakeColumn } from "./names.ts";
import { canonical, type ParseTree } from "./parse-tree.ts";
import { bindSelect } from "./scratch-lake.ts";

/** Equal for two texts that make the same table: comments, whitespace and the head's prose do not count. */
export function codeHash(tree: ParseTree, settings: Record<string, unknown>): string {
  const text = JSON.stringify([canonical(tree), settings]);
  return createHash("sha256").update(text).digest("hex");
}

/** What is wrong with a model's output columns, whatever the model is for. */
export function outputFaults(columns: readonly Column[]): Fault[] {
  const repeated = repeatedNames(columns.map((column) => column.name)).map((name) => ({
    code: "duplicate-name",
    line: null,
    message: `two output columns are called ${name} (case does not count)`,
    remedy: "Give one of them another name with AS.",
  }));
  const unstorable = unstorableColumns(columns).map((column) => ({
    code: "type-unsupported",
    line: null,
    message: `DuckLake cannot store output column ${column.name} of type ${column.type}`,
    remedy: "Cast it to another type, such as VARCHAR or a list.",
  }));
  const reserved = columns
    .filter((column) => isLakeColumn(column.name))
    .map((column) => ({
      code: "column-reserved",
      line: null,
      message: `output column ${column.name} has a name that DuckLake keeps for itself`,
      remedy: "Give it another name with AS.",
    }));
  return [...repeated, ...unstorable, ...reserved];
}

/** Names of a head's key that are no output columns; the columns otherwise, in the output's own spelling. */
export function resolveColumns(
  names: readonly string[],
  columns: readonly Column[],
  key: string,
  line: number | null,
): { columns: string[]; faults: Fault[] } {
  const resolved = names.map((name) => ({ name, column: findColumn(columns, unquoted(name)) }));
  const faults = resolved
    .filter((item) => !item.column)
    .map((item) => ({
      code: "key-not-in-output",
      line,
      message: `${key} names ${item.name}, which is no output column`,
      remedy: `Name output columns: ${columns.map((column) => column.name).join(", ")}.`,
    }));
  return { columns: resolved.flatMap((item) => (item.column ? [item.column.name] : [])), faults };
}

/** Entries of the head's `columns` that describe no output column. */
export function columnNoteFaults(
  head: ModelHead,
  columns: readonly Column[],
  lineOf: (path: string[]) => number | null,
): Fault[] {
  return Object.keys(head.columns ?? {}).flatMap(
    (name) => resolveColumns([name], columns, "columns", lineOf(["columns", name])).faults,
  );
}

/** `partitioned_by` and `sorted_by` that DuckLake would refuse. */
export async function layoutFaults(
  scratch: Session,
  head: ModelHead,
  columns: readonly Column[],
  lineOf: (path: string[]) => number | null,
): Promise<Fault[]> {
  const line = lineOf(["partitioned_by"]);
  const partitions = (head.partitioned_by ?? []).map((item) => PARTITION.exec(item)?.[1] ?? item);
  const { faults } = resolveColumns(partitions, columns, "partitioned_by", line);
  const sorts = (head.sorted_by ?? []).map((item) => item.replace(SORT_DIRECTION, ""));
  if (sorts.length === 0) return faults;
  const empty = columns.map((column) => `NULL::${column.type} AS ${identifier(column.name)}`).join(", ");
  try {
    await bindSelect(
      scratch,
      `SELECT ${sorts.map((sort) => `(${sort}\n)`).join(", ")} FROM (SELECT ${empty})`,
    );
  } catch (error) {
    const fault = sqlFault("key-not-in-output", error, "Sort by output columns, each with ASC or DESC.");
    faults.push({ ...fault, line: lineOf(["sorted_by"]), message: `sorted_by: ${fault.message}` });
  }
  return faults;
}

/** The transforms that DuckLake 1.5.5 partitions by, and the column in them. */
export const PARTITION = /^(?:(?:year|month|day|hour)\s*\(|bucket\s*\(\s*\d+\s*,)\s*([^()]+?)\s*\)$/i;
const SORT_DIRECTION = /(?:\s+(?:ASC|DESC))?(?:\s+NULLS\s+(?:FIRST|LAST))?\s*$/i;

/** A column as a head names it, quoted or not, without its quotes. */
export function unquoted(name: string): string {
  return /^"(?:[^"]|"")+"$/.test(name) ? name.slice(1, -1).replaceAll('""', '"') : name;
}
