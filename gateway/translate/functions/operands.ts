import { PgError } from "../../pg-error.ts";
import type { Expression } from "../expression.ts";

/** The operands of a call, all of which are there; else the tree is not as its signature says. */
export function operands<T extends (Expression | undefined)[]>(...values: T): { [K in keyof T]: Expression } {
  for (const value of values) if (value === undefined) throw new PgError("XX000", "an operand is missing");
  return values as { [K in keyof T]: Expression };
}
