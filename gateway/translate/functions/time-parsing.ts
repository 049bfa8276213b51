import { unsupported } from "../../pg-error.ts";
import { type Expression, text } from "../expression.ts";
import { type TimePattern, timePatterns } from "./time-patterns.ts";

const months = ["January", "February", "March", "April", "May", "June", "July", "August", "September"].concat(
  "October",
  "November",
  "December",
);

/** A pattern of a template as what the text has to be like there, and as strptime's. */
interface Readable {
  /** How many digits; those of two may be one where something else than a digit follows. */
  digits?: number;
  words?: readonly string[];
  format: string;
}

const readable: Readonly<Record<string, Readable>> = {
  YYYY: { digits: 4, format: "%Y" },
  MM: { digits: 2, format: "%m" },
  DD: { digits: 2, format: "%d" },
  HH24: { digits: 2, format: "%H" },
  HH12: { digits: 2, format: "%I" },
  HH: { digits: 2, format: "%I" },
  MI: { digits: 2, format: "%M" },
  SS: { digits: 2, format: "%S" },
  MS: { digits: 3, format: "%g" },
  US: { digits: 6, format: "%f" },
  AM: { words: ["AM", "PM"], format: "%p" },
  PM: { words: ["AM", "PM"], format: "%p" },
  MON: { words: months.map((month) => month.slice(0, 3)), format: "%b" },
  MONTH: { words: months, format: "%B" },
};

/** to_date and to_timestamp of text that is exactly as the template says; other text raises. A TIMESTAMP. */
export function parsedTime(value: Expression, template: Expression): string {
  if (typeof template.constant !== "string") throw unsupported("a template that is not constant");
  const found = timePatterns(template.constant);
  let pattern = "";
  let format = "";
  found.forEach((each, index) => {
    if (each.name === null) {
      if (!/^[-/.,:_ ]+$/.test(each.literal) && !/^"[A-Za-z]*"$/.test(quotedAs(each, template.constant)))
        throw unsupported(`"${each.literal}" in a template`);
      pattern += each.literal.replaceAll(/[-/.,:_ ]/g, "[$&]").replaceAll("[-]", "\\-");
      format += each.literal;
      return;
    }
    const known = readable[each.name.toUpperCase()];
    if (known === undefined || each.ordinal !== "") throw unsupported(`"${each.name}" in a template`);
    pattern += patternOf(known, found[index + 1]);
    format += known.format;
  });
  if (!format.includes("%Y")) throw unsupported("a template without YYYY");
  if (format.includes("%p") !== format.includes("%I")) throw unsupported("a template with HH12 without AM");
  const refusal = `error('[postgres 0A000] text that is not exactly as the template says is not supported on lake tables')`;
  return `(CASE WHEN ${value.sql} IS NULL THEN NULL WHEN regexp_full_match(${value.sql}, ${text(pattern)}) THEN strptime(${value.sql}, ${text(format)}) ELSE ${refusal} END)`;
}

/** Letters stand for themselves only where the template has them in quotes. */
function quotedAs(each: TimePattern & { name: null }, template: unknown): string {
  const quoted = `"${each.literal}"`;
  return String(template).includes(quoted) ? quoted : each.literal;
}

function patternOf(known: Readable, next: TimePattern | undefined): string {
  if (known.words !== undefined) return `(?i:${known.words.join("|")})`;
  if (known.format === "%I") return "(?:0[1-9]|1[0-2])";
  const alone = next === undefined || (next.name === null && !/^[0-9]/.test(next.literal));
  return known.digits === 2 && alone ? "[0-9]{1,2}" : `[0-9]{${known.digits}}`;
}
