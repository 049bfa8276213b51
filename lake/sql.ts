/**
 * The only way for names, values and paths from outside into SQL text. Everything that builds SQL uses the
 * `sql` tag or these functions; plain interpolation of outside data is a defect (tests/quoting.test.ts).
 */

/** A DuckDB identifier, quoted. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `schema.table` (or longer), each part quoted. */
export function qualified(...parts: string[]): string {
  return parts.map(identifier).join(".");
}

/** A comma-separated list of quoted identifiers, each optionally behind a table alias. */
export function identifiers(names: readonly string[], alias?: string): string {
  return names.map((name) => (alias ? `${alias}.${identifier(name)}` : identifier(name))).join(", ");
}

/** A value as a SQL literal. Lists become DuckDB lists. Throws on a string with a NUL, which SQL text cannot hold. */
export function literal(value: string | number | bigint | boolean | null | readonly string[]): string {
  if (value === null) return "NULL";
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`not a SQL number: ${value}`);
    return String(value);
  }
  if (typeof value === "string") {
    if (value.includes("\0")) throw new TypeError("a SQL string cannot hold a NUL character");
    return `'${value.replaceAll("'", "''")}'`;
  }
  return `[${value.map((item) => literal(item)).join(", ")}]`;
}
