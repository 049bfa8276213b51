import { unsupported } from "../../pg-error.ts";
import { cast, type Expression, numericExpression, text } from "../expression.ts";
import { raise } from "../raised.ts";
import { decimal, duckdbType, oid } from "../types.ts";

const notAsTemplate = raise(
  "0A000",
  "to_number of text that is not digits as many as the template has is not supported on lake tables",
);

/** `to_number('1234.5', '9999.99')`: of plain digits; with separators, blanks and currencies it raises. */
export function parsedNumber(value: Expression, template: Expression): Expression {
  if (typeof template.constant !== "string")
    throw unsupported("to_number with a template that is not constant");
  const [found, whole = "", decimals = ""] =
    /^(?:FM)?([09][09,G]*)(?:[.D]([09]*))?$/i.exec(template.constant) ?? [];
  if (found === undefined) throw unsupported(`"${template.constant}" as a template of to_number`);
  const digits = whole.replaceAll(/[^09]/g, "").length;
  const shape = decimal(digits + decimals.length, decimals.length);
  const fraction = decimals === "" ? "" : `(\\.[0-9]{1,${decimals.length}})?`;
  const pattern = `-?[0-9]{1,${digits}}${fraction}`;
  const number = cast(value.sql, duckdbType(oid.numeric, shape));
  return numericExpression(
    `(CASE WHEN ${value.sql} IS NULL THEN NULL WHEN regexp_full_match(${value.sql}, ${text(pattern)}) THEN ${number} ELSE ${notAsTemplate} END)`,
    shape,
  );
}
