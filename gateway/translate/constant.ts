import type { PgNode } from "../analysis/tree.ts";
import { unsupported } from "../pg-error.ts";
import { datumLiteral } from "../values/datum.ts";
import { type Expression, nothing } from "./expression.ts";
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
  return {
    sql: literal,
    type,
    numeric: isNumeric(type) ? shapeOf(literal) : null,
    constant: value(literal, type),
  };
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
