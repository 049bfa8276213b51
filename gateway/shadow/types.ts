/** How a DuckDB type is shown in Postgres. */
export interface ShadowType {
  /** As Postgres's `format_type` writes it. */
  declaration: string;
  /**
   * Makes of a DuckDB expression of the lake's type one of the DuckDB type that stands for the declared one: the same
   * value, or an error where Postgres's type cannot hold it.
   */
  read(expression: string): string;
}

/**
 * The Postgres type that stands for a DuckDB type, which is given as DuckDB writes it: `DECIMAL(18,2)`, `BIGINT[]`.
 * What has parts (structs, maps, lists of these) and what Postgres does not know is shown as JSON.
 */
export function shadowType(duckdbType: string): ShadowType {
  const scalar = scalarType(duckdbType);
  if (scalar !== null) return scalar;
  const element = LIST.exec(duckdbType)?.[1];
  const elementType = element === undefined ? null : scalarType(element);
  if (elementType === null) return { declaration: "json", read: (expression) => `to_json(${expression})` };
  return {
    declaration: `${elementType.declaration}[]`,
    // A cast of the whole list: NULL elements stay, and a list of fixed length becomes one of any.
    read: castTo(elementType.castTo === null && duckdbType.endsWith("[]") ? null : `${elementType.duckdb}[]`),
  };
}

interface ScalarType extends ShadowType {
  /** The DuckDB type that stands for the declared type. */
  duckdb: string;
  /** The same where the lake's type is another. */
  castTo: string | null;
}

const LIST = /^(.*)\[\d*\]$/s;
const DECIMAL = /^DECIMAL\((\d+),\s*(\d+)\)$/;

function scalarType(duckdbType: string): ScalarType | null {
  const decimal = DECIMAL.exec(duckdbType);
  if (decimal) return same(`numeric(${decimal[1]},${decimal[2]})`, duckdbType);
  if (duckdbType.startsWith("ENUM(") && duckdbType.endsWith(")")) return cast("text", "VARCHAR");
  return SCALARS.get(duckdbType) ?? null;
}

function same(declaration: string, duckdb: string): ScalarType {
  return { declaration, duckdb, castTo: null, read: castTo(null) };
}

function cast(declaration: string, duckdb: string): ScalarType {
  return { declaration, duckdb, castTo: duckdb, read: castTo(duckdb) };
}

function castTo(type: string | null): (expression: string) => string {
  return (expression) => (type === null ? expression : `CAST(${expression} AS ${type})`);
}

const SCALARS: ReadonlyMap<string, ScalarType> = new Map([
  ["BOOLEAN", same("boolean", "BOOLEAN")],
  ["TINYINT", cast("smallint", "SMALLINT")],
  ["UTINYINT", cast("smallint", "SMALLINT")],
  ["SMALLINT", same("smallint", "SMALLINT")],
  ["USMALLINT", cast("integer", "INTEGER")],
  ["INTEGER", same("integer", "INTEGER")],
  ["UINTEGER", cast("bigint", "BIGINT")],
  ["BIGINT", same("bigint", "BIGINT")],
  ["UBIGINT", cast("numeric(20,0)", "DECIMAL(20,0)")],
  // DuckDB's decimals have 38 digits: a larger number is an error, never another number.
  ["HUGEINT", cast("numeric(38,0)", "DECIMAL(38,0)")],
  ["UHUGEINT", cast("numeric(38,0)", "DECIMAL(38,0)")],
  ["FLOAT", same("real", "FLOAT")],
  ["DOUBLE", same("double precision", "DOUBLE")],
  ["VARCHAR", same("text", "VARCHAR")],
  ["BIT", cast("text", "VARCHAR")],
  ["BLOB", same("bytea", "BLOB")],
  ["DATE", same("date", "DATE")],
  ["TIME", same("time without time zone", "TIME")],
  ["TIME_NS", cast("time without time zone", "TIME")],
  ["TIME WITH TIME ZONE", same("time with time zone", "TIMETZ")],
  ["TIMESTAMP", same("timestamp without time zone", "TIMESTAMP")],
  ["TIMESTAMP_S", cast("timestamp without time zone", "TIMESTAMP")],
  ["TIMESTAMP_MS", cast("timestamp without time zone", "TIMESTAMP")],
  ["TIMESTAMP_NS", cast("timestamp without time zone", "TIMESTAMP")],
  ["TIMESTAMP WITH TIME ZONE", same("timestamp with time zone", "TIMESTAMPTZ")],
  ["INTERVAL", same("interval", "INTERVAL")],
  ["UUID", same("uuid", "UUID")],
  ["JSON", same("json", "JSON")],
]);
