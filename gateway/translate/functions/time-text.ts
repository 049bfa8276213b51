import { unsupported } from "../../pg-error.ts";
import { call, type Expression, expression, text } from "../expression.ts";
import { macro } from "../macros.ts";
import { oid } from "../types.ts";
import { type TimePattern, timePatterns } from "./time-patterns.ts";

/** Patterns that one of strftime's stands for, filled up and without an ordinal. */
const formats: Readonly<Record<string, string>> = {
  YYYY: "%Y",
  YY: "%y",
  IYYY: "%G",
  MM: "%m",
  DD: "%d",
  DDD: "%j",
  HH24: "%H",
  HH12: "%I",
  HH: "%I",
  MI: "%M",
  SS: "%S",
  MS: "%g",
  US: "%f",
  IW: "%V",
  ID: "%u",
  AM: "%p",
  PM: "%p",
  Mon: "%b",
  Dy: "%a",
};

interface NumberPattern {
  value: (moment: string) => string;
  width: number;
  /** Whether FM takes its zeros away. */
  filled: boolean;
}

function part(name: string): (moment: string) => string {
  return (moment) => `datepart('${name}', ${moment})`;
}

function numbered(value: (moment: string) => string, width: number, filled = true): NumberPattern {
  return { value, width, filled };
}

const hour12 = (moment: string) => `((datepart('hour', ${moment}) + 11) % 12 + 1)`;
const micros = (moment: string) => `(datepart('microsecond', ${moment}) % 1000000)`;
const secondOfDay = (moment: string) =>
  `(datepart('hour', ${moment}) * 3600 + datepart('minute', ${moment}) * 60 + datepart('second', ${moment}))`;
const isoDay = (moment: string) => `((datepart('week', ${moment}) - 1) * 7 + datepart('isodow', ${moment}))`;

/** Patterns that are a number, with zeros in front. */
const numbers: Readonly<Record<string, NumberPattern>> = {
  YYYY: numbered(part("year"), 4),
  YYY: numbered((moment) => `(datepart('year', ${moment}) % 1000)`, 3),
  YY: numbered((moment) => `(datepart('year', ${moment}) % 100)`, 2),
  Y: numbered((moment) => `(datepart('year', ${moment}) % 10)`, 1),
  IYYY: numbered(part("isoyear"), 4),
  IYY: numbered((moment) => `(datepart('isoyear', ${moment}) % 1000)`, 3),
  IY: numbered((moment) => `(datepart('isoyear', ${moment}) % 100)`, 2),
  I: numbered((moment) => `(datepart('isoyear', ${moment}) % 10)`, 1),
  CC: numbered((moment) => `((datepart('year', ${moment}) + 99) // 100)`, 2),
  Q: numbered(part("quarter"), 1),
  MM: numbered(part("month"), 2),
  DDD: numbered(part("doy"), 3),
  IDDD: numbered(isoDay, 3),
  DD: numbered(part("day"), 2),
  D: numbered((moment) => `(datepart('dow', ${moment}) + 1)`, 1),
  ID: numbered(part("isodow"), 1),
  WW: numbered((moment) => `((datepart('doy', ${moment}) - 1) // 7 + 1)`, 2),
  IW: numbered(part("week"), 2),
  W: numbered((moment) => `((datepart('day', ${moment}) - 1) // 7 + 1)`, 1),
  J: numbered((moment) => `CAST(floor(datepart('julian', CAST(${moment} AS DATE))) AS BIGINT)`, 1),
  HH24: numbered(part("hour"), 2),
  HH12: numbered(hour12, 2),
  HH: numbered(hour12, 2),
  MI: numbered(part("minute"), 2),
  SS: numbered(part("second"), 2),
  SSSS: numbered(secondOfDay, 1),
  SSSSS: numbered(secondOfDay, 1),
  MS: numbered((moment) => `(${micros(moment)} // 1000)`, 3, false),
  US: numbered(micros, 6, false),
  FF1: numbered((moment) => `(${micros(moment)} // 100000)`, 1, false),
  FF2: numbered((moment) => `(${micros(moment)} // 10000)`, 2, false),
  FF3: numbered((moment) => `(${micros(moment)} // 1000)`, 3, false),
  FF4: numbered((moment) => `(${micros(moment)} // 100)`, 4, false),
  FF5: numbered((moment) => `(${micros(moment)} // 10)`, 5, false),
  FF6: numbered(micros, 6, false),
};

