import { PgError, unsupported } from "../../pg-error.ts";
import { call, type Expression, expression, text } from "../expression.ts";
import { macro } from "../macros.ts";
import { raise } from "../raised.ts";
import type { TranslateContext } from "../translation.ts";
import { oid } from "../types.ts";
import { outputText } from "./conversion.ts";
import { operands } from "./operands.ts";
import type { Site } from "./registry.ts";

const specifier = /%(?:%|(\d+\$)?([-\d*]*)([a-zA-Z]?))/g;

/** `format('%s of %s', a, b)`: the template is taken apart now, so it has to be constant. */
export function formatted([template, ...values]: Expression[], { context }: Site): Expression {
  const [source] = operands(template);
  if (source.constant === null) return expression("CAST(NULL AS VARCHAR)", oid.text);
  if (typeof source.constant !== "string") throw unsupported("format with a template that is not constant");
  const parts: string[] = [];
  let end = 0;
  let next = 0;
  for (const found of source.constant.matchAll(specifier)) {
    parts.push(text(source.constant.slice(end, found.index)));
    end = found.index + found[0].length;
    if (found[0] === "%%") {
      parts.push(text("%"));
      continue;
    }
    const [, position, width, kind] = found;
    if (width !== "") throw unsupported("a width in a template of format");
    next = position === undefined ? next + 1 : Number.parseInt(position, 10);
    const value = values[next - 1];
    if (value === undefined) throw new PgError("22023", "too few arguments for format()");
    parts.push(part(kind ?? "", value, context));
  }
  parts.push(text(source.constant.slice(end)));
  return expression(call("concat", ...parts), oid.text);
}

/** As a name of Postgres's: in quotes where it needs them. */
export function quotedIdentifier(name: string, { catalog }: TranslateContext): string {
  return macro("quote_ident", name, `[${catalog.keywords.map(text).join(", ")}]`);
}

const noName = raise("22004", "null values cannot be formatted as an SQL identifier");

function part(kind: string, value: Expression, context: TranslateContext): string {
  switch (kind) {
    case "s":
      return outputText(value);
    case "L":
      return `coalesce(${macro("quote_literal", outputText(value))}, 'NULL')`;
    case "I":
      return `coalesce(${quotedIdentifier(outputText(value), context)}, ${noName})`;
    default:
      throw unsupported(`%${kind} in a template of format`);
  }
}
