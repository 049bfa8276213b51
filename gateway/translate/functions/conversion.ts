import type { PgCatalog } from "../../catalog.ts";
import { unsupported } from "../../pg-error.ts";
import { numericModifier, typeName } from "../../values/types.ts";
import {
  call,
  cast,
  type Expression,
  expression,
  numericExpression,
  shaped,
  text,
  whole,
} from "../expression.ts";
import { macro } from "../macros.ts";
import { columnShape, decimal, double, duckdbType, elementType, type NumericShape, oid } from "../types.ts";
import { places } from "./arithmetic.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";
import { instantOf, localOf } from "./zones.ts";

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
  [
    "timestamptz(date)",
    ([value], { context }) =>
      expression(instantOf(cast(operands(value)[0].sql, "TIMESTAMP"), context), oid.timestamptz),
  ],
  [
    "timestamptz(timestamp)",
    ([value], { context }) => expression(instantOf(operands(value)[0].sql, context), oid.timestamptz),
  ],
  [
    "timestamp(timestamptz)",
    ([value], { context }) => expression(localOf(operands(value)[0].sql, context), oid.timestamp),
  ],
  ["date(timestamp)", plain],
  [
    "date(timestamptz)",
    ([value], { context }) => expression(cast(localOf(operands(value)[0].sql, context), "DATE"), oid.date),
  ],
  ["time(timestamp)", plain],
  [
    "time(timestamptz)",
    ([value]) => expression(`CAST(CAST(${operands(value)[0].sql} AS TIMESTAMP) AS TIME)`, oid.time),
  ],
  [
    "interval(time)",
    ([value]) =>
      expression(
        `to_microseconds(date_diff('microsecond', TIME '00:00:00', ${operands(value)[0].sql}))`,
        oid.interval,
      ),
  ],
  ["bit(bit,int4,bool)", bits],
  [
    "int4(bit)",
    ([value]) => expression(cast(macro("bits_number", operands(value)[0].sql, "8"), "INTEGER"), oid.int4),
  ],
  [
    "int8(bit)",
    ([value]) => expression(cast(macro("bits_number", operands(value)[0].sql, "16"), "BIGINT"), oid.int8),
  ],
  ["text(name)", ([value]) => expression(operands(value)[0].sql, oid.text)],
];

/** `('x' || md5(t))::bit(64)`: as long as the numbers that it may become. */
function bits([value, length]: Expression[]): Expression {
  const [only, { constant }] = operands(value, length);
  if (constant !== 32 && constant !== 64) throw unsupported("bits of this length");
  return expression(call("left", only.sql, String(1 + constant / 4)), oid.bit);
}

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
  return expression(cast(halfAway ? places(only, 0, "round").sql : only.sql, type), site.resultType);
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
  const declared = numericModifier(typmod.constant);
  // Of more digits than there are: what needs them raises.
  if (declared !== null && declared.precision > 38 && declared.scale === 0)
    return rounded(only, decimal(38, 0));
  const shape = columnShape(oid.numeric, typmod.constant);
  return shape === null ? only : rounded(only, shape);
}

/** A numeric in another shape: what is cut off is rounded half away from zero. */
export function rounded(value: Expression, shape: NumericShape): Expression {
  if (shape.kind === "double") return numericExpression(shaped(value, shape), shape);
  const source = value.numeric?.kind === "double" ? places(value, shape.scale, "round").sql : value.sql;
  return numericExpression(cast(source, duckdbType(oid.numeric, shape)), shape);
}

const textTypes: readonly number[] = [oid.text, oid.varchar, oid.name];

/** A cast by way of the types' text forms. */
export function convert(value: Expression, to: number, catalog: PgCatalog): Expression {
  if (textTypes.includes(to)) {
    if (to === oid.name) throw unsupported("the cast to name");
    const known = knownText(value);
    if (known !== null) return { ...expression(`CAST(${text(known)} AS VARCHAR)`, to), constant: known };
    return { ...expression(outputText(value), to), ...(value.constant === null ? { constant: null } : {}) };
  }
  if (value.type === oid.json && to === oid.jsonb) return { ...value, type: oid.jsonb };
  // Held as it is written, for what makes a number of it.
  if (to === oid.bit && textTypes.includes(value.type)) return expression(value.sql, to);
  if (to === oid.bpchar) return expression(call("rtrim", outputText(value), "' '"), to);
  const reader = textTypes.includes(value.type) ? readers[to] : undefined;
  if (reader === undefined) {
    throw unsupported(`the cast from ${catalog.typeName(value.type)} to ${catalog.typeName(to)}`);
  }
  return reader(numbers.includes(to) ? (value.loose ?? value.sql) : value.sql);
}

/** The text of a whole number, or of a type's name, that is constant. */
function knownText({ type, constant }: Expression): string | null {
  if (typeof constant !== "number") return null;
  if (type === oid.regtype) return typeName(constant);
  return type === oid.int2 || type === oid.int4 ? String(constant) : null;
}

