import { unsupported } from "../pg-error.ts";
import { elementType, numericModifier, oids, type ScalarType, scalarType, typeName } from "./types.ts";

/**
 * An output column so that DuckDB gives it in the type that columnEncoder takes for a Postgres type.
 *
 * - `numeric` without precision is left as it is: DECIMAL, integers of any width, DOUBLE, or
 *   `struct_pack(dividend := ..., divisor := ...)` of DECIMALs or integers, which the encoder divides; with `scale`,
 *   where that is not NULL, it is the dividend with so many decimals.
 * - `numeric(p,s)`: the value has to be on that scale by then; what DuckDB casts is rounded half away from zero.
 *
 * @throws PgError 0A000 for a type that is not sent.
 */
export function deliverySql(expression: string, typeOid: number, typmod: number): string {
  const element = elementType(typeOid);
  const duckdbType = deliveredType(element ?? scalarType(typeOid), typeOid, typmod);
  if (duckdbType === null) return expression;
  return `CAST(${expression} AS ${duckdbType}${element ? "[]" : ""})`;
}

/** Null: as it comes. */
function deliveredType(type: ScalarType | null, typeOid: number, typmod: number): string | null {
  if (type === null || (type.oid === oids.bpchar && typmod < 4))
    throw unsupported(`the type ${typeName(typeOid)} as output`);
  if (type.oid === oids.json || type.oid === oids.jsonb) return "VARCHAR";
  if (type.oid !== oids.numeric) return type.duckdb;
  const modifier = numericModifier(typmod);
  if (modifier === null) return null;
  const { precision, scale } = modifier;
  if (precision > 38 || scale < 0 || scale > precision) {
    throw unsupported(`the type numeric(${precision},${scale})`, "Lake tables hold up to 38 digits.");
  }
  return `DECIMAL(${precision},${scale})`;
}
