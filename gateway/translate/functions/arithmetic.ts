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
import { macro } from "../macros.ts";
import { type Quotient, withDividend } from "../quotient.ts";
import { raise } from "../raised.ts";
import {
  commonShape,
  type DecimalShape,
  decimal,
  double,
  duckdbType,
  type NumericShape,
  oid,
  raggedAs,
} from "../types.ts";
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
    [`<<(${type},int4)`, ([value, count]) => shifted("left", ...operands(value, count), type)],
    [`>>(${type},int4)`, ([value, count]) => shifted("right", ...operands(value, count), type)],
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
  ["div(numeric,numeric)", wholeQuotient],
  ["round(numeric)", ([value]) => places(...operands(value), 0, "round")],
  ["round(numeric,int4)", ([value, count]) => places(...operands(value), constantPlaces(count), "round")],
  ["trunc(numeric)", ([value]) => places(...operands(value), 0, "trunc")],
  ["trunc(numeric,int4)", ([value, count]) => places(...operands(value), constantPlaces(count), "trunc")],
  ...["ceil", "ceiling", "floor"].flatMap((name): Entry[] => {
    const duckdb = name === "ceiling" ? "ceil" : name;
    return [
      [`${name}(numeric)`, ([value]) => places(...operands(value), 0, duckdb)],
      [`${name}(float8)`, ([value]) => expression(call(duckdb, ...sqls(operands(value))), oid.float8)],
    ];
  }),
  ["round(float8)", ([value]) => expression(call("round_even", ...sqls(operands(value)), "0"), oid.float8)],
  ["trunc(float8)", ([value]) => expression(call("trunc", ...sqls(operands(value))), oid.float8)],
  [
    "sign(numeric)",
    ([value]) =>
      numericExpression(cast(call("sign", ...sqls(operands(value))), "DECIMAL(1,0)"), decimal(1, 0)),
  ],
  [
    "sign(float8)",
    ([value]) => expression(cast(call("sign", ...sqls(operands(value))), "DOUBLE"), oid.float8),
  ],
  ...["sqrt", "ln"].flatMap((name): Entry[] => doubles(name, name)),
  ...["log", "log10"].flatMap((name): Entry[] => doubles(name, "log10")),
  ["||/(float8)", ([value]) => expression(call("cbrt", asDouble(...operands(value))), oid.float8)],
  ["|/(float8)", ([value]) => expression(macro("sqrt", asDouble(...operands(value))), oid.float8)],
  [
    "exp(float8)",
    ([value]) =>
      expression(
        macro("float_finite", `exp(${operands(value)[0].sql})`, operands(value)[0].sql, "0"),
        oid.float8,
      ),
  ],
  [
    "exp(numeric)",
    ([value]) =>
      numericExpression(macro("float_finite", `exp(${asDouble(...operands(value))})`, "0", "0"), double),
  ],
  ...["power", "pow", "^"].flatMap((name): Entry[] => [
    [`${name}(float8,float8)`, (values) => expression(macro("power", ...values.map(asDouble)), oid.float8)],
    [
      `${name}(numeric,numeric)`,
      (values) => numericExpression(macro("power", ...values.map(asDouble)), double),
    ],
  ]),
  ["random()", () => expression("random()", oid.float8)],
  [
    "scale(numeric)",
    ([value]) => {
      const [only] = operands(value);
      const shape = shapeOf(only);
      if (shape.kind === "double" || shape.ragged === true)
        throw unsupported("the scale of a quotient, or of values of several scales,");
      return expression(
        `(CASE WHEN ${only.sql} IS NOT NULL THEN CAST(${shape.scale} AS INTEGER) END)`,
        oid.int4,
      );
    },
  ],
  ["width_bucket(numeric,numeric,numeric,int4)", bucket],
  ["width_bucket(float8,float8,float8,int4)", bucket],
  ["width_bucket(anycompatible,anycompatiblearray)", ([value, from]) => bucketFrom(...operands(value, from))],
];

function sqls(values: readonly Expression[]): string[] {
  return values.map((value) => value.sql);
}

function plain(operator: string): FunctionTranslator {
  return ([left, right], site) => {
    const [one, other] = operands(left, right);
    const type = duckdbType(site.resultType, null);
    // DuckDB's result is of the wider type too, except that it widens what Postgres lets overflow.
    const result = `(${cast(one.sql, type)} ${operator} ${cast(other.sql, type)})`;
    return expression(finite(result, one, other, site.resultType), site.resultType);
  };
}

/** DuckDB's floats overflow into infinity, Postgres's raise. */
function finite(result: string, one: Expression, other: Expression, type: number): string {
  if (type !== oid.float4 && type !== oid.float8) return result;
  return macro("float_finite", result, one.sql, other.sql);
}

