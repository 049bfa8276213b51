import { unsupported } from "../../pg-error.ts";
import { cast, type Expression, expression, text, whole } from "../expression.ts";
import { macro } from "../macros.ts";
import { raise } from "../raised.ts";
import { elementType, oid } from "../types.ts";
import { outputText } from "./conversion.ts";
import { operands } from "./operands.ts";
import type { AggregateTranslator, FunctionTranslator } from "./registry.ts";

/** What makes JSON of values: text for text as Postgres writes it, blanks and all. */
export const jsonBuilders: [string, FunctionTranslator][] = [
  ["to_json(anyelement)", ([value]) => strict(...operands(value))],
  ["json_build_array()", () => document("'[]'")],
  ["json_build_array(any)", (values) => document(`'[' || ${list(values.map(jsonText), ", ")} || ']'`)],
  ["json_build_object()", () => document("'{}'")],
  ["json_build_object(any)", object],
];

export const jsonAggregates: [string, AggregateTranslator][] = [
  [
    "json_agg(anyelement)",
    ([value], site) => {
      const [only] = operands(value);
      if (elementType(only.type) !== null) throw unsupported("json_agg of arrays");
      return document(`'[' || ${site.print("string_agg", [jsonText(only), "', '"])} || ']'`);
    },
  ],
  [
    "json_object_agg(any,any)",
    ([key, value], site) => {
      const [name, only] = operands(key, value);
      const pair = `${keyText(name)} || ' : ' || ${jsonText(only)}`;
      return document(`'{ ' || ${site.print("string_agg", [pair, "', '"])} || ' }'`);
    },
  ],
];

function document(sql: string): Expression {
  return whole(expression(cast(`(${sql})`, "JSON"), oid.json));
}

function strict(value: Expression): Expression {
  return document(`CASE WHEN ${value.sql} IS NOT NULL THEN ${jsonText(value)} END`);
}

function list(items: readonly string[], between: string): string {
  return items.length === 0 ? "''" : items.join(` || ${text(between)} || `);
}

function object(values: Expression[]): Expression {
  if (values.length % 2 === 1) throw unsupported("json_build_object of an odd number of arguments");
  const pairs: string[] = [];
  for (let index = 0; index < values.length; index += 2) {
    const [key, value] = operands(values[index], values[index + 1]);
    pairs.push(`${keyText(key)} || ' : ' || ${jsonText(value)}`);
  }
  return document(`'{' || ${list(pairs, ", ")} || '}'`);
}

const noKey = raise("22004", "null value not allowed for object key");

function keyText(key: Expression): string {
  const plain = key.type === oid.bool ? cast(key.sql, "VARCHAR") : outputText(key);
  return `coalesce(CAST(to_json(${plain}) AS VARCHAR), ${noKey})`;
}

/** A value within JSON; NULL is `null`. */
export function jsonText(value: Expression): string {
  return `coalesce(${valueText(value)}, 'null')`;
}

function valueText(value: Expression): string {
  const { sql, type } = value;
  const element = elementType(type);
  if (element !== null) {
    const item = jsonText({ sql: "item", type: element, numeric: value.numeric });
    return `(CASE WHEN ${sql} IS NOT NULL THEN '[' || coalesce(array_to_string(list_transform(${sql}, lambda item : ${item}), ','), '') || ']' END)`;
  }
  switch (type) {
    case oid.bool:
    case oid.int2:
    case oid.int4:
    case oid.int8:
      return cast(sql, "VARCHAR");
    case oid.json:
    case oid.numeric:
      return outputText(value);
    case oid.float4:
    case oid.float8:
      return `(CASE WHEN isfinite(${sql}) THEN ${outputText(value)} ELSE '"' || ${outputText(value)} || '"' END)`;
    case oid.timestamp:
    case oid.timestamptz:
      return macro("json_time", outputText(value));
    case oid.jsonb:
      throw unsupported("jsonb within json");
    default:
      return `CAST(to_json(${outputText(value)}) AS VARCHAR)`;
  }
}
