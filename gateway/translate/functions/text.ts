import { unsupported } from "../../pg-error.ts";
import { call, type Expression, expression, text } from "../expression.ts";
import { oid } from "../types.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";

type Entry = [string, FunctionTranslator];

export const textFunctions: Entry[] = [
  ["||(text,text)", ([left, right]) => expression(`(${left?.sql} || ${right?.sql})`, oid.text)],
  ["lower(text)", simple("lower")],
  ["upper(text)", simple("upper")],
  ["length(text)", ([value]) => expression(`CAST(length(${operands(value)[0].sql}) AS INTEGER)`, oid.int4)],
  ["~~(text,text)", ([value, pattern]) => like("LIKE", ...operands(value, pattern))],
  ["!~~(text,text)", ([value, pattern]) => like("NOT LIKE", ...operands(value, pattern))],
  ["~~*(text,text)", ([value, pattern]) => like("ILIKE", ...operands(value, pattern))],
  ["!~~*(text,text)", ([value, pattern]) => like("NOT ILIKE", ...operands(value, pattern))],
];

function simple(name: string): FunctionTranslator {
  return (values, site) => expression(call(name, ...values.map((value) => value.sql)), site.resultType);
}

/** Postgres's patterns escape with a backslash where nothing else is said; DuckDB's do not. */
function like(operator: string, value: Expression, pattern: Expression): Expression {
  const constant = pattern.constant;
  if (typeof constant === "string") {
    const escapes: string[] = constant.match(/\\[\s\S]?/g) ?? [];
    if (escapes.includes("\\")) throw unsupported("a LIKE pattern that ends with an escape");
    if (escapes.length === 0) return expression(`(${value.sql} ${operator} ${text(constant)})`, oid.bool);
  }
  return expression(`(${value.sql} ${operator} ${pattern.sql} ESCAPE '\\')`, oid.bool);
}
