import { unsupported } from "../../pg-error.ts";
import { call, type Expression, expression, text } from "../expression.ts";
import { oid } from "../types.ts";

/** Template patterns that one of strftime's stands for, whatever the value. */
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

/** Patterns that are an expression of the value. */
const expressions: Readonly<Record<string, (value: string) => string>> = {
  Q: (value) => `CAST(datepart('quarter', ${value}) AS VARCHAR)`,
  D: (value) => `CAST(datepart('dow', ${value}) + 1 AS VARCHAR)`,
  J: (value) => `CAST(CAST(floor(datepart('julian', CAST(${value} AS DATE))) AS BIGINT) AS VARCHAR)`,
  WW: (value) => `lpad(CAST((datepart('doy', ${value}) - 1) // 7 + 1 AS VARCHAR), 2, '0')`,
  W: (value) => `CAST((datepart('day', ${value}) - 1) // 7 + 1 AS VARCHAR)`,
  am: (value) => `lower(strftime(${value}, '%p'))`,
  pm: (value) => `lower(strftime(${value}, '%p'))`,
  MON: (value) => `upper(strftime(${value}, '%b'))`,
  mon: (value) => `lower(strftime(${value}, '%b'))`,
  DY: (value) => `upper(strftime(${value}, '%a'))`,
  dy: (value) => `lower(strftime(${value}, '%a'))`,
  Month: (value) => `rpad(strftime(${value}, '%B'), 9, ' ')`,
  MONTH: (value) => `rpad(upper(strftime(${value}, '%B')), 9, ' ')`,
  month: (value) => `rpad(lower(strftime(${value}, '%B')), 9, ' ')`,
  Day: (value) => `rpad(strftime(${value}, '%A'), 9, ' ')`,
  DAY: (value) => `rpad(upper(strftime(${value}, '%A')), 9, ' ')`,
  day: (value) => `rpad(lower(strftime(${value}, '%A')), 9, ' ')`,
  FMMonth: (value) => `strftime(${value}, '%B')`,
  FMMONTH: (value) => `upper(strftime(${value}, '%B'))`,
  FMmonth: (value) => `lower(strftime(${value}, '%B'))`,
  FMDay: (value) => `strftime(${value}, '%A')`,
  FMDAY: (value) => `upper(strftime(${value}, '%A'))`,
  FMday: (value) => `lower(strftime(${value}, '%A'))`,
  FMMM: (value) => `CAST(datepart('month', ${value}) AS VARCHAR)`,
  FMDD: (value) => `CAST(datepart('day', ${value}) AS VARCHAR)`,
  FMHH24: (value) => `CAST(datepart('hour', ${value}) AS VARCHAR)`,
  FMHH12: (value) => `CAST((datepart('hour', ${value}) + 11) % 12 + 1 AS VARCHAR)`,
  FMYYYY: (value) => `CAST(datepart('year', ${value}) AS VARCHAR)`,
  FMQ: (value) => `CAST(datepart('quarter', ${value}) AS VARCHAR)`,
};

const piece =
  /FM(?:Month|MONTH|month|Day|DAY|day|MM|DD|HH24|HH12|YYYY|Q)|IYYY|YYYY|YY|HH24|HH12|HH|MI|MM|MS|SS|US|DDD|DD|IW|ID|WW|W|Month|MONTH|month|Mon|MON|mon|Day|DAY|day|Dy|DY|dy|AM|PM|am|pm|Q|D|J|"[^"\\]*"|[^A-Za-z"\\]/y;

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
  piece.lastIndex = 0;
  while (piece.lastIndex < template.constant.length) {
    const at = piece.lastIndex;
    const [found] = piece.exec(template.constant) ?? [];
    if (found === undefined)
      throw unsupported(`"${template.constant.slice(at, at + 8)}" in a template of to_char`);
    const printed = expressions[found];
    if (printed !== undefined) {
      flush();
      parts.push(printed(value.sql));
    } else if (formats[found] !== undefined) format += formats[found];
    else
      format += (found.startsWith('"') && found.length > 1 ? found.slice(1, -1) : found).replaceAll(
        "%",
        "%%",
      );
    // A suffix changes what stands in front of it.
    if (/^[A-Za-z]+$/.test(found) && /^(TH|th|SP)/.test(template.constant.slice(piece.lastIndex))) {
      throw unsupported("TH in a template of to_char");
    }
  }
  flush();
  const sql = `(CASE WHEN NOT isfinite(${value.sql}) THEN NULL WHEN datepart('year', ${value.sql}) NOT BETWEEN 1 AND 9999 THEN ${yearOne} ELSE ${parts.join(" || ")} END)`;
  return expression(sql, oid.text);
}
