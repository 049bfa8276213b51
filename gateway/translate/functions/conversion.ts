import type { PgCatalog } from "../../catalog.ts";
import { unsupported } from "../../pg-error.ts";
import { call, cast, type Expression, expression, numericExpression, shaped } from "../expression.ts";
import { columnShape, decimal, double, duckdbType, type NumericShape, oid } from "../types.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";

type Entry = [string, FunctionTranslator];

const integers = ["int2", "int4", "int8"];
const digits: Readonly<Record<number, number>> = { [oid.int2]: 5, [oid.int4]: 10, [oid.int8]: 19 };

/** Casts that are functions: `int4(numeric)`. */
export const conversions: Entry[] = [
  ...integers.flatMap((to) =>
    [...integers, "float4", "float8", "numeric"].map((from): Entry => [`${to}(${from})`, toInteger]),
  ),
  ...["float4", "float8"].flatMap((to) =>
    [...integers, "float4", "float8", "numeric"].map((from): Entry => [`${to}(${from})`, toFloat]),
  ),
  ...integers.map((from): Entry => [`numeric(${from})`, ([value]) => wholeNumeric(...operands(value))]),
  ["numeric(float8)", ([value]) => floatNumeric(...operands(value), 15)],
  ["numeric(float4)", ([value]) => floatNumeric(...operands(value), 6)],
  ["numeric(numeric,int4)", toDeclaredNumeric],
  ["int4(bool)", toInteger],
  ["bool(int4)", ([value]) => expression(`(${operands(value)[0].sql} <> 0)`, oid.bool)],
  ["text(bool)", ([value]) => expression(cast(operands(value)[0].sql, "VARCHAR"), oid.text)],
  ["timestamp(date)", plain],
  ["timestamptz(date)", plain],
  ["timestamptz(timestamp)", plain],
  ["timestamp(timestamptz)", plain],
  ["date(timestamp)", plain],
  ["date(timestamptz)", plain],
  ["time(timestamp)", plain],
  [
    "time(timestamptz)",
    ([value]) => expression(`CAST(CAST(${operands(value)[0].sql} AS TIMESTAMP) AS TIME)`, oid.time),
  ],
  ["interval(time)", plain],
];

/** An integer as numeric. */
export function wholeNumeric(value: Expression): Expression {
  const shape = decimal(digits[value.type] ?? 19, 0);
  return numericExpression(cast(value.sql, duckdbType(oid.numeric, shape)), shape);
}

function plain([value]: Expression[], site: { resultType: number }): Expression {
  return expression(cast(operands(value)[0].sql, duckdbType(site.resultType, null)), site.resultType);
}

/** Halves: of numerics away from zero, of floats to the even neighbour, in both. */
function toInteger([value]: Expression[], site: { resultType: number }): Expression {
  const [only] = operands(value);
  const type = duckdbType(site.resultType, null);
  const halfAway = only.type === oid.numeric && only.numeric?.kind === "double";
  return expression(cast(halfAway ? call("round", only.sql) : only.sql, type), site.resultType);
}

function toFloat([value]: Expression[], site: { resultType: number }): Expression {
  const [only] = operands(value);
  return expression(cast(only.sql, duckdbType(site.resultType, null)), site.resultType);
}

/** Postgres keeps the first 15 digits of a double and 6 of a real. */
function floatNumeric(value: Expression, significant: number): Expression {
  return numericExpression(`CAST(format('{:.${significant}g}', ${value.sql}) AS DOUBLE)`, double);
}

/** `::numeric(10,2)`. */
function toDeclaredNumeric([value, modifier]: Expression[]): Expression {
  const [only, typmod] = operands(value, modifier);
  if (typeof typmod.constant !== "number") throw unsupported("a numeric whose precision is not constant");
  const shape = columnShape(oid.numeric, typmod.constant);
  return shape === null ? only : rounded(only, shape);
}

/** A numeric in another shape: what is cut off is rounded half away from zero, of quotients as their decimals say. */
export function rounded(value: Expression, shape: NumericShape): Expression {
  if (shape.kind === "double") return numericExpression(shaped(value, shape), shape);
  const source = value.numeric?.kind === "double" ? cast(value.sql, "VARCHAR") : value.sql;
  return numericExpression(cast(source, duckdbType(oid.numeric, shape)), shape);
}

/** A cast by way of the types' text forms. */
export function convert(value: Expression, to: number, catalog: PgCatalog): Expression {
  const texts: readonly number[] = [oid.text, oid.varchar];
  const textual = [
    oid.int2,
    oid.int4,
    oid.int8,
    oid.uuid,
    oid.date,
    oid.text,
    oid.varchar,
  ] as readonly number[];
  if (texts.includes(to) && textual.includes(value.type)) {
    return expression(cast(value.sql, "VARCHAR"), to);
  }
  throw unsupported(`the cast from ${catalog.typeName(value.type)} to ${catalog.typeName(to)}`);
}
