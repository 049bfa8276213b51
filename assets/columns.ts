import { identifier } from "../lake/sql.ts";
import type { Column } from "./definitions.ts";
import { sameName } from "./names.ts";

/** The column of that name, whatever its case; undefined when there is none. */
export function findColumn(columns: readonly Column[], name: string): Column | undefined {
  return columns.find((column) => sameName(column.name, name));
}

/** Names that stand twice, as DuckDB compares them, each once and as first written. */
export function repeatedNames(names: readonly string[]): string[] {
  const seen = new Map<string, string>();
  const repeated = new Set<string>();
  for (const name of names) {
    const first = seen.get(name.toLowerCase());
    if (first === undefined) seen.set(name.toLowerCase(), name);
    else repeated.add(first);
  }
  return [...repeated];
}

/**
 * Columns whose type DuckLake 1.5.5 refuses to store, also inside a list, map or struct; or fails over so badly that
 * DuckDB has to be opened anew: TIME_NS.
 */
export function unstorableColumns(columns: readonly Column[]): Column[] {
  return columns.filter((column) =>
    /\b(?:BIT|BIGNUM|ENUM|UNION|TIME_NS)\b|\[\d+\]/.test(withoutNames(column.type)),
  );
}

/**
 * Columns that no Parquet file can bring as they are: written to one, HUGEINT and UHUGEINT become DOUBLE, INTERVAL
 * loses microseconds, TIME WITH TIME ZONE its zone, and VARIANT comes back as a struct.
 */
export function unlandableColumns(columns: readonly Column[]): Column[] {
  const types = /\b(?:U?HUGEINT|INTERVAL|TIME WITH TIME ZONE|VARIANT|GEOMETRY)\b/;
  return columns.filter((column) => types.test(withoutNames(column.type)));
}

/**
 * The columns of a table that is to hold these exactly. DuckLake 1.5.5 offers HUGEINT, the type of every `sum` of
 * whole numbers, and stores it as DOUBLE: 9007199254740993 comes back as 9007199254740992.
 */
export function storedColumns(columns: readonly Column[]): Column[] {
  return columns.map(({ name, type }) => ({
    name,
    type: type.replace(/"(?:[^"]|"")*"|\bU?HUGEINT\b/g, (part) =>
      part.startsWith('"') ? part : "DECIMAL(38,0)",
    ),
  }));
}

/** The items of a SELECT list that give these columns in the types in which they are stored. */
export function storedItems(columns: readonly Column[]): string[] {
  return storedColumns(columns).map(({ name, type }, index) =>
    type === columns[index]?.type ? identifier(name) : `${identifier(name)}::${type} AS ${identifier(name)}`,
  );
}

/** A type without the names and values in it, which may say anything. */
function withoutNames(type: string): string {
  return type.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'/g, "");
}
