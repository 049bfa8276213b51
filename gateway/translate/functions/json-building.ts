import { unsupported } from "../../pg-error.ts";
import { cast, type Expression, expression, text, whole } from "../expression.ts";
import { macro } from "../macros.ts";
import { raise } from "../raised.ts";
import { elementType, oid } from "../types.ts";
import { jsonbSource, outputText } from "./conversion.ts";
import { operands } from "./operands.ts";
import type { AggregateTranslator, FunctionTranslator } from "./registry.ts";

const kinds = [
  ["json", oid.json],
  ["jsonb", oid.jsonb],
] as const;

/** What makes JSON of values: text for text as Postgres writes it, blanks and all. jsonb comes into its own form later. */
export const jsonBuilders: [string, FunctionTranslator][] = [
  ["to_json(anyelement)", ([value]) => strict(oid.json, ...operands(value))],
  ["to_jsonb(anyelement)", ([value]) => strict(oid.jsonb, ...operands(value))],
  ["row_to_json(record)", ([value]) => strict(oid.json, ...operands(value))],
  ["array_to_json(anyarray)", ([value]) => strict(oid.json, ...operands(value))],
  ...kinds.flatMap(([name, type]): [string, FunctionTranslator][] => [
    [`${name}_build_array()`, () => document("'[]'", type)],
    [
      `${name}_build_array(any)`,
      (values) =>
        document(
          `'[' || ${list(
            values.map((value) => jsonText(value, type)),
            ", ",
          )} || ']'`,
          type,
        ),
    ],
    [`${name}_build_object()`, () => document("'{}'", type)],
    [`${name}_build_object(any)`, (values) => object(values, type)],
  ]),
];

export const jsonAggregates: [string, AggregateTranslator][] = kinds.flatMap(
  ([name, type]): [string, AggregateTranslator][] => [
    [
      `${name}_agg(anyelement)`,
      ([value], site) => {
        const [only] = operands(value);
        if (type === oid.json && elementType(only.type) !== null) throw unsupported("json_agg of arrays");
        // Rows come in lines.
        const between = only.row === undefined ? text(", ") : "e', \\n '";
        return document(`'[' || ${site.print("string_agg", [jsonText(only, type), between])} || ']'`, type);
      },
    ],
    [
      `${name}_object_agg(any,any)`,
      ([key, value], site) => {
        const [field, only] = operands(key, value);
        const pair = `${keyText(field, type)} || ' : ' || ${jsonText(only, type)}`;
        return document(`'{ ' || ${site.print("string_agg", [pair, "', '"])} || ' }'`, type);
      },
    ],
  ],
);

function document(sql: string, type: number): Expression {
  return whole(expression(cast(`(${sql})`, "JSON"), type));
}

function strict(type: number, value: Expression): Expression {
  return document(`CASE WHEN ${value.sql} IS NOT NULL THEN ${jsonText(value, type)} END`, type);
}

function list(items: readonly string[], between: string): string {
  return items.length === 0 ? "''" : items.join(` || ${text(between)} || `);
}

function object(values: Expression[], type: number): Expression {
  if (values.length % 2 === 1) throw unsupported("json_build_object of an odd number of arguments");
  const pairs: string[] = [];
  for (let index = 0; index < values.length; index += 2) {
    const [key, value] = operands(values[index], values[index + 1]);
    pairs.push(`${keyText(key, type)} || ' : ' || ${jsonText(value, type)}`);
  }
  return document(`'{' || ${list(pairs, ", ")} || '}'`, type);
}

const noKey = raise("22004", "null value not allowed for object key");
const noMember = raise("22023", "key must not be null");

function keyText(key: Expression, type: number): string {
  const plain = key.type === oid.bool ? cast(key.sql, "VARCHAR") : outputText(key);
  return `coalesce(CAST(to_json(${plain}) AS VARCHAR), ${type === oid.json ? noKey : noMember})`;
}

/** A value within JSON; NULL is `null`. */
function jsonText(value: Expression, within: number): string {
  return `coalesce(${valueText(value, within)}, 'null')`;
}

function valueText(value: Expression, within: number): string {
  const { sql, type } = value;
  if (value.row !== undefined) {
    const members = value.row.map(({ name, value: field }) => {
      const key = JSON.stringify(name);
      return `${text(`${key}:`)} || ${jsonText(field, within)}`;
    });
    return `('{' || ${list(members, ",")} || '}')`;
  }
  const element = elementType(type);
  if (element !== null) {
    const item = jsonText({ sql: "item", type: element, numeric: value.numeric }, within);
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
      if (within !== oid.jsonb) throw unsupported("jsonb within json");
      return jsonbSource(value);
    default:
      return `CAST(to_json(${outputText(value)}) AS VARCHAR)`;
  }
}
