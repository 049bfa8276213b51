import { unsupported } from "../../pg-error.ts";
import { typeName } from "../../values/types.ts";
import { type Expression, expression, text } from "../expression.ts";
import { elementType, oid, scalarType } from "../types.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";

/** What a statement asks of the session, the server and its own types. */
export const sessionValues: [string, FunctionTranslator][] = [
  ["version()", (_, { context }) => expression(text(context.catalog.version), oid.text)],
  ["current_schema()", () => expression("'main'", oid.name)],
  ["current_database()", (_, { context }) => expression(text(context.database), oid.name)],
  [
    "current_setting(text)",
    ([name], { context }) => {
      const [setting] = operands(name);
      if (String(setting.constant).toLowerCase() !== "timezone")
        throw unsupported("current_setting of anything but the time zone");
      return { ...expression(text(context.timeZone), oid.text), constant: context.timeZone };
    },
  ],
  ["pg_typeof(any)", ([value]) => typeOf(...operands(value))],
];

function typeOf(value: Expression): Expression {
  if (scalarType(value.type) === null && elementType(value.type) === null)
    throw unsupported(`pg_typeof of ${typeName(value.type)}`);
  return { ...expression(`CAST(${value.type} AS BIGINT)`, oid.regtype), constant: value.type };
}
