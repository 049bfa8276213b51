import { unsupported } from "../../pg-error.ts";
import { call, cast, type Expression, expression, numericExpression, shaped } from "../expression.ts";
import { macro } from "../macros.ts";
import { raise } from "../raised.ts";
import { commonShape, decimal, duckdbType, elementType, oid } from "../types.ts";
import { jsonItems, jsonItemTexts, jsonKeys, jsonValues } from "./json.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";
import { allMatches, splitAt } from "./regular-expressions.ts";

const stepOfZero = raise("22023", "step size cannot equal zero");

/** Functions that return rows, by signature: the list of what they return, typed as one of its items. */
export const setFunctions: ReadonlyMap<string, FunctionTranslator> = new Map<string, FunctionTranslator>([
  ["generate_series(int4,int4)", (values) => series(values, oid.int4)],
  ["generate_series(int4,int4,int4)", (values) => series(values, oid.int4)],
  ["generate_series(int8,int8)", (values) => series(values, oid.int8)],
  ["generate_series(int8,int8,int8)", (values) => series(values, oid.int8)],
  ["generate_series(timestamp,timestamp,interval)", (values) => series(values, oid.timestamp)],
  ["generate_series(timestamptz,timestamptz,interval)", (values) => series(values, oid.timestamptz)],
  ["generate_series(numeric,numeric)", ([from, to]) => decimals(...operands(from, to), null)],
  ["generate_series(numeric,numeric,numeric)", ([from, to, step]) => decimals(...operands(from, to, step))],
  ["unnest(anyarray)", ([array]) => items(...operands(array))],
  [
    "generate_subscripts(anyarray,int4)",
    ([array, dimension]) => {
      const [list, of] = operands(array, dimension);
      if (of.constant !== 1) throw unsupported("generate_subscripts of another dimension than the first");
      return expression(`CAST(generate_series(1, len(${list.sql})) AS INTEGER[])`, oid.int4);
    },
  ],
  ["regexp_split_to_table(text,text)", (values) => expression(splitAt(values).sql, oid.text)],
  ["regexp_matches(text,text)", (values) => allMatches(values)],
  ["regexp_matches(text,text,text)", (values) => allMatches(values)],
  ...["json", "jsonb"].flatMap((type): [string, FunctionTranslator][] => [
    [`${type}_array_elements(${type})`, jsonItems],
    [`${type}_array_elements_text(${type})`, jsonItemTexts],
  ]),
  ["json_object_keys(json)", jsonKeys],
  ["jsonb_object_keys(jsonb)", jsonKeys],
  [
    "string_to_table(text,text)",
    (values) =>
      expression(call("memory.postgres.string_to_array", ...values.map((value) => value.sql)), oid.text),
  ],
]);

/** Functions that return rows of several columns: a list for each of them. */
export const rowFunctions: ReadonlyMap<string, (values: Expression[]) => Expression[]> = new Map(
  ["json", "jsonb"].flatMap((type): [string, (values: Expression[]) => Expression[]][] => [
    [`${type}_each(${type})`, (values) => [jsonKeys(values), jsonValues(values, "json")]],
    [`${type}_each_text(${type})`, (values) => [jsonKeys(values), jsonValues(values, "text")]],
  ]),
);

function series(values: Expression[], type: number): Expression {
  const [from, to] = operands(values[0], values[1]);
  const step = values[2];
  // DuckDB's are BIGINT, of which its functions of an INTEGER know nothing.
  const list = (...bounds: Expression[]) => {
    const made = call("generate_series", ...bounds.map(({ sql }) => sql));
    return type === oid.int4 ? cast(made, "INTEGER[]") : made;
  };
  if (step === undefined) return expression(list(from, to), type);
  const zero = type === oid.timestamp || type === oid.timestamptz ? "INTERVAL 0 DAY" : "0";
  const result = expression(
    `(CASE WHEN ${step.sql} = ${zero} AND ${from.sql} IS NOT NULL AND ${to.sql} IS NOT NULL THEN ${stepOfZero} ELSE ${list(from, to, step)} END)`,
    type,
  );
  return result;
}

/** Of numerics all of the scale that the first and the step have together. */
function decimals(from: Expression, to: Expression, step: Expression | null): Expression {
  const one = step ?? numericExpression("CAST(1 AS DECIMAL(1,0))", decimal(1, 0));
  const shape = commonShape(from.numeric, one.numeric);
  if (shape?.kind !== "decimal" || to.numeric?.kind !== "decimal" || from.numeric?.kind !== "decimal")
    throw unsupported("generate_series of numerics computed from quotients");
  const wide = decimal(38, Math.max(shape.scale, to.numeric.scale));
  const raggedOnce = from.numeric.scale < shape.scale;
  const parts = [from, to, one].map((value) => shaped(value, wide));
  const list = macro("decimal_series", ...parts);
  const type = { ...shape, precision: 38, ...(raggedOnce ? { ragged: true as const } : {}) };
  return {
    sql: `CAST(${list} AS ${duckdbType(oid.numeric, type)}[])`,
    type: oid.numeric,
    numeric: type,
  };
}

function items(array: Expression): Expression {
  const element = elementType(array.type);
  if (element === null) throw unsupported("unnest of this type");
  if (array.numeric !== null) return numericExpression(array.sql, array.numeric);
  return expression(array.sql, element);
}
