import { PgError, unsupported } from "../../pg-error.ts";
import { type Expression, expression, text } from "../expression.ts";
import { macro } from "../macros.ts";
import { raise } from "../raised.ts";
import { oid } from "../types.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";

/** Intervals are months, days and microseconds, to both. */
export const intervals: [string, FunctionTranslator][] = [
  ...["justify_hours", "justify_days", "justify_interval"].map((name): [string, FunctionTranslator] => [
    `${name}(interval)`,
    ([span]) => expression(macro(name, operands(span)[0].sql), oid.interval),
  ]),
  ["date_trunc(text,interval)", ([unit, span]) => truncated(...operands(unit, span))],
  ["to_char(interval,text)", ([span, template]) => spanText(...operands(span, template))],
  [
    "isfinite(interval)",
    ([span]) => expression(`(CASE WHEN ${operands(span)[0].sql} IS NOT NULL THEN TRUE END)`, oid.bool),
  ],
];

const months: Readonly<Record<string, number>> = {
  millennium: 12_000,
  century: 1_200,
  decade: 120,
  year: 12,
  quarter: 3,
  month: 1,
};
const micros: Readonly<Record<string, number>> = {
  hour: 3_600_000_000,
  minute: 60_000_000,
  second: 1_000_000,
  milliseconds: 1_000,
  microseconds: 1,
};

function truncated(unit: Expression, span: Expression): Expression {
  if (typeof unit.constant !== "string") throw unsupported("a unit of time that is not constant");
  const name = unit.constant.toLowerCase().replace(/^(second|minute|hour|day|month|year)s$/, "$1");
  const [inMonths, inMicros] = [months[name], micros[name]];
  const part = (which: string) => macro(`interval_${which}`, span.sql);
  if (inMonths !== undefined) {
    return expression(
      macro("interval_of", `${part("months")} // ${inMonths} * ${inMonths}`, "0", "0"),
      oid.interval,
    );
  }
  if (name === "day")
    return expression(macro("interval_of", part("months"), part("days"), "0"), oid.interval);
  if (inMicros === undefined) throw unsupported(`date_trunc of an interval to ${name}`);
  const rest = `${part("micros")} // ${inMicros} * ${inMicros}`;
  return expression(macro("interval_of", part("months"), part("days"), rest), oid.interval);
}

const negative = raise("0A000", "to_char of a negative interval is not supported on lake tables");

const pieces: Readonly<Record<string, (part: (name: string) => string) => string>> = {
  DD: (part) => macro("two_digits", part("days")),
  HH24: (part) => macro("two_digits", `${part("micros")} // 3600000000`),
  MI: (part) => macro("two_digits", `${part("micros")} // 60000000 % 60`),
  SS: (part) => macro("two_digits", `${part("micros")} // 1000000 % 60`),
  MS: (part) => `lpad(CAST(${part("micros")} // 1000 % 1000 AS VARCHAR), 3, '0')`,
  US: (part) => `lpad(CAST(${part("micros")} % 1000000 AS VARCHAR), 6, '0')`,
};

/** Of days, hours and less; a time comes as one too. */
function spanText(span: Expression, template: Expression): Expression {
  if (typeof template.constant !== "string" || template.constant === "") {
    throw unsupported("to_char with a template that is not constant");
  }
  const part = (which: string) => macro(`interval_${which}`, span.sql);
  const printed = (template.constant.match(/HH24|[A-Z]{2}|"[^"\\]*"|[\s\S]/g) ?? []).map((found) => {
    const known = pieces[found];
    if (known !== undefined) return known(part);
    if (/^[A-Za-z"\\]/.test(found) && !/^".*"$/.test(found))
      throw unsupported(`"${found}" in a template of to_char`);
    return text(found.replace(/^"(.*)"$/, "$1"));
  });
  if (printed.length === 0) throw new PgError("XX000", "a template of nothing");
  return expression(
    `(CASE WHEN ${span.sql} IS NULL THEN NULL WHEN least(${["months", "days", "micros"].map(part).join(", ")}) < 0 THEN ${negative} ELSE ${printed.join(" || ")} END)`,
    oid.text,
  );
}
