import { unsupported } from "../../pg-error.ts";
import { call, cast, type Expression, expression, text } from "../expression.ts";
import { raise } from "../raised.ts";
import { decimal, oid } from "../types.ts";
import { rounded } from "./conversion.ts";

/** A template of `to_char(number, template)`, as far as it is known here. */
interface NumberTemplate {
  before: string;
  /** The whole part: 9, 0 and commas. */
  whole: string;
  /** The decimals: 9 and 0; null without a point. */
  decimals: string | null;
  after: string;
  fill: boolean;
  sign: "plain" | "S before" | "S after" | "MI before" | "MI after" | "PR";
}

const numbers =
  /^(FM)?(S|MI|SG)?([-$€£%# (:]*)([09](?:[09,G]*[09])?)?(?:[.D]([09]+))?(S|MI|SG|PR)?([-€£%#): ]*)$/i;

/** Throws (0A000) where the template has more than digits, separators, a sign and signs around them. */
function numberTemplate(template: Expression): NumberTemplate {
  const source = template.constant;
  if (typeof source !== "string") throw unsupported("to_char with a template that is not constant");
  const [found, fill, first, before = "", whole = "", decimals, last, after = ""] =
    numbers.exec(source) ?? [];
  const signs = [first, last].filter((sign) => sign !== undefined).map((sign) => sign.toUpperCase());
  const [sign] = signs;
  const known =
    found !== undefined &&
    whole !== "" &&
    signs.length <= 1 &&
    sign !== "SG" &&
    (sign === undefined || before + after === "");
  if (!known) throw unsupported(`"${source}" as a template of to_char`);
  const place = first === undefined ? "after" : "before";
  return {
    before,
    whole: whole.toUpperCase().replaceAll("G", ","),
    decimals: decimals ?? null,
    after,
    fill: fill === undefined,
    sign:
      sign === undefined ? "plain" : sign === "PR" ? "PR" : (`${sign} ${place}` as NumberTemplate["sign"]),
  };
}

/** `to_char(amount, 'FM999,990.00')`: the template is taken apart now, so it has to be constant. */
export function numberText(value: Expression, template: Expression): Expression {
  const read = numberTemplate(template);
  const places = read.decimals?.length ?? 0;
  const { digits, negative } = magnitude(value, places);
  const printed = `list_transform([{ 'digits': ${digits}, 'negative': ${negative} }], lambda n : ${numberSql(read, places)})[1]`;
  return expression(`(CASE WHEN ${value.sql} IS NOT NULL THEN ${printed} END)`, oid.text);
}

const floatDigits = raise(
  "0A000",
  "to_char of a float of more than 15 digits is not supported on lake tables",
);

/** The number rounded to decimals, without its sign, as text; and whether it is negative. */
function magnitude(value: Expression, places: number): { digits: string; negative: string } {
  if (value.type === oid.float4 || value.type === oid.float8) {
    const most = value.type === oid.float4 ? 6 : 15;
    const printed = `printf('%.${places}f', abs(CAST(${value.sql} AS DOUBLE)))`;
    const tooLong = `NOT isfinite(${value.sql}) OR length(printf('%.0f', abs(CAST(${value.sql} AS DOUBLE)))) + ${places} > ${most}`;
    return {
      digits: `(CASE WHEN ${tooLong} THEN ${floatDigits} ELSE ${printed} END)`,
      // Postgres goes by the sign that is written: that of -0.00 too.
      negative: `starts_with(printf('%.${places}f', CAST(${value.sql} AS DOUBLE)), '-')`,
    };
  }
  if (value.type !== oid.numeric) {
    const whole = `CAST(abs(CAST(${value.sql} AS HUGEINT)) AS VARCHAR)`;
    const zeros = places === 0 ? "" : ` || ${text(`.${"0".repeat(places)}`)}`;
    return { digits: `(${whole}${zeros})`, negative: `(${value.sql} < 0)` };
  }
  const exact = rounded(value, decimal(38, places)).sql;
  return { digits: cast(call("abs", exact), "VARCHAR"), negative: `(${exact} < 0)` };
}

/** Of a row `n` with `digits` and `negative`. */
function numberSql(read: NumberTemplate, places: number): string {
  const positions = read.whole.replaceAll(",", "");
  const whole = "split_part(n['digits'], '.', 1)";
  const tooWide = `length(${whole}) > ${positions.length}`;
  const number = signed(read, `${wholeSql(read, whole)}${decimalsSql(read)}`, read.whole.length);
  const marks = signed(
    read,
    text(`${read.whole.replace(/[09]/g, "#")}${places === 0 ? "" : `.${"#".repeat(places)}`}`),
    read.whole.length,
  );
  const around = [read.before, read.after].map((each) => (each === "" ? null : text(each)));
  const body = `(CASE WHEN ${tooWide} THEN ${marks} ELSE ${number} END)`;
  return [around[0], body, around[1]].filter((part) => part !== null && part !== undefined).join(" || ");
}

/** The whole part, with its separators and without blanks in front. */
function wholeSql(read: NumberTemplate, whole: string): string {
  const positions = read.whole.replaceAll(",", "");
  const zero = positions.indexOf("0");
  // A 0 in front of decimals is not written where no 0 of the template asks for it.
  const digits =
    zero < 0 && read.decimals !== null
      ? `(CASE WHEN ${whole} = '0' THEN ${onlyZero(read)} ELSE ${whole} END)`
      : whole;
  const filled =
    zero < 0
      ? digits
      : call(
          "lpad",
          digits,
          `CAST(greatest(${positions.length - zero}, length(${digits})) AS INTEGER)`,
          "'0'",
        );
  if (!read.whole.includes(",")) return filled;
  const padded = call("lpad", filled, String(positions.length), "' '");
  let at = 1;
  const parts = read.whole.split(",").map((part) => {
    const piece = part === "" ? "''" : `substring(n['padded'], ${at}, ${part.length})`;
    at += part.length;
    return piece;
  });
  return `list_transform([{ 'padded': ${padded} }], lambda n : ltrim(${parts.join(" || ',' || ")}, ' ,'))[1]`;
}

/** `FM9.9` of nothing is `0.`: where all decimals fall away the 0 stays. */
function onlyZero(read: NumberTemplate): string {
  if (read.fill || /0/.test(read.decimals ?? "")) return "''";
  return "CASE WHEN rtrim(split_part(n['digits'], '.', 2), '0') = '' THEN '0' ELSE '' END";
}

function decimalsSql(read: NumberTemplate): string {
  if (read.decimals === null) return "";
  const decimals = "split_part(n['digits'], '.', 2)";
  if (read.fill) return ` || '.' || ${decimals}`;
  const kept = read.decimals.lastIndexOf("0") + 1;
  return ` || '.' || left(${decimals}, ${kept}) || rtrim(substring(${decimals}, ${kept + 1}), '0')`;
}

/** `width`: of the whole part. What is filled is filled in front of the sign. */
function signed(read: NumberTemplate, body: string, width: number): string {
  const total = width + (read.decimals === null ? 0 : 1 + read.decimals.length);
  const padded = (sql: string, more: number) =>
    read.fill ? call("lpad", sql, String(total + more), "' '") : `(${sql})`;
  const choice = (negative: string, positive: string) =>
    `CASE WHEN n['negative'] THEN ${text(negative)} ELSE ${text(positive)} END`;
  const blank = read.fill ? " " : "";
  switch (read.sign) {
    case "plain":
      return padded(`${choice("-", blank)} || ${body}`, 1);
    case "S before":
      return padded(`${choice("-", "+")} || ${body}`, 1);
    case "S after":
      return `${padded(body, 0)} || ${choice("-", "+")}`;
    case "MI before":
      return `${choice("-", blank)} || ${padded(body, 0)}`;
    case "MI after":
      return `${padded(body, 0)} || ${choice("-", blank)}`;
    case "PR":
      return `${padded(`${choice("<", blank)} || ${body}`, 1)} || ${choice(">", blank)}`;
  }
}

/** The types that a number is formatted of. */
export const formattedNumbers = ["int4", "int8", "numeric", "float4", "float8"] as const;
