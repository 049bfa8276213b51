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

/** Columns whose type DuckLake 1.5.5 refuses to store, also inside a list, map or struct. */
export function unstorableColumns(columns: readonly Column[]): Column[] {
  return columns.filter((column) => {
    const bare = column.type.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'/g, "");
    return /\b(?:BIT|BIGNUM|ENUM|UNION)\b|\[\d+\]/.test(bare);
  });
}
