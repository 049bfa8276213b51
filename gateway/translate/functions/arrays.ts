import { unsupported } from "../../pg-error.ts";
import { call, cast, type Expression, expression, shaped } from "../expression.ts";
import { arrayOf, duckdbType, elementType, mixedShape, oid } from "../types.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";

type Entry = [string, FunctionTranslator];

/** Arrays of one dimension that begin at 1, which is all that lists are. */
export const arrays: Entry[] = [
  ["array_length(anyarray,int4)", length],
  ["array_upper(anyarray,int4)", length],
  [
    "array_lower(anyarray,int4)",
    (values) => {
      const found = length(values);
      return expression(`(CASE WHEN ${found.sql} IS NOT NULL THEN CAST(1 AS INTEGER) END)`, oid.int4);
    },
  ],
  [
    "cardinality(anyarray)",
    ([array]) => expression(cast(call("len", operands(array)[0].sql), "INTEGER"), oid.int4),
  ],
  [
    "array_append(anycompatiblearray,anycompatible)",
    ([array, item]) => appended(...operands(array, item), false),
  ],
  ["||(anycompatiblearray,anycompatible)", ([array, item]) => appended(...operands(array, item), false)],
  [
    "array_prepend(anycompatible,anycompatiblearray)",
    ([item, array]) => appended(...operands(array, item), true),
  ],
  ["||(anycompatible,anycompatiblearray)", ([item, array]) => appended(...operands(array, item), true)],
  [
    "array_cat(anycompatiblearray,anycompatiblearray)",
    ([left, right]) => concatenated(...operands(left, right)),
  ],
  ["||(anycompatiblearray,anycompatiblearray)", ([left, right]) => concatenated(...operands(left, right))],
  [
    "array_position(anycompatiblearray,anycompatible)",
    ([array, item]) => {
      const [list, value] = operands(array, item);
      // A NULL is looked for like a value.
      const sql = `(CASE WHEN ${list.sql} IS NULL THEN NULL WHEN ${value.sql} IS NULL THEN nullif(list_position(list_transform(${list.sql}, lambda item : item IS NULL), TRUE), 0) ELSE nullif(list_position(${list.sql}, ${value.sql}), 0) END)`;
      return expression(cast(sql, "INTEGER"), oid.int4);
    },
  ],
  [
    "array_positions(anycompatiblearray,anycompatible)",
    ([array, item]) => {
      const [list, value] = operands(array, item);
      const places = `list_filter(CAST(range(1, len(${list.sql}) + 1) AS INTEGER[]), lambda place : ${list.sql}[place] IS NOT DISTINCT FROM ${value.sql})`;
      return expression(`(CASE WHEN ${list.sql} IS NOT NULL THEN ${places} END)`, arrayOf(oid.int4));
    },
  ],
  [
    "array_remove(anycompatiblearray,anycompatible)",
    ([array, item]) => {
      const [list, value] = operands(array, item);
      const sql = `list_filter(${list.sql}, lambda item : item IS DISTINCT FROM ${value.sql})`;
      return { sql, type: list.type, numeric: list.numeric };
    },
  ],
  [
    "array_replace(anycompatiblearray,anycompatible,anycompatible)",
    ([array, item, by]) => {
      const [list, value, other] = operands(array, item, by);
      const shape = mixedShape(list.numeric, other.numeric);
      const sql = `list_transform(${shaped(list, shape)}, lambda item : CASE WHEN item IS NOT DISTINCT FROM ${value.sql} THEN ${shaped(other, shape)} ELSE item END)`;
      return { sql, type: list.type, numeric: shape };
    },
  ],
  [
    "array_ndims(anyarray)",
    ([array]) =>
      expression(`(CASE WHEN len(${operands(array)[0].sql}) > 0 THEN CAST(1 AS INTEGER) END)`, oid.int4),
  ],
  [
    "array_dims(anyarray)",
    ([array]) => {
      const [list] = operands(array);
      return expression(
        `(CASE WHEN len(${list.sql}) > 0 THEN '[1:' || len(${list.sql}) || ']' END)`,
        oid.text,
      );
    },
  ],
  ["@>(anyarray,anyarray)", ([left, right]) => contains(...operands(left, right))],
  ["<@(anyarray,anyarray)", ([left, right]) => contains(...operands(right, left))],
  [
    "&&(anyarray,anyarray)",
    ([left, right]) => {
      const [one, other] = operands(left, right);
      return expression(call("list_has_any", ...aligned(one, other)), oid.bool);
    },
  ],
];

function length([array, dimension]: Expression[]): Expression {
  const [list, of] = operands(array, dimension);
  if (of.constant !== 1) throw unsupported("the length of another dimension than the first");
  return expression(`CAST(nullif(len(${list.sql}), 0) AS INTEGER)`, oid.int4);
}

/** A NULL in place of the array counts as an empty one. */
function appended(array: Expression, item: Expression, before: boolean): Expression {
  const shape = mixedShape(array.numeric, item.numeric);
  const list = `coalesce(${shaped(array, shape)}, CAST([] AS ${duckdbType(array.type, shape)}))`;
  const one = `[${shaped(item, shape)}]`;
  const sql = before ? call("list_concat", one, list) : call("list_concat", list, one);
  return { sql, type: array.type, numeric: shape };
}

function concatenated(left: Expression, right: Expression): Expression {
  const [one, other] = aligned(left, right);
  const shape = mixedShape(left.numeric, right.numeric);
  const sql = `(CASE WHEN ${one} IS NULL THEN ${other} WHEN ${other} IS NULL THEN ${one} ELSE list_concat(${one}, ${other}) END)`;
  return { sql, type: left.type, numeric: shape };
}

/** NULLs among the items are never contained. */
function contains(whole: Expression, part: Expression): Expression {
  if (elementType(whole.type) === null) throw unsupported("@> of this type");
  const [one, other] = aligned(whole, part);
  const has = `list_has_all(${one}, ${other})`;
  const nulls = `len(list_filter(${other}, lambda item : item IS NULL)) > 0`;
  return expression(
    `(CASE WHEN ${one} IS NULL OR ${other} IS NULL THEN NULL WHEN ${nulls} THEN FALSE ELSE ${has} END)`,
    oid.bool,
  );
}

function aligned(left: Expression, right: Expression): [string, string] {
  const shape = mixedShape(left.numeric, right.numeric);
  return [shaped(left, shape), shaped(right, shape)];
}
