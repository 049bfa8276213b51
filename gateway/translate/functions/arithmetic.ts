import { unsupported } from "../../pg-error.ts";
import {
  asDouble,
  call,
  cast,
  type Expression,
  expression,
  numericExpression,
  shaped,
} from "../expression.ts";
import { raise } from "../raised.ts";
import { commonShape, decimal, double, duckdbType, type NumericShape, oid } from "../types.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";

type Entry = [string, FunctionTranslator];

const integers = ["int2", "int4", "int8"];
const floats = ["float4", "float8"];
const numbers = [...integers, ...floats, "numeric"];

export const divisionByZero = raise("22012", "division by zero");

/** Binary operators within whole numbers and within floats; the result is of the wider type. */
const binary: Entry[] = [integers, floats].flatMap((types) =>
  types.flatMap((left) =>
    types.flatMap((right): Entry[] => [
      ...["+", "-", "*"].map((operator): Entry => [`${operator}(${left},${right})`, plain(operator)]),
      [`/(${left},${right})`, types === integers ? divided("//") : divided("/")],
    ]),
  ),
);

export const arithmetic: Entry[] = [
  ...binary,
  ...integers.flatMap((type): Entry[] => [
    [`%(${type},${type})`, divided("%")],
    [`mod(${type},${type})`, divided("%")],
    [`div(${type},${type})`, divided("//")],
    [`&(${type},${type})`, plain("&")],
    [`|(${type},${type})`, plain("|")],
    [`#(${type},${type})`, (values, site) => expression(call("xor", ...sqls(values)), site.resultType)],
    [`~(${type})`, (values, site) => expression(`(~${values[0]?.sql})`, site.resultType)],
    [`gcd(${type},${type})`, (values, site) => wide("gcd", values, site.resultType)],
    [`lcm(${type},${type})`, (values, site) => wide("lcm", values, site.resultType)],
  ]),
  ...numbers.flatMap((type): Entry[] => [
    [`-(${type})`, ([value]) => negated(value)],
    [`+(${type})`, ([value]) => same(value)],
    [`abs(${type})`, ([value]) => absolute(value)],
    [`@(${type})`, ([value]) => absolute(value)],
  ]),
  ["+(numeric,numeric)", (values) => sum("+", values)],
  ["-(numeric,numeric)", (values) => sum("-", values)],
  ["*(numeric,numeric)", product],
  ["/(numeric,numeric)", ([dividend, divisor]) => quotient(...operands(dividend, divisor))],
  ["%(numeric,numeric)", remainder],
  ["mod(numeric,numeric)", remainder],
];

function sqls(values: readonly Expression[]): string[] {
  return values.map((value) => value.sql);
}

function plain(operator: string): FunctionTranslator {
  return ([left, right], site) => {
    const [one, other] = operands(left, right);
    const type = duckdbType(site.resultType, null);
    // DuckDB's result is of the wider type too, except that it widens what Postgres lets overflow.
    return expression(`(${cast(one.sql, type)} ${operator} ${cast(other.sql, type)})`, site.resultType);
  };
}

function divided(operator: string): FunctionTranslator {
  return ([left, right], site) => {
    const [one, other] = operands(left, right);
    const type = duckdbType(site.resultType, null);
    const result = `(${cast(one.sql, type)} ${operator} ${cast(other.sql, type)})`;
    return expression(unlessZero(other, result), site.resultType);
  };
}

/** `result`, or an error where `divisor` is zero. */
function unlessZero(divisor: Expression, result: string): string {
  if (typeof divisor.constant === "number" && divisor.constant !== 0) return result;
  return `(CASE WHEN ${divisor.sql} = 0 THEN ${divisionByZero} ELSE ${result} END)`;
}

function wide(name: string, values: Expression[], resultType: number): Expression {
  return expression(cast(call(name, ...sqls(values)), duckdbType(resultType, null)), resultType);
}

function same(value: Expression | undefined): Expression {
  const [only] = operands(value);
  return only;
}

function negated(value: Expression | undefined): Expression {
  const [only] = operands(value);
  return { sql: `(-${only.sql})`, type: only.type, numeric: only.numeric };
}

function absolute(value: Expression | undefined): Expression {
  const [only] = operands(value);
  return { sql: call("abs", only.sql), type: only.type, numeric: only.numeric };
}

export function shapeOf(value: Expression): NumericShape {
  if (value.numeric === null) throw unsupported("a numeric of unknown scale");
  return value.numeric;
}

/** Exact within 38 digits; an error beyond. */
function sum(operator: string, [left, right]: Expression[]): Expression {
  const [one, other] = operands(left, right);
  const common = commonShape(shapeOf(one), shapeOf(other)) ?? double;
  if (common.kind === "double") {
    return numericExpression(`(${asDouble(one)} ${operator} ${asDouble(other)})`, double);
  }
  const shape = decimal(common.precision + 1, common.scale);
  // DuckDB leaves the result of 18 digits at 18: an overflow that Postgres has not.
  return numericExpression(`(${shaped(one, shape)} ${operator} ${shaped(other, shape)})`, sumShape(shape));
}

/** What DuckDB says of the sum of two of one shape. */
function sumShape(shape: NumericShape & { kind: "decimal" }): NumericShape {
  if (shape.precision >= 38) return shape;
  return shape.precision === 18 ? shape : decimal(shape.precision + 1, shape.scale);
}

function product([left, right]: Expression[]): Expression {
  const [one, other] = operands(left, right);
  const [a, b] = [shapeOf(one), shapeOf(other)];
  if (a.kind === "double" || b.kind === "double") {
    return numericExpression(`(${asDouble(one)} * ${asDouble(other)})`, double);
  }
  const shape = decimal(a.precision + b.precision, a.scale + b.scale);
  // DuckDB would leave the product of two of up to 18 digits at 18 digits, and overflow where Postgres does not.
  const widened = shape.precision > 18 && Math.max(a.precision, b.precision) <= 18;
  const first = widened ? cast(one.sql, `DECIMAL(19,${a.scale})`) : one.sql;
  return numericExpression(`CAST((${first} * ${other.sql}) AS ${duckdbType(oid.numeric, shape)})`, shape);
}

/** `dividend / divisor` of numerics: DOUBLE within expressions, both sides of it where it is delivered. */
export function quotient(dividend: Expression, divisor: Expression): Expression {
  const checkedDivisor = unlessZero(divisor, divisor.sql);
  const result = numericExpression(`(${asDouble(dividend)} / ${cast(checkedDivisor, "DOUBLE")})`, double);
  if (shapeOf(dividend).kind === "double" || shapeOf(divisor).kind === "double") return result;
  return { ...result, quotient: { dividend: dividend.sql, divisor: checkedDivisor } };
}

function remainder([left, right]: Expression[]): Expression {
  const [one, other] = operands(left, right);
  const common = commonShape(shapeOf(one), shapeOf(other)) ?? double;
  if (common.kind === "double") throw unsupported("the remainder of a quotient");
  const result = `(${shaped(one, common)} % ${shaped(other, common)})`;
  return numericExpression(unlessZero(other, cast(result, duckdbType(oid.numeric, common))), common);
}
