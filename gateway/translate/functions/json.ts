import { unsupported } from "../../pg-error.ts";
import { call, cast, type Expression, expression, text } from "../expression.ts";
import { raise } from "../raised.ts";
import { oid } from "../types.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";

type Entry = [string, FunctionTranslator];

export const json: Entry[] = [
  ...["json", "jsonb"].flatMap((type): Entry[] => [
    [`->(${type},text)`, ([value, key]) => at(...operands(value), [keyStep(...operands(key))])],
    [`->>(${type},text)`, ([value, key]) => asText(at(...operands(value), [keyStep(...operands(key))]))],
    [`->(${type},int4)`, ([value, index]) => at(...operands(value), [indexStep(...operands(index))])],
    [
      `->>(${type},int4)`,
      ([value, index]) => asText(at(...operands(value), [indexStep(...operands(index))])),
    ],
    [`#>(${type},_text)`, ([value, path]) => at(...operands(value), steps(...operands(path)))],
    [`#>>(${type},_text)`, ([value, path]) => asText(at(...operands(value), steps(...operands(path))))],
    [
      `${type}_array_length(${type})`,
      ([value]) => expression(cast(call("json_array_length", operands(value)[0].sql), "INTEGER"), oid.int4),
    ],
    [`${type}_typeof(${type})`, ([value]) => typeName(...operands(value))],
  ]),
];

/** One step into a document: `$."key"`, `$[0]`, and what it has to be stepped into. */
interface Step {
  path: string;
  into: "OBJECT" | "ARRAY";
}

function keyStep(key: Expression): Step {
  if (typeof key.constant !== "string") throw unsupported("a JSON key that is not constant");
  return namedStep(key.constant);
}

function namedStep(key: string): Step {
  if (key === "" || /["\\*]/.test(key)) throw unsupported("this JSON key");
  return { path: `."${key}"`, into: "OBJECT" };
}

function indexStep(index: Expression): Step {
  if (typeof index.constant !== "number") throw unsupported("a JSON index that is not constant");
  return { path: index.constant < 0 ? `[#${index.constant}]` : `[${index.constant}]`, into: "ARRAY" };
}

/** The path of `#>`: numbers step into lists as well as into objects, which is decided by the value. */
function steps(path: Expression): Step[] {
  const items = [...path.sql.matchAll(/CAST\('((?:[^']|'')*)' AS VARCHAR\)/g)].map(([, item]) =>
    (item ?? "").replaceAll("''", "'"),
  );
  if (path.constant === undefined || items.length === 0)
    throw unsupported("a JSON path that is not constant");
  return items.map((item) => {
    if (!/^-?\d+$/.test(item)) return namedStep(item);
    return { path: Number(item) < 0 ? `[#${item}]` : `[${item}]`, into: "ARRAY" };
  });
}

function at(value: Expression, path: readonly Step[]): Expression {
  return expression(
    call("json_extract", value.sql, text(`$${path.map((step) => step.path).join("")}`)),
    value.type,
  );
}

/** Strings without their quotes, the null of JSON as NULL, all else as written. */
function asText(value: Expression): Expression {
  const string = `(${value.sql} ->> '$')`;
  if (value.type === oid.json) return expression(string, oid.text);
  // Postgres writes a jsonb in an order and with blanks of its own.
  return expression(
    `(CASE WHEN json_type(${value.sql}) IN ('OBJECT', 'ARRAY') THEN ${containerText} ELSE ${string} END)`,
    oid.text,
  );
}

const containerText = raise(
  "0A000",
  "the text of a jsonb object or array is not supported on lake tables: use json",
);

function typeName(value: Expression): Expression {
  const type = call("json_type", value.sql);
  const sql = `(CASE ${type} WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'array' WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null' WHEN 'BIGINT' THEN 'number' WHEN 'UBIGINT' THEN 'number' WHEN 'DOUBLE' THEN 'number' WHEN 'HUGEINT' THEN 'number' END)`;
  return expression(sql, oid.text);
}
