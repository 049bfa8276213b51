import { call, type Expression, expression } from "../expression.ts";
import { macro } from "../macros.ts";
import { oid } from "../types.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";

type Entry = [string, FunctionTranslator];

/** Functions of a float that yield one. */
export const trigonometry: Entry[] = [
  ...["degrees", "radians", "atan", "asinh", "tanh", "cbrt"].map(
    (name): Entry => [`${name}(float8)`, ([value]) => float(call(name, operands(value)[0].sql))],
  ),
  // Of what has no sine or arc, DuckDB says NaN or an error of its own.
  ...["sin", "cos", "tan", "asin", "acos"].map(
    (name): Entry => [`${name}(float8)`, ([value]) => float(macro(name, operands(value)[0].sql))],
  ),
  ...["sinh", "cosh"].map(
    (name): Entry => [`${name}(float8)`, ([value]) => overflowing(name, ...operands(value))],
  ),
  ["atan2(float8,float8)", (values) => float(call("atan2", ...values.map((value) => value.sql)))],
  ["pi()", () => float("pi()")],
];

function float(sql: string): Expression {
  return expression(sql, oid.float8);
}

/** Infinity is what Postgres says there too. */
function overflowing(name: string, value: Expression): Expression {
  return float(call(name, value.sql));
}
