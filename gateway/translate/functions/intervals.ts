import { unsupported } from "../../pg-error.ts";
import { type Expression, expression, text } from "../expression.ts";
import { macro } from "../macros.ts";
import { raise } from "../raised.ts";
import { oid } from "../types.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";
import { timePatterns } from "./time-patterns.ts";

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

const numbers: Readonly<
  Record<string, { value: (part: (name: string) => string) => string; width: number }>
> = {
  DD: { value: (part) => part("days"), width: 2 },
  HH24: { value: (part) => `${part("micros")} // 3600000000`, width: 2 },
  HH12: { value: (part) => `(${part("micros")} // 3600000000 + 11) % 12 + 1`, width: 2 },
  HH: { value: (part) => `(${part("micros")} // 3600000000 + 11) % 12 + 1`, width: 2 },
  MI: { value: (part) => `${part("micros")} // 60000000 % 60`, width: 2 },
  SS: { value: (part) => `${part("micros")} // 1000000 % 60`, width: 2 },
  MS: { value: (part) => `${part("micros")} // 1000 % 1000`, width: 3 },
  US: { value: (part) => `${part("micros")} % 1000000`, width: 6 },
};

/** Of days, hours and less; a time comes as one too. */
function spanText(span: Expression, template: Expression): Expression {
  if (typeof template.constant !== "string" || template.constant === "") {
    throw unsupported("to_char with a template that is not constant");
  }
  const part = (which: string) => macro(`interval_${which}`, span.sql);
  const printed = timePatterns(template.constant).map((found) => {
    if (found.name === null) return text(found.literal);
    const halfDay = /^[ap](\.?)m\.?$/i.exec(found.name);
    if (halfDay !== null) {
      const [morning, afternoon] = ["A", "P"].map((letter) => {
        const words = `${letter}${halfDay[1]}M${halfDay[1]}`;
        return text(/[a-z]/.test(found.name) ? words.toLowerCase() : words);
      });
      return `(CASE WHEN ${part("micros")} // 3600000000 % 24 < 12 THEN ${morning} ELSE ${afternoon} END)`;
    }
    const number = numbers[found.name.toUpperCase()];
    if (number === undefined || found.ordinal !== "")
      throw unsupported(`"${found.name}${found.ordinal}" in a template of to_char`);
    const digits = `CAST(${number.value(part)} AS VARCHAR)`;
    const filled = found.fill || /^(MS|US)$/i.test(found.name);
    return filled
      ? `lpad(${digits}, CAST(greatest(${number.width}, length(${digits})) AS INTEGER), '0')`
      : digits;
  });
  return expression(
    `(CASE WHEN ${span.sql} IS NULL THEN NULL WHEN least(${["months", "days", "micros"].map(part).join(", ")}) < 0 THEN ${negative} ELSE ${printed.join(" || ") || "''"} END)`,
    oid.text,
  );
}
