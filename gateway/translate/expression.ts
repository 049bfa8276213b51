import { literal } from "../../lake/sql.ts";
import type { Quotient } from "./quotient.ts";
import { duckdbType, mixedShape, type NumericShape, oid } from "./types.ts";

/** A scalar expression of Postgres's in DuckDB's SQL. */
export interface Expression {
  /** Binds as tightly as a name or a call: nothing needs to put parentheses around it. */
  sql: string;
  /** The Postgres type; `sql` is of the DuckDB type that stands for it. */
  type: number;
  /** How a numeric, or the numerics of an array, are held; null for all other types. */
  numeric: NumericShape | null;
  /** The value where it is known and of a kind that patterns and templates need. */
  constant?: string | number | bigint | boolean | null;
  /** Of a numeric whose `sql` is only DOUBLE, where it is a quotient. */
  quotient?: Quotient;
  /**
   * Of JSON: the document that it was taken out of, as it was written, or itself where it is whole; and the key that it
   * stood at. Without a document nobody knows any more how it was written.
   */
  document?: string;
  /** What is NULL where the expression is, and is had for less. */
  presence?: string;
  /** Of a text: what reads as the same number, where it is one, and is had for less. */
  loose?: string;
  documentKey?: string;
  /** Of a row: its fields. It is handed on nowhere but to what knows them. */
  row?: readonly { name: string; value: Expression }[];
}

/** The expression, whole as it was written where it is JSON. */
export function whole(value: Expression): Expression {
  return value.type === oid.json || value.type === oid.jsonb ? { ...value, document: value.sql } : value;
}

/** An expression that is no numeric. */
export function expression(sql: string, type: number): Expression {
  return { sql, type, numeric: null };
}

export function numericExpression(sql: string, shape: NumericShape): Expression {
  return { sql, type: oid.numeric, numeric: shape };
}

/** The expression in this shape, cast where it is in another. */
export function shaped(value: Expression, shape: NumericShape | null): string {
  if (shape === null || value.numeric === null) return value.sql;
  if (value.numeric.kind === shape.kind) {
    if (shape.kind === "double" || value.numeric.kind === "double") return value.sql;
    if (value.numeric.precision === shape.precision && value.numeric.scale === shape.scale) return value.sql;
  }
  return cast(value.sql, duckdbType(value.type, shape));
}

/** Expressions of one Postgres type in one DuckDB type. */
export function unified(values: readonly Expression[]): { sqls: string[]; shape: NumericShape | null } {
  // A NULL is of no scale.
  const known = values.filter((value) => value.constant !== null);
  const shape = (known.length > 0 ? known : values).map((value) => value.numeric).reduce(mixedShape, null);
  return { sqls: values.map((value) => shaped(value, shape)), shape };
}

/** As DOUBLE, whatever kind of number it is. */
export function asDouble(value: Expression): string {
  const isDouble =
    value.type === oid.float8 || (value.type === oid.numeric && value.numeric?.kind === "double");
  return isDouble ? value.sql : cast(value.sql, "DOUBLE");
}

export function cast(sql: string, type: string): string {
  return `CAST(${sql} AS ${type})`;
}

export function call(name: string, ...values: string[]): string {
  return `${name}(${values.join(", ")})`;
}

export function text(value: string): string {
  return literal(value);
}

/** A NULL of a type. */
export function nothing(type: number, shape: NumericShape | null): Expression {
  return { sql: cast("NULL", duckdbType(type, shape)), type, numeric: shape, constant: null };
}
