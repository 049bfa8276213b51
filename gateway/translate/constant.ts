import type { PgNode } from "../analysis/tree.ts";
import { unsupported } from "../pg-error.ts";
import { datumLiteral } from "../values/datum.ts";
import { numericFromDatum } from "../values/datum-numeric.ts";
import { floatLiteral, integerLiteral } from "../values/literal.ts";
import { numericText } from "../values/numeric.ts";
import { scalarType } from "../values/types.ts";
import { type Expression, nothing, whole } from "./expression.ts";
import { commonShape, decimal, elementType, type NumericShape, oid } from "./types.ts";

/** A CONST of the tree. */
export function constantExpression(node: PgNode): Expression {
  const type = node.number("consttype");
  const bytes = node.datum("constvalue");
  if (bytes === null) return nothing(type, isNumeric(type) ? decimal(1, 0) : null);
  return literalExpression(datumLiteral(type, bytes), type);
}

/** A parameter, which comes as a literal in DuckDB's SQL. */
export function parameterExpression(literal: string, type: number): Expression {
  if (/^CAST\(NULL AS [^']*\)$/.test(literal)) return nothing(type, isNumeric(type) ? decimal(1, 0) : null);
  return literalExpression(literal, type);
}

function literalExpression(literal: string, type: number): Expression {
  return whole({
    sql: literal,
    type,
    numeric: isNumeric(type) ? shapeOf(literal) : null,
    constant: value(literal, type),
  });
}

/** Texts, whole numbers and booleans as such; of all else the literal, so that it is known to be constant. */
function value(literal: string, type: number): string | number | boolean {
  if (literal === "TRUE" || literal === "FALSE") return literal === "TRUE";
  const [, string] = /^CAST\('((?:[^']|'')*)' AS VARCHAR\)$/.exec(literal) ?? [];
  if (string !== undefined) return string.replaceAll("''", "'");
  const [, number] = /^CAST\((-?\d+) AS [A-Z]+\)$/.exec(literal) ?? [];
  if (number !== undefined && (type === oid.int2 || type === oid.int4)) return Number(number);
  return literal;
}

function isNumeric(type: number): boolean {
  return (elementType(type) ?? type) === oid.numeric;
}

/** Of one number or of a list of them. */
function shapeOf(literal: string): NumericShape {
  const shapes = [...literal.matchAll(/AS DECIMAL\((\d+),\s*(\d+)\)\)/g)].map(
    ([, precision, scale]): NumericShape => decimal(Number(precision), Number(scale)),
  );
  const shape = shapes.reduce<NumericShape | null>(commonShape, null);
  if (shape === null) throw unsupported("this numeric value");
  return shape;
}

/** A cast of a constant number, done here: so that it counts as one. Null where it is something else. */
export function castConstant(signature: string, values: readonly PgNode[]): Expression | null {
  const [, to, from] = /^(int2|int4|int8|float8)\((int2|int4|int8|numeric)\)$/.exec(signature) ?? [];
  const [value] = values;
  if (to === undefined || value?.tag !== "CONST") return null;
  const bytes = value.datum("constvalue");
  if (bytes === null) return nothing(oid[to as "int8"], null);
  if (from === "numeric") {
    if (to !== "float8") return null;
    const decimals = numericText(numericFromDatum(bytes.subarray(4)));
    return { ...literalExpression(floatLiteral(Number(decimals)), oid.float8), constant: Number(decimals) };
  }
  const whole =
    value.number("consttype") === oid.int8
      ? bytes.readBigInt64LE(0)
      : BigInt(value.number("consttype") === oid.int4 ? bytes.readInt32LE(0) : bytes.readInt16LE(0));
  if (to === "float8")
    return { ...literalExpression(floatLiteral(Number(whole)), oid.float8), constant: Number(whole) };
  const bits = { int2: 15n, int4: 31n, int8: 63n }[to] ?? 0n;
  if (whole >= 2n ** bits || whole < -(2n ** bits)) return null;
  return literalExpression(
    integerLiteral(whole, scalarType(oid[to as "int8"])?.duckdb ?? "BIGINT"),
    oid[to as "int8"],
  );
}
