import { unsupported } from "../../pg-error.ts";
import { call, cast, type Expression, expression, text } from "../expression.ts";
import { macro } from "../macros.ts";
import { oid } from "../types.ts";
import { documentKeyText, unknownDocument } from "./conversion.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";

type Entry = [string, FunctionTranslator];

/** What looks into JSON. DuckDB writes what it takes out anew: see `json_text` for where that shows. */
export const json: Entry[] = [
  ...["json", "jsonb"].flatMap((type): Entry[] => [
    [`->(${type},text)`, ([value, key]) => at(operands(value)[0], keyStep(...operands(key)))],
    [`->>(${type},text)`, ([value, key]) => asText(at(operands(value)[0], keyStep(...operands(key))))],
    [`->(${type},int4)`, ([value, index]) => item(...operands(value, index))],
    [`->>(${type},int4)`, ([value, index]) => asText(item(...operands(value, index)))],
    [`#>(${type},_text)`, ([value, path]) => steps(...operands(path)).reduce(at, operands(value)[0])],
    [
      `#>>(${type},_text)`,
      ([value, path]) => asText(steps(...operands(path)).reduce(at, operands(value)[0])),
    ],
    [
      `${type}_array_length(${type})`,
      ([value]) => expression(cast(macro("json_length", operands(value)[0].sql), "INTEGER"), oid.int4),
    ],
    [
      `${type}_typeof(${type})`,
      ([value]) => expression(macro("json_kind", operands(value)[0].sql), oid.text),
    ],
    [
      `${type}_extract_path(${type},_text)`,
      ([value, path]) => steps(...operands(path)).reduce(at, operands(value)[0]),
    ],
    [
      `${type}_extract_path_text(${type},_text)`,
      ([value, path]) => asText(steps(...operands(path)).reduce(at, operands(value)[0])),
    ],
  ]),
  ["?(jsonb,text)", ([value, key]) => expression(call("list_contains", ...names(value, key)), oid.bool)],
  ["?|(jsonb,_text)", ([value, keys]) => expression(call("list_has_any", ...names(value, keys)), oid.bool)],
  ["?&(jsonb,_text)", ([value, keys]) => expression(call("list_has_all", ...names(value, keys)), oid.bool)],
];

/** The keys of an object, or the texts in an array, and what they are compared with. */
function names(value: Expression | undefined, other: Expression | undefined): [string, string] {
  const [document, sought] = operands(value, other);
  return [macro("json_names", document.sql), sought.sql];
}

/** The items of an array, each as JSON. */
export function jsonItems([value]: Expression[]): Expression {
  const [array] = operands(value);
  return { ...expression(macro("json_items", array.sql), array.type), ...documentOf(array) };
}

/** The items of an array, each as text. */
export function jsonItemTexts(values: Expression[]): Expression {
  const items = jsonItems(values);
  return expression(textsOf(items), oid.text);
}

function textsOf(items: Expression): string {
  const item = asText({ ...items, sql: "item" });
  return `list_transform(${items.sql}, lambda item : ${item.sql})`;
}

export function jsonKeys([value]: Expression[]): Expression {
  const [object] = operands(value);
  const names = macro("json_object_names", object.sql);
  return expression(object.type === oid.jsonb ? macro("jsonb_names", names) : names, oid.text);
}

/** The values of an object, in the order of its keys. */
export function jsonValues([value]: Expression[], as: "json" | "text"): Expression {
  const [object] = operands(value);
  const values = macro("json_object_values", object.sql);
  const items: Expression = {
    ...expression(
      object.type === oid.jsonb
        ? macro("jsonb_values", macro("json_object_names", object.sql), values)
        : values,
      object.type,
    ),
    ...documentOf(object),
  };
  return as === "json" ? items : expression(textsOf(items), oid.text);
}

/** jsonb that is neither array nor object is an array of itself, to an index. */
function item(value: Expression, index: Expression): Expression {
  const found = at(value, indexStep(index));
  if (value.type !== oid.jsonb || (typeof index.constant === "number" && ![0, -1].includes(index.constant)))
    return found;
  const isItself = `json_type(${value.sql}) NOT IN ('ARRAY', 'OBJECT') AND ${index.sql} IN (0, -1)`;
  return { ...found, sql: `(CASE WHEN ${isItself} THEN ${value.sql} ELSE ${found.sql} END)` };
}

/** One step into a document: into an object where a key is given, into an array where an index is. */
interface Step {
  key: string | null;
  index: number | null;
  /** A key, or an index, that is known row by row. */
  computed?: Expression;
}

function keyStep(key: Expression): Step {
  if (typeof key.constant !== "string") return { key: null, index: null, computed: key };
  return { key: key.constant, index: null };
}

function indexStep(index: Expression): Step {
  if (typeof index.constant !== "number") return { key: null, index: null, computed: index };
  return { key: null, index: index.constant };
}

/** The path of `#>`: numbers step into arrays as well as into objects, which is decided by the value. */
function steps(path: Expression): Step[] {
  const items = [...path.sql.matchAll(/CAST\('((?:[^']|'')*)' AS VARCHAR\)/g)].map(([, item]) =>
    (item ?? "").replaceAll("''", "'"),
  );
  if (path.constant === undefined || items.length === 0)
    throw unsupported("a JSON path that is not constant");
  return items.map((item) => ({ key: item, index: /^-?\d{1,9}$/.test(item) ? Number(item) : null }));
}

function documentOf(value: Expression): { document?: string } {
  return value.document === undefined ? {} : { document: value.document };
}

export function at(value: Expression, step: Step): Expression {
  if (step.computed !== undefined) {
    const name = step.computed.type === oid.int4 ? "json_item" : "json_member";
    const { sql } = step.computed;
    return { ...expression(macro(name, value.sql, sql), value.type), ...documentOf(value) };
  }
  const index =
    step.index === null
      ? null
      : call("json_extract", value.sql, text(step.index < 0 ? `$[#${step.index}]` : `$[${step.index}]`));
  const found = step.key === null ? null : keyed(value.sql, step.key);
  const sql =
    index === null || found === null
      ? (index ?? found ?? "NULL")
      : `(CASE json_type(${value.sql}) WHEN 'ARRAY' THEN ${index} ELSE ${found} END)`;
  return {
    ...expression(sql, value.type),
    ...documentOf(value),
    ...(step.key === null ? {} : { documentKey: step.key }),
  };
}

function keyed(sql: string, key: string): string {
  if (key === "" || /["\\*]/.test(key)) throw unsupported("this JSON key");
  return macro("json_get", sql, text(key), text(`$."${key}"`), text(`"${key}"`));
}

/** Strings without their quotes, the null of JSON as NULL, numbers and what holds others as written. */
function asText(value: Expression): Expression {
  const key = documentKeyText(value);
  const name = value.type === oid.jsonb ? "jsonb_text" : "json_text";
  return {
    ...expression(macro(name, value.sql, value.document ?? unknownDocument, key), oid.text),
    loose: `(${value.sql} ->> '$')`,
    presence: `nullif(json_type(${value.sql}), 'NULL')`,
  };
}