const numbers: readonly number[] = [oid.int2, oid.int4, oid.int8, oid.float4, oid.float8, oid.numeric];

/** In place of a document that is not known. */
export const unknownDocument = "CAST(NULL AS JSON)";

/** Values from text, where the text can be told to mean the same to both; else they raise. */
const readers: Readonly<Record<number, (sql: string) => Expression>> = {
  [oid.int2]: (sql) => expression(cast(macro("text_to_integer", sql), "SMALLINT"), oid.int2),
  [oid.int4]: (sql) => expression(cast(macro("text_to_integer", sql), "INTEGER"), oid.int4),
  [oid.int8]: (sql) => expression(cast(macro("text_to_integer", sql), "BIGINT"), oid.int8),
  [oid.float4]: (sql) => expression(cast(macro("text_to_double", sql), "FLOAT"), oid.float4),
  [oid.float8]: (sql) => expression(macro("text_to_double", sql), oid.float8),
  [oid.numeric]: (sql) => numericExpression(macro("text_to_numeric", sql), double),
  [oid.bool]: (sql) => expression(macro("text_to_boolean", sql), oid.bool),
  [oid.date]: (sql) => expression(macro("text_to_date", sql), oid.date),
  [oid.timestamp]: (sql) => expression(macro("text_to_timestamp", sql), oid.timestamp),
  [oid.timestamptz]: (sql) => expression(macro("text_to_instant", sql), oid.timestamptz),
  [oid.time]: (sql) => expression(macro("text_to_time", sql), oid.time),
  [oid.interval]: (sql) => expression(macro("text_to_interval", sql), oid.interval),
  [oid.bytea]: (sql) => expression(macro("text_to_bytes", sql), oid.bytea),
  [oid.uuid]: (sql) => expression(cast(sql, "UUID"), oid.uuid),
  [oid.json]: (sql) => whole(expression(macro("text_to_json", sql), oid.json)),
};

/** The text that Postgres writes a value as. */
export function outputText(value: Expression): string {
  const { sql, type } = value;
  switch (type) {
    case oid.text:
    case oid.varchar:
    case oid.name:
    case oid.unknown:
      return sql;
    case oid.json:
      return value.document === sql
        ? cast(sql, "VARCHAR")
        : macro("json_output", sql, value.document ?? unknownDocument, documentKeyText(value));
    case oid.int2:
    case oid.int4:
    case oid.int8:
    case oid.oid:
    case oid.uuid:
    case oid.time:
      return cast(sql, "VARCHAR");
    case oid.jsonb:
      return macro("jsonb_text_of", value.sql, value.document ?? unknownDocument, documentKeyText(value));
    case oid.timestamptz:
      return macro("zoned_text", sql);
    case oid.bool:
      return `(CASE ${sql} WHEN TRUE THEN 't' WHEN FALSE THEN 'f' END)`;
    case oid.float4:
      return macro("float_text", sql, "1e6");
    case oid.float8:
      return macro("float_text", sql, "1e15");
    case oid.date:
    case oid.timestamp:
      return macro("date_text", sql);
    case oid.bytea:
      return `('\\x' || lower(hex(${sql})))`;
    case oid.numeric:
      return numericText(value);
    case oid.interval:
      return macro("interval_text", sql);
    default:
      return arrayText(value);
  }
}

/** jsonb as JSON in any form that means the same, for what brings it into its own. */
export function jsonbSource(value: Expression): string {
  return value.document === value.sql
    ? cast(value.sql, "VARCHAR")
    : macro("jsonb_source", value.sql, value.document ?? unknownDocument, documentKeyText(value));
}

/** With as many decimals as Postgres keeps. */
function numericText(value: Expression): string {
  if (value.quotient !== undefined && value.quotient.scale === undefined) {
    return macro("quotient_text", value.quotient.dividend, value.quotient.divisor);
  }
  if (value.numeric?.kind !== "decimal") {
    throw unsupported(
      "the text of a numeric computed from quotients",
      "Round it first: round(a / b, 2)::text.",
    );
  }
  if (value.numeric.ragged === true) {
    throw unsupported(
      "the text of a numeric whose decimals differ from row to row",
      "Cast it to one scale first: coalesce(a, 0)::numeric(18,2)::text.",
    );
  }
  return cast(value.sql, "VARCHAR");
}

/** The key that JSON was taken out of its document by, as it is written there; NULL where it was by an index. */
export function documentKeyText(value: Expression): string {
  return value.documentKey === undefined ? "NULL" : text(JSON.stringify(value.documentKey));
}

/** `{a,"b c",NULL}`. */
function arrayText(value: Expression): string {
  const element = elementType(value.type);
  if (element === null) throw unsupported(`the text of ${typeName(value.type)}`);
  const item = macro("array_item_text", outputText({ sql: "item", type: element, numeric: value.numeric }));
  const items = `list_transform(${value.sql}, lambda item : coalesce(${item}, 'NULL'))`;
  return `(CASE WHEN ${value.sql} IS NOT NULL THEN '{' || coalesce(array_to_string(${items}, ','), '') || '}' END)`;
}