function divided(operator: string): FunctionTranslator {
  return ([left, right], site) => {
    const [one, other] = operands(left, right);
    const type = duckdbType(site.resultType, null);
    const result = `(${cast(one.sql, type)} ${operator} ${cast(other.sql, type)})`;
    return expression(unlessZero(one, other, finite(result, one, other, site.resultType)), site.resultType);
  };
}

/** `result`, or an error where `divisor` is zero; of nothing by zero there is nothing. */
function unlessZero(dividend: Expression, divisor: Expression, result: string): string {
  if (typeof divisor.constant === "number" && divisor.constant !== 0) return result;
  return `(CASE WHEN ${divisor.sql} = 0 AND ${dividend.sql} IS NOT NULL THEN ${divisionByZero} ELSE ${result} END)`;
}

/** Postgres shifts as its machine does: by the count's last bits, and what does not fit falls off. */
function shifted(to: "left" | "right", value: Expression, count: Expression, type: string): Expression {
  const bits = type === "int8" ? 63 : 31;
  const places = `(${count.sql} & ${bits})`;
  if (to === "right") {
    const source = cast(value.sql, type === "int8" ? "BIGINT" : "INTEGER");
    return expression(cast(`(${source} >> ${places})`, duckdbType(value.type, null)), value.type);
  }
  const size = 2n ** (type === "int2" ? 16n : type === "int4" ? 32n : 64n);
  return expression(
    cast(macro("shifted_left", value.sql, places, String(size)), duckdbType(value.type, null)),
    value.type,
  );
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
  const sides = withDividend(only, ({ dividend }) => `(-${dividend})`);
  return { sql: `(-${only.sql})`, type: only.type, numeric: only.numeric, ...sides };
}

function absolute(value: Expression | undefined): Expression {
  const [only] = operands(value);
  const sides = withDividend(
    only,
    ({ dividend, divisor }) => `(CASE WHEN ${divisor} < 0 THEN -abs(${dividend}) ELSE abs(${dividend}) END)`,
  );
  return { sql: call("abs", only.sql), type: only.type, numeric: only.numeric, ...sides };
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
  const shape = raggedAs(decimal(common.precision + 1, common.scale), common);
  // DuckDB leaves the result of 18 digits at 18: an overflow that Postgres has not.
  return numericExpression(`(${shaped(one, shape)} ${operator} ${shaped(other, shape)})`, sumShape(shape));
}

/** What DuckDB says of the sum of two of one shape. */
function sumShape(shape: DecimalShape): NumericShape {
  if (shape.precision >= 38) return shape;
  return shape.precision === 18 ? shape : raggedAs(decimal(shape.precision + 1, shape.scale), shape);
}

function product([left, right]: Expression[]): Expression {
  const [one, other] = operands(left, right);
  const [a, b] = [shapeOf(one), shapeOf(other)];
  if (a.kind === "double" || b.kind === "double") {
    return numericExpression(`(${asDouble(one)} * ${asDouble(other)})`, double);
  }
  const shape = raggedAs(decimal(a.precision + b.precision, a.scale + b.scale), a, b);
  // DuckDB would leave the product of two of up to 18 digits at 18 digits, and overflow where Postgres does not.
  const widened = shape.precision > 18 && Math.max(a.precision, b.precision) <= 18;
  const first = widened ? cast(one.sql, `DECIMAL(19,${a.scale})`) : one.sql;
  return numericExpression(`CAST((${first} * ${other.sql}) AS ${duckdbType(oid.numeric, shape)})`, shape);
}

/** `dividend / divisor` of numerics: DOUBLE within expressions, both sides of it where it is delivered. */
export function quotient(dividend: Expression, divisor: Expression): Expression {
  const checkedDivisor = unlessZero(dividend, divisor, divisor.sql);
  const [from, by] = [shapeOf(dividend), shapeOf(divisor)];
  const nearest = `(${asDouble(dividend)} / ${cast(checkedDivisor, "DOUBLE")})`;
  if (from.kind === "double" || by.kind === "double") return numericExpression(nearest, double);
  const sides = { dividend: dividend.sql, divisor: checkedDivisor, dividendShape: from, divisorShape: by };
  if (isLong(dividend.sql, checkedDivisor)) return { ...numericExpression(nearest, double), quotient: sides };
  const { sql, fits } = wholeDivision(sides, 0);
  return {
    ...numericExpression(fits === "" ? sql : `(CASE WHEN ${fits} THEN ${sql} ELSE ${nearest} END)`, double),
    quotient: sides,
  };
}

/** What stands in a text several times must not be long: quotients of quotients of quotients would be without end. */
function isLong(...sqls: readonly string[]): boolean {
  return sqls.join("").length > 10_000;
}

interface WholeDivision {
  sql: string;
  /** Whether a row's sides are whole numbers that a DOUBLE holds; empty where all are. */
  fits: string;
}