/** Patterns that are a word; those of which `width` is known are filled up to it with blanks. */
const words: Readonly<Record<string, { value: (moment: string) => string; width?: number }>> = {
  MONTH: { value: (moment) => `upper(strftime(${moment}, '%B'))`, width: 9 },
  Month: { value: (moment) => `strftime(${moment}, '%B')`, width: 9 },
  month: { value: (moment) => `lower(strftime(${moment}, '%B'))`, width: 9 },
  DAY: { value: (moment) => `upper(strftime(${moment}, '%A'))`, width: 9 },
  Day: { value: (moment) => `strftime(${moment}, '%A')`, width: 9 },
  day: { value: (moment) => `lower(strftime(${moment}, '%A'))`, width: 9 },
  MON: { value: (moment) => `upper(strftime(${moment}, '%b'))` },
  Mon: { value: (moment) => `strftime(${moment}, '%b')` },
  mon: { value: (moment) => `lower(strftime(${moment}, '%b'))` },
  DY: { value: (moment) => `upper(strftime(${moment}, '%a'))` },
  Dy: { value: (moment) => `strftime(${moment}, '%a')` },
  dy: { value: (moment) => `lower(strftime(${moment}, '%a'))` },
  RM: { value: roman, width: 4 },
  rm: { value: (moment) => `lower(${roman(moment)})`, width: 4 },
  AM: { value: halfDay("AM", "PM") },
  PM: { value: halfDay("AM", "PM") },
  am: { value: halfDay("am", "pm") },
  pm: { value: halfDay("am", "pm") },
  "A.M.": { value: halfDay("A.M.", "P.M.") },
  "P.M.": { value: halfDay("A.M.", "P.M.") },
  "a.m.": { value: halfDay("a.m.", "p.m.") },
  "p.m.": { value: halfDay("a.m.", "p.m.") },
  AD: { value: () => "'AD'" },
  BC: { value: () => "'AD'" },
  ad: { value: () => "'ad'" },
  bc: { value: () => "'ad'" },
  "A.D.": { value: () => "'A.D.'" },
  "B.C.": { value: () => "'A.D.'" },
  "a.d.": { value: () => "'a.d.'" },
  "b.c.": { value: () => "'a.d.'" },
  FX: { value: () => "''" },
  fx: { value: () => "''" },
};

function roman(moment: string): string {
  const months = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];
  return `[${months.map(text).join(", ")}][datepart('month', ${moment})]`;
}

function halfDay(morning: string, afternoon: string): (moment: string) => string {
  return (moment) =>
    `(CASE WHEN datepart('hour', ${moment}) < 12 THEN ${text(morning)} ELSE ${text(afternoon)} END)`;
}

const yearOne =
  "error('[postgres 0A000] to_char of a year before 1 or after 9999 is not supported on lake tables')";

/** `to_char(timestamp, 'YYYY-MM-DD')`: the template is taken apart now, so it has to be constant. */
export function timeText(value: Expression, template: Expression): Expression {
  if (typeof template.constant !== "string" || template.constant === "") {
    throw unsupported("to_char with a template that is not constant");
  }
  const parts: string[] = [];
  let format = "";
  const flush = () => {
    if (format !== "") parts.push(call("strftime", value.sql, text(format)));
    format = "";
  };
  for (const found of timePatterns(template.constant)) {
    if (found.name === null) {
      format += found.literal.replaceAll("%", "%%");
      continue;
    }
    const plain = found.fill && found.ordinal === "" ? formatOf(found.name) : undefined;
    if (plain !== undefined) {
      format += plain;
      continue;
    }
    flush();
    parts.push(printed(found, value));
  }
  flush();
  if (parts.length === 0) parts.push("''");
  const sql = `(CASE WHEN ${value.sql} IS NULL OR NOT isfinite(${value.sql}) THEN NULL WHEN datepart('year', ${value.sql}) NOT BETWEEN 1 AND 9999 THEN ${yearOne} ELSE ${parts.join(" || ")} END)`;
  return expression(sql, oid.text);
}

function upper(name: string): string {
  return name.toUpperCase();
}

/** Numbers are the same in any case; of words the letters come as the pattern has them. */
function formatOf(name: string): string | undefined {
  return formats[name] ?? (words[name] === undefined ? formats[upper(name)] : undefined);
}

function printed(found: TimePattern & { name: string }, value: Expression): string {
  const word = words[found.name];
  if (word !== undefined) {
    const sql = word.value(value.sql);
    return word.width === undefined || !found.fill ? sql : `rpad(${sql}, ${word.width}, ' ')`;
  }
  const offset = offsetText(found, value);
  if (offset !== null) return ordinal(offset, found.ordinal);
  if (upper(found.name) === "Y,YYY") {
    const year = `datepart('year', ${value.sql})`;
    return ordinal(`${year} // 1000 || ',' || lpad(CAST(${year} % 1000 AS VARCHAR), 3, '0')`, found.ordinal);
  }
  const number = numbers[upper(found.name)];
  if (number === undefined) throw unsupported(`"${found.name}" in a template of to_char`);
  const digits = `CAST(${number.value(value.sql)} AS VARCHAR)`;
  const zeros = number.width > 1 && (found.fill || !number.filled);
  const padded = zeros
    ? `lpad(${digits}, CAST(greatest(${number.width}, length(${digits})) AS INTEGER), '0')`
    : digits;
  return ordinal(padded, found.ordinal);
}

/** TZH, TZM and OF: what a time without a zone is off by is nothing. */
function offsetText(found: TimePattern & { name: string }, value: Expression): string | null {
  const seconds = value.type === oid.timestamptz ? `datepart('timezone', ${value.sql})` : "0";
  const two = (sql: string) => `lpad(CAST(${sql} AS VARCHAR), 2, '0')`;
  const sign = `CASE WHEN ${seconds} < 0 THEN '-' ELSE '+' END`;
  const hours = `abs(${seconds}) // 3600`;
  const minutes = `abs(${seconds}) // 60 % 60`;
  switch (upper(found.name)) {
    case "TZH":
      return `${sign} || ${two(hours)}`;
    case "TZM":
      return two(minutes);
    case "OF":
      return `${sign} || ${found.fill ? two(hours) : `CAST(${hours} AS VARCHAR)`} || CASE WHEN ${minutes} <> 0 THEN ':' || ${two(minutes)} ELSE '' END`;
    default:
      return null;
  }
}

/** `1st`, `2ND`. */
function ordinal(sql: string, suffix: "" | "th" | "TH"): string {
  if (suffix === "") return sql;
  const lower = macro("ordinal", sql);
  return suffix === "th" ? lower : `upper(${lower})`;
}
