import { unsupported } from "../pg-error.ts";
import { deliverySql } from "../values/delivery.ts";
import { call, type Expression } from "./expression.ts";
import { jsonbSource, rounded } from "./functions/conversion.ts";
import { columnShape, oid } from "./types.ts";

/** An output column as the encoder of its type takes it. `typmod`: as Postgres announces the column. */
export function delivered(value: Expression, typmod: number): string {
  if (value.row !== undefined) throw unsupported("a whole row as a value", "Select its columns: t.*.");
  if (value.type === oid.jsonb) return deliverySql(jsonbSource(value), value.type, typmod);
  if (value.type === oid.bpchar && typmod < 4)
    throw unsupported("character of an unknown length as output", "Cast it to text.");
  if (value.type === oid.bpchar) return call("rpad", value.sql, String(typmod - 4), "' '");
  const shape = columnShape(value.type, typmod);
  if (value.quotient !== undefined && shape === null) {
    const { dividend, divisor, scale } = value.quotient;
    const sides = [`dividend := ${dividend}`, `divisor := ${divisor}`];
    return call("struct_pack", ...sides, ...(scale === undefined ? [] : [`scale := ${scale}`]));
  }
  const onScale = value.type === oid.numeric && shape !== null ? rounded(value, shape) : value;
  return deliverySql(onScale.sql, value.type, typmod);
}