/**
 * A quotient times 10^`places`, of its sides as they are in their last places: whole numbers, which a DOUBLE holds up to
 * 2^53. So it is the one next to the true quotient: 0.3 / 0.1 is 3, where that of their nearest doubles is not. Below
 * 2^52 it is a whole number, or half of one, only if the true one is.
 */
function wholeDivision(
  { dividend, divisor, dividendShape, divisorShape }: Quotient,
  places: number,
): WholeDivision {
  const more = divisorShape.scale - dividendShape.scale + places;
  const one = inLastPlaces(dividend, dividendShape, Math.max(0, more));
  const other = inLastPlaces(divisor, divisorShape, Math.max(0, -more));
  const large = [one, other].filter(({ digits }) => digits > 15);
  return {
    sql: `(${one.sql} / ${other.sql})`,
    fits: large.map(({ sql }) => `abs(${sql}) < 4503599627370496`).join(" AND "),
  };
}

/** How many of its last places, and of `more` behind them, a decimal is. */
function inLastPlaces(sql: string, { precision, scale }: DecimalShape, more: number) {
  const value = cast(sql, "DOUBLE");
  const whole = scale === 0 ? value : `round(${value} * 1e${scale})`;
  return { sql: more > 0 ? `(${whole} * 1e${more})` : whole, digits: precision + more };
}

function remainder([left, right]: Expression[]): Expression {
  const [one, other] = operands(left, right);
  const common = commonShape(shapeOf(one), shapeOf(other)) ?? double;
  if (common.kind === "double") throw unsupported("the remainder of a quotient");
  const result = `(${shaped(one, common)} % ${shaped(other, common)})`;
  return numericExpression(unlessZero(one, other, cast(result, duckdbType(oid.numeric, common))), common);
}

function doubles(name: string, duckdb: string): Entry[] {
  return [
    [`${name}(float8)`, ([value]) => expression(macro(duckdb, asDouble(...operands(value))), oid.float8)],
    [`${name}(numeric)`, ([value]) => numericExpression(macro(duckdb, asDouble(...operands(value))), double)],
  ];
}

function wholeQuotient([left, right]: Expression[]): Expression {
  const [one, other] = operands(left, right);
  const common = commonShape(shapeOf(one), shapeOf(other)) ?? double;
  if (common.kind === "double") throw unsupported("div of a quotient");
  const units = (value: Expression) =>
    `CAST(${shaped(value, common)} * ${10n ** BigInt(common.scale)} AS HUGEINT)`;
  const shape = decimal(38, 0);
  if (common.scale + common.precision > 38) throw unsupported("div of numerics of this width");
  return numericExpression(
    unlessZero(one, other, cast(`(${units(one)} // ${units(other)})`, "DECIMAL(38,0)")),
    shape,
  );
}

function constantPlaces(value: Expression | undefined): number {
  const [only] = operands(value);
  if (typeof only.constant !== "number")
    throw unsupported("rounding to a number of places that is not constant");
  return Math.max(-38, Math.min(38, only.constant));
}

/** round, trunc, ceil or floor to decimals, exactly; quotients by what their decimals say. */
export function places(value: Expression, count: number, name: string): Expression {
  const shape = shapeOf(value);
  if (shape.kind === "double") return placesOfDouble(value, count, name);
  if (count >= shape.scale) {
    const wider = decimal(Math.min(38, shape.precision + count - shape.scale), count);
    return numericExpression(shaped(value, wider), wider);
  }
  const kept = Math.max(count, 0);
  const result = decimal(Math.min(38, shape.precision - shape.scale + kept + 1), kept);
  const type = duckdbType(oid.numeric, result);
  if (count >= 0 && name === "round") return numericExpression(cast(value.sql, type), result);
  if (count === 0) return numericExpression(cast(call(name, value.sql), type), result);
  const unit = 10n ** BigInt(Math.abs(count));
  if (count > 0) {
    // Down to whole units of the last place that stays, and back.
    const scaled = `CAST(${value.sql} AS DECIMAL(38,${shape.scale}))`;
    return numericExpression(
      cast(`(${scaled} - (${scaled} % CAST(${decimalUnit(count)} AS DECIMAL(38,${shape.scale}))))`, type),
      result,
    );
  }
  const whole = `CAST(${name === "round" ? value.sql : `trunc(${value.sql})`} AS DECIMAL(38,${shape.scale}))`;
  const rest = `(${whole} % ${unit})`;
  const down = `(${whole} - ${rest})`;
  const away = `(CASE WHEN abs(${rest}) * 2 >= ${unit} THEN ${down} + sign(${rest}) * ${unit} ELSE ${down} END)`;
  return numericExpression(cast(name === "round" ? away : down, "DECIMAL(38,0)"), decimal(38, 0));
}

