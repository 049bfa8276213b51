import { unsupported } from "../pg-error.ts";
import { deliverySql } from "../values/delivery.ts";
import { call, type Expression } from "./expression.ts";
import { rounded } from "./functions/conversion.ts";
import { columnShape, oid } from "./types.ts";

/** An output column as the encoder of its type takes it. `typmod`: as Postgres announces the column. */
export function delivered(value: Expression, typmod: number): string {
  if (value.type === oid.jsonb)
    throw unsupported("jsonb as output", "Cast it to json, or take a text of it with ->>.");
  const shape = columnShape(value.type, typmod);
  if (value.quotient !== undefined && shape === null) {
    return call(
      "struct_pack",
      `dividend := ${value.quotient.dividend}`,
      `divisor := ${value.quotient.divisor}`,
    );
  }
  const onScale = value.type === oid.numeric && shape !== null ? rounded(value, shape) : value;
  return deliverySql(onScale.sql, value.type, typmod);
}
