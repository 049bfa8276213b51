import { unsupported } from "../../pg-error.ts";
import { cast, type Expression, expression, text, whole } from "../expression.ts";
import { macro } from "../macros.ts";
import { oid } from "../types.ts";
import { documentKeyText, jsonbSource, unknownDocument } from "./conversion.ts";
import { at } from "./json.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";

type Entry = [string, FunctionTranslator];

/** What makes jsonb of jsonb, or compares it. It is held as any JSON; the one form it is shown in is the encoder's. */
export const jsonb: Entry[] = [
  ["@>(jsonb,jsonb)", ([whole, part]) => contains(...operands(whole, part))],
  ["<@(jsonb,jsonb)", ([part, whole]) => contains(...operands(whole, part))],
  [
    "||(jsonb,jsonb)",
    ([left, right]) => {
      const [one, other] = operands(left, right).map(jsonbSource);
      return made(macro("jsonb_joined", one ?? "", other ?? ""));
    },
  ],
  ["-(jsonb,text)", ([value, key]) => without(operands(value)[0], `[${operands(key)[0].sql}]`)],
  ["-(jsonb,_text)", ([value, keys]) => without(operands(value)[0], operands(keys)[0].sql)],
  ...["int2", "int4", "int8", "float4", "float8", "bool"].map(
    (type): Entry => [`${type}(jsonb)`, ([value], site) => scalar(...operands(value), type, site.resultType)],
  ),
];

function made(sql: string): Expression {
  return whole(expression(cast(sql, "JSON"), oid.jsonb));
}

function without(value: Expression, keys: string): Expression {
  return made(macro("jsonb_without", value.sql, value.document ?? unknownDocument, keys));
}

/** A number or a boolean of JSON as one of SQL's. */
function scalar(value: Expression, type: string, resultType: number): Expression {
  if (type === "bool") return expression(macro("jsonb_boolean", value.sql), resultType);
  const number = macro("jsonb_number", value.sql, value.document ?? unknownDocument, documentKeyText(value));
  const duckdbType = { int2: "SMALLINT", int4: "INTEGER", int8: "BIGINT", float4: "FLOAT" }[type] ?? "DOUBLE";
  const isWhole = type.startsWith("int");
  return expression(cast(isWhole ? `CAST(${number} AS DECIMAL(38, 0))` : number, duckdbType), resultType);
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** What is looked for has to be constant: it is taken apart now. */
function contains(value: Expression, part: Expression): Expression {
  const [, source] = /^CAST\('((?:[^']|'')*)' AS JSON\)$/.exec(String(part.constant)) ?? [];
  if (part.constant === null) return expression("CAST(NULL AS BOOLEAN)", oid.bool);
  if (source === undefined) throw unsupported("@> of jsonb with what is not constant");
  const json = source.replaceAll("''", "'");
  if (/[eE0-9.]{16}/.test(json.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')))
    throw unsupported("@> of jsonb with a number of more than 15 digits");
  const sought = JSON.parse(json) as Json;
  const found = holds(value, sought, 0);
  const isScalar = sought === null || typeof sought !== "object";
  // An array holds a scalar that is one of its items, where both are whole documents.
  const test = isScalar ? `(${found} OR ${inArray(value, sought, 0)})` : found;
  return expression(`(CASE WHEN ${value.sql} IS NOT NULL THEN ${test} END)`, oid.bool);
}

/** Never NULL. */
function holds(value: Expression, sought: Json, depth: number): string {
  const isOfType = (type: string) => `coalesce(json_type(${value.sql}) = '${type}', FALSE)`;
  if (sought === null) return isOfType("NULL");
  if (typeof sought === "boolean") return `(${isOfType("BOOLEAN")} AND (${value.sql} ->> '$') = '${sought}')`;
  if (typeof sought === "string")
    return `(${isOfType("VARCHAR")} AND (${value.sql} ->> '$') = ${text(sought)})`;
  if (typeof sought === "number") {
    const number = macro(
      "jsonb_same_number",
      value.sql,
      value.document ?? unknownDocument,
      documentKeyText(value),
      text(plain(sought)),
    );
    return `coalesce(${number}, FALSE)`;
  }
  if (Array.isArray(sought)) {
    const each = sought.map((item) => inArray(value, item, depth));
    return `(${[isOfType("ARRAY"), ...each].join(" AND ")})`;
  }
  const each = Object.entries(sought).map(([key, item]) =>
    holds(at(value, { key, index: null }), item, depth),
  );
  return `(${[isOfType("OBJECT"), ...each].join(" AND ")})`;
}

function inArray(value: Expression, sought: Json, depth: number): string {
  const name = `item${depth}`;
  const { documentKey: _, ...rest } = value;
  const found = holds({ ...rest, sql: name }, sought, depth + 1);
  return `(CASE WHEN json_type(${value.sql}) = 'ARRAY' THEN len(list_filter(${macro("json_items", value.sql)}, lambda ${name} : ${found})) > 0 ELSE FALSE END)`;
}

function plain(number: number): string {
  if (/e/.test(String(number))) throw unsupported("@> of jsonb with a number this large or small");
  return String(number === 0 ? 0 : number);
}
