import { cast, type Expression, expression, numericExpression } from "../expression.ts";
import { decimal, double, duckdbType, oid } from "../types.ts";
import { quotient, shapeOf } from "./arithmetic.ts";
import { operands } from "./operands.ts";
import type { AggregateSite, AggregateTranslator } from "./registry.ts";

type Entry = [string, AggregateTranslator];

const extremes = [
  "int2",
  "int4",
  "int8",
  "oid",
  "float4",
  "float8",
  "numeric",
  "text",
  "date",
  "time",
  "timestamp",
  "timestamptz",
  "interval",
  "bytea",
  "anyarray",
];

export const aggregateFunctions: Entry[] = [
  ["count()", (_, site) => expression(site.print("count", [site.distinct ? "1" : "*"]), oid.int8)],
  ["count(any)", ([value], site) => expression(site.print("count", [operands(value)[0].sql]), oid.int8)],
  ...["min", "max"].flatMap((name) =>
    extremes.map((type): Entry => [`${name}(${type})`, ([value], site) => alike(name, value, site)]),
  ),
  ["sum(int2)", sumOfIntegers],
  ["sum(int4)", sumOfIntegers],
  ["sum(int8)", ([value], site) => exactSum(...operands(value), site)],
  ["sum(numeric)", ([value], site) => exactSum(...operands(value), site)],
  [
    "sum(float4)",
    ([value], site) =>
      expression(cast(site.print("sum", [cast(operands(value)[0].sql, "DOUBLE")]), "FLOAT"), oid.float4),
  ],
  ["sum(float8)", ([value], site) => expression(site.print("sum", [operands(value)[0].sql]), oid.float8)],
  [
    "avg(float4)",
    ([value], site) => expression(site.print("avg", [cast(operands(value)[0].sql, "DOUBLE")]), oid.float8),
  ],
  ["avg(float8)", ([value], site) => expression(site.print("avg", [operands(value)[0].sql]), oid.float8)],
  ...["int2", "int4", "int8", "numeric"].map((type): Entry => [`avg(${type})`, average]),
];

/** An aggregate whose result is one of its values. */
function alike(name: string, value: Expression | undefined, site: AggregateSite): Expression {
  const [only] = operands(value);
  return { sql: site.print(name, [only.sql]), type: only.type, numeric: only.numeric };
}

function sumOfIntegers([value]: Expression[], site: AggregateSite): Expression {
  return expression(cast(site.print("sum", [operands(value)[0].sql]), "BIGINT"), oid.int8);
}

/** Of whole numbers or numerics, as numeric: an error beyond 38 digits. */
function exactSum(value: Expression, site: AggregateSite): Expression {
  if (value.type === oid.numeric && shapeOf(value).kind === "double") {
    return numericExpression(site.print("sum", [value.sql]), double);
  }
  const shape = decimal(38, value.numeric?.kind === "decimal" ? value.numeric.scale : 0);
  return numericExpression(cast(site.print("sum", [value.sql]), duckdbType(oid.numeric, shape)), shape);
}

/** Sum by count: the average of nothing is NULL, as a quotient by NULL is. */
function average([value]: Expression[], site: AggregateSite): Expression {
  const [only] = operands(value);
  const count = `nullif(${site.print("count", [only.sql])}, 0)`;
  const divisor = { ...numericExpression(cast(count, "DECIMAL(19,0)"), decimal(19, 0)), constant: 1 };
  return quotient(exactSum(only, site), divisor);
}
