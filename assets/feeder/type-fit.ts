import { type ColumnType, isNested, parseType } from "./column-types.ts";

/**
 * How a column of a file fits into a column of a table.
 * - `as-is`: DuckLake reads it, and every value is the same.
 * - `if-kept`: DuckLake reads it, and some values might not be the same: they have to be looked at.
 * - `convert`: in a copy of the file, if no value changes by it.
 * - `never`: it is another kind of data. Only a column without values can land.
 */
export type TypeFit = "as-is" | "if-kept" | "convert" | "never";

/** As measured with DuckLake 1.5.5 (docs/ducklake.md); tests/feeder-drift.test.ts holds it against that. */
export function typeFit(fileType: string, landingType: string): TypeFit {
  if (fileType === landingType) return "as-is";
  const [from, to] = [parseType(fileType), parseType(landingType)];
  if (isRegistrable(from, to)) return "as-is";
  if (READ_COARSELY[landingType]?.includes(fileType)) return "if-kept";
  return isConvertible(from, to) ? "convert" : "never";
}

/** The table's column for a new column of a file: wide enough for what later files may bring. */
export function columnTypeFor(fileType: string): string {
  const type = parseType(fileType);
  if (type.kind === "decimal") return `DECIMAL(38,${type.scale})`;
  if (type.kind !== "plain") return "VARCHAR";
  return WIDEST[type.name] ?? (KEPT.includes(type.name) ? type.name : "VARCHAR");
}

const WIDEST: Record<string, string> = {
  TINYINT: "BIGINT",
  SMALLINT: "BIGINT",
  INTEGER: "BIGINT",
  UTINYINT: "BIGINT",
  USMALLINT: "BIGINT",
  UINTEGER: "BIGINT",
  FLOAT: "DOUBLE",
};

// Nested values and JSON land as JSON text, as Airbyte writes them; what the lake cannot hold exactly, as text.
const KEPT = [
  "BOOLEAN",
  "BIGINT",
  "UBIGINT",
  "DOUBLE",
  "VARCHAR",
  "BLOB",
  "UUID",
  "DATE",
  "TIME",
  "TIMESTAMP",
  "TIMESTAMP_NS",
  "TIMESTAMP WITH TIME ZONE",
];

/**
 * File types that DuckLake reads into a landing column with the values that they have, beside the column's own. It reads
 * FLOAT into DOUBLE too, and a DECIMAL into one of more places, but then compares in the file's type: `x = 0.1` finds
 * 0.1::FLOAT, `x < 1.2549` does not find 1.25.
 */
const READ_EXACTLY: Record<string, readonly string[]> = {
  SMALLINT: ["TINYINT", "UTINYINT"],
  INTEGER: ["TINYINT", "SMALLINT", "UTINYINT", "USMALLINT"],
  BIGINT: ["TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"],
  USMALLINT: ["UTINYINT"],
  UINTEGER: ["UTINYINT", "USMALLINT"],
  UBIGINT: ["UTINYINT", "USMALLINT", "UINTEGER"],
};

/** File types that it reads too, and cuts digits off, or fails over, where the column has no room for them. */
const READ_COARSELY: Record<string, readonly string[]> = {
  TIMESTAMP: ["TIMESTAMP_NS"],
  TIMESTAMP_S: ["TIMESTAMP"],
  TIMESTAMP_MS: ["TIMESTAMP"],
  TIMESTAMP_NS: ["TIMESTAMP"],
};

function isRegistrable(from: ColumnType, to: ColumnType): boolean {
  if (from.kind === "plain" && to.kind === "plain") {
    return from.name === to.name || (READ_EXACTLY[to.name]?.includes(from.name) ?? false);
  }
  if (from.kind === "decimal" && to.kind === "decimal") {
    return from.scale === to.scale && from.width <= to.width;
  }
  if (from.kind === "list" && to.kind === "list") return isRegistrable(from.item, to.item);
  if (from.kind === "map" && to.kind === "map") {
    return isRegistrable(from.key, to.key) && isRegistrable(from.value, to.value);
  }
  if (from.kind === "struct" && to.kind === "struct") {
    // A field that the table lacks would be dropped without a word.
    return from.fields.every(({ name, type }) => {
      const field = to.fields.find((candidate) => candidate.name === name);
      return field !== undefined && isRegistrable(type, field.type);
    });
  }
  return false;
}

function isConvertible(from: ColumnType, to: ColumnType): boolean {
  if (to.kind === "plain" && to.name === "VARCHAR") return true;
  if (from.kind === "list" && to.kind === "list") return isPartConvertible(from.item, to.item);
  if (from.kind === "map" && to.kind === "map") {
    return isPartConvertible(from.key, to.key) && isPartConvertible(from.value, to.value);
  }
  if (from.kind === "struct" && to.kind === "struct") {
    const shared = from.fields.flatMap(({ name, type }) => {
      const field = to.fields.find((candidate) => candidate.name === name);
      return field ? [isPartConvertible(type, field.type)] : [];
    });
    return shared.length > 0 && shared.every((fits) => fits);
  }
  const family = familyOf(to);
  return family !== null && family === familyOf(from);
}

/** Inside nested values DuckDB's own casts do the work, which know nothing of JSON text. */
function isPartConvertible(from: ColumnType, to: ColumnType): boolean {
  const same = JSON.stringify(from) === JSON.stringify(to);
  return same || (isConvertible(from, to) && isNested(from) === isNested(to));
}

/** Types of one family hold the same kind of data, so that a value either survives or is found not to. */
const FAMILIES: readonly RegExp[] = [
  /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE)$/,
  /^(DATE|TIMESTAMP(_S|_MS|_NS)?|TIMESTAMP WITH TIME ZONE)$/,
  /^TIME( WITH TIME ZONE)?$/,
  /^(VARCHAR|JSON|UUID)$/,
];

function familyOf(type: ColumnType): number | null {
  if (type.kind === "decimal") return 0;
  const family = type.kind === "plain" ? FAMILIES.findIndex((pattern) => pattern.test(type.name)) : -1;
  return family < 0 ? null : family;
}
