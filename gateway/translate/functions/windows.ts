import { PgError } from "../../pg-error.ts";
import { call, cast, type Expression, expression, shaped } from "../expression.ts";
import { mixedShape, oid } from "../types.ts";
import { operands } from "./operands.ts";
import type { WindowTranslator } from "./registry.ts";

type Entry = [string, WindowTranslator];

export const rankings: Entry[] = [
  ...["row_number", "rank", "dense_rank"].map(
    (name): Entry => [`${name}()`, (_, site) => expression(`${call(name)}${site.over}`, oid.int8)],
  ),
  ...["percent_rank", "cume_dist"].map(
    (name): Entry => [`${name}()`, (_, site) => expression(`${call(name)}${site.over}`, oid.float8)],
  ),
  [
    "ntile(int4)",
    ([count], site) =>
      expression(cast(`${call("ntile", operands(count)[0].sql)}${site.over}`, "INTEGER"), oid.int4),
  ],
  ...["first_value", "last_value"].map(
    (name): Entry => [`${name}(anyelement)`, (values, site) => ofFirst(name, values, site.over)],
  ),
  ["nth_value(anyelement,int4)", (values, site) => ofFirst("nth_value", values, site.over)],
  ...["lag", "lead"].flatMap((name): Entry[] => [
    [`${name}(anyelement)`, (values, site) => ofFirst(name, values, site.over)],
    [`${name}(anyelement,int4)`, (values, site) => ofFirst(name, values, site.over)],
    [`${name}(anycompatible,int4,anycompatible)`, (values, site) => withDefault(name, values, site.over)],
  ]),
];

/** A window function whose result is a value of its first argument. */
function ofFirst(name: string, values: Expression[], over: string): Expression {
  const [first] = operands(values[0]);
  const sql = `${call(name, ...values.map((value) => value.sql))}${over}`;
  return { sql, type: first.type, numeric: first.numeric };
}

function withDefault(name: string, values: Expression[], over: string): Expression {
  const [first, offset, otherwise] = operands(values[0], values[1], values[2]);
  if (first.type !== otherwise.type) throw new PgError("XX000", "a default of another type");
  const shape = mixedShape(first.numeric, otherwise.numeric);
  const sql = `${call(name, shaped(first, shape), offset.sql, shaped(otherwise, shape))}${over}`;
  return { sql, type: first.type, numeric: shape };
}