/** The same of a DOUBLE: reckoned with doubles where they are sure, else by the digits that it has. */
function placesOfDouble(value: Expression, count: number, name: string): Expression {
  // Ten more decimals than asked for decide how it is rounded.
  const kept = Math.min(20, Math.max(count, 0) + 18);
  const { quotient } = value;
  const long = isLong(value.sql, quotient?.dividend ?? "", quotient?.divisor ?? "");
  const known = quotient && !long ? digitsOfQuotient(quotient) : cast(value.sql, "VARCHAR");
  const digits = cast(known, `DECIMAL(38,${kept})`);
  const byDigits = places(numericExpression(digits, decimal(38, kept)), count, name);
  if (count > 12 || long) return byDigits;
  const { sql, fits } = inPlaces(value, count, name);
  const back = count > 0 ? `(${sql} / 1e${count})` : `(${sql} * 1e${-count})`;
  const result = cast(back, duckdbType(oid.numeric, byDigits.numeric));
  return {
    ...byDigits,
    sql: fits === "" ? result : `(CASE WHEN ${fits} THEN ${result} ELSE ${byDigits.sql} END)`,
  };
}

/** As Postgres has them, but for zeros at the end. */
function digitsOfQuotient({ dividend, divisor, scale }: Quotient): string {
  const digits = macro("quotient_text", dividend, divisor);
  return scale === undefined
    ? digits
    : `(CASE WHEN ${scale} IS NULL THEN ${digits} ELSE ${cast(dividend, "VARCHAR")} END)`;
}

/** A DOUBLE in places of 10^-count, without what is behind them. */
function inPlaces(value: Expression, count: number, name: string): WholeDivision {
  const { quotient } = value;
  if (quotient && quotient.scale === undefined) {
    const { sql, fits } = wholeDivision(quotient, count);
    return { sql: call(name, sql), fits };
  }
  // What was reckoned from quotients is off by some of its last bits: halves and whole numbers are taken for what they
  // are next to.
  const scaled = count >= 0 ? `(${value.sql} * 1e${count})` : `(${value.sql} / 1e${-count})`;
  const margin = name === "round" ? "9e-16" : "2.2e-16";
  const outwards =
    name === "ceil" ? `- abs(${scaled})` : name === "floor" ? `+ abs(${scaled})` : `+ ${scaled}`;
  return { sql: call(name, `${scaled} ${outwards} * ${margin}`), fits: `abs(${scaled}) < 1e15` };
}

function decimalUnit(count: number): string {
  return `'0.${"0".repeat(count - 1)}1'`;
}

const noBuckets = raise("2201G", "count must be greater than zero");
const equalBounds = raise("2201G", "lower bound cannot equal upper bound");

/** Which of `count` equal parts a value is in: 0 below, count + 1 from the end on. */
function bucket(values: Expression[]): Expression {
  const [value, low, high, count] = operands(values[0], values[1], values[2], values[3]);
  const [x, from, to] = [asDouble(value), asDouble(low), asDouble(high)];
  const up = `(CASE WHEN ${x} < ${from} THEN 0 WHEN ${x} >= ${to} THEN ${count.sql} + 1 ELSE CAST(floor((${x} - ${from}) * ${count.sql} / (${to} - ${from})) AS INTEGER) + 1 END)`;
  const down = `(CASE WHEN ${x} > ${from} THEN 0 WHEN ${x} <= ${to} THEN ${count.sql} + 1 ELSE CAST(floor((${from} - ${x}) * ${count.sql} / (${from} - ${to})) AS INTEGER) + 1 END)`;
  const sql = `(CASE WHEN ${value.sql} IS NULL OR ${low.sql} IS NULL OR ${high.sql} IS NULL OR ${count.sql} IS NULL THEN NULL WHEN ${count.sql} <= 0 THEN ${noBuckets} WHEN ${from} = ${to} THEN ${equalBounds} WHEN ${from} < ${to} THEN ${up} ELSE ${down} END)`;
  return expression(sql, oid.int4);
}

const missingBound = raise("22004", "thresholds array must not contain NULLs");

/** How many of the buckets, each given by where it begins, in their order, begin at a value or below. */
function bucketFrom(value: Expression, bounds: Expression): Expression {
  const below = `len(list_filter(${bounds.sql}, lambda item : item <= ${value.sql}))`;
  const incomplete = `list_contains(list_transform(${bounds.sql}, lambda item : item IS NULL), TRUE)`;
  const sql = `(CASE WHEN ${value.sql} IS NULL OR ${bounds.sql} IS NULL THEN NULL WHEN ${incomplete} THEN ${missingBound} ELSE CAST(${below} AS INTEGER) END)`;
  return expression(sql, oid.int4);
}
