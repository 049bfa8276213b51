import { unsupported } from "../../pg-error.ts";
import { call, cast, type Expression, expression, text } from "../expression.ts";
import { arrayOf, oid } from "../types.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";
import { type PatternUse, type RegularPattern, regularPattern } from "./regular-pattern.ts";

type Entry = [string, FunctionTranslator];

export const regularExpressions: Entry[] = [
  ["~(text,text)", ([value, pattern]) => tested(...operands(value, pattern), "", false)],
  ["!~(text,text)", ([value, pattern]) => tested(...operands(value, pattern), "", true)],
  ["~*(text,text)", ([value, pattern]) => tested(...operands(value, pattern), "i", false)],
  ["!~*(text,text)", ([value, pattern]) => tested(...operands(value, pattern), "i", true)],
  ["regexp_like(text,text)", ([value, pattern]) => tested(...operands(value, pattern), "", false)],
  [
    "regexp_like(text,text,text)",
    ([value, pattern, flags]) => tested(...operands(value, pattern), flagsOf(flags, "i"), false),
  ],
  ["regexp_replace(text,text,text)", ([value, pattern, by]) => replaced(...operands(value, pattern, by), "")],
  [
    "regexp_replace(text,text,text,text)",
    ([value, pattern, by, flags]) => replaced(...operands(value, pattern, by), flagsOf(flags, "gi")),
  ],
  ["substring(text,text)", ([value, pattern]) => extracted(...operands(value, pattern))],
  ["regexp_substr(text,text)", ([value, pattern]) => found(...operands(value, pattern), 0)],
  ["regexp_match(text,text)", ([value, pattern]) => matched(...operands(value, pattern))],
  [
    "regexp_match(text,text,text)",
    ([value, pattern, flags]) => matched(...operands(value, pattern), flagsOf(flags, "i")),
  ],
  [
    "regexp_count(text,text)",
    ([value, pattern]) =>
      expression(
        cast(`len(${everyMatch(operands(value)[0], patternOf(pattern, "extract"))})`, "INTEGER"),
        oid.int4,
      ),
  ],
  ["regexp_split_to_array(text,text)", splitAt],
  // The pattern of SIMILAR TO, as a regular expression.
  ["similar_to_escape(text)", ([pattern]) => similar(...operands(pattern), "\\")],
  [
    "similar_to_escape(text,text)",
    ([pattern, escaping]) => {
      if (typeof escaping?.constant !== "string")
        throw unsupported("ESCAPE of SIMILAR TO that is not constant");
      return similar(...operands(pattern), escaping.constant);
    },
  ],
];

/** A pattern has to be known, so that it can be told to mean the same. */
function patternOf(pattern: Expression | undefined, use: PatternUse, flags = ""): RegularPattern {
  const [only] = operands(pattern);
  if (typeof only.constant !== "string") throw unsupported("a regular expression that is not constant");
  return regularPattern(only.constant, use, flags);
}

function flagsOf(flags: Expression | undefined, known: string): string {
  const [only] = operands(flags);
  if (typeof only.constant !== "string" || [...only.constant].some((flag) => !known.includes(flag))) {
    throw unsupported("these flags of a regular expression");
  }
  return only.constant;
}

function tested(value: Expression, pattern: Expression, flags: string, not: boolean): Expression {
  const read = patternOf(pattern, "test", flags);
  const test = call("regexp_matches", value.sql, text(read.pattern), text(`s${flags}`));
  return expression(not ? `(NOT ${test})` : test, oid.bool);
}

/** Where nothing is matched, Postgres and RE2 go on differently. */
function refuseEmpty(read: RegularPattern): void {
  if (
    new RegExp(
      `^(?:${read.pattern.replace("(?i)", "").replaceAll(/\\x\{([0-9a-f]+)\}/g, "\\u{$1}")})$`,
      "us",
    ).test("")
  ) {
    throw unsupported("a regular expression that matches nothing, for anything but a test,");
  }
}

function replaced(value: Expression, pattern: Expression, by: Expression, flags: string): Expression {
  const read = patternOf(pattern, "extract", flags);
  refuseEmpty(read);
  const template = by.constant;
  if (typeof template !== "string") throw unsupported("a replacement that is not constant");
  if (/\\[^\\1-9]|\\$/.test(template.replaceAll("\\\\", ""))) throw unsupported("this replacement");
  if (/\\0/.test(template)) throw unsupported("this replacement");
  const numbers = [...template.replaceAll("\\\\", "").matchAll(/\\([1-9])/g)].map(([, number]) =>
    Number(number),
  );
  if (numbers.some((number) => number > read.groups))
    throw unsupported("a replacement by a group that there is not");
  return expression(
    call("regexp_replace", value.sql, text(read.pattern), text(template), text(`s${flags}`)),
    oid.text,
  );
}

/** The first group where there is one, else the whole match; NULL without a match. */
function extracted(value: Expression, pattern: Expression): Expression {
  return found(value, pattern, patternOf(pattern, "extract").groups > 0 ? 1 : 0);
}

function found(value: Expression, pattern: Expression, group: number): Expression {
  const read = patternOf(pattern, "extract");
  const source = text(read.pattern);
  const match = call("regexp_extract", value.sql, source, String(group), "'s'");
  return expression(`(CASE WHEN regexp_matches(${value.sql}, ${source}, 's') THEN ${match} END)`, oid.text);
}

/** The groups of a pattern; the whole match where it has none. */
function groupsOf(read: RegularPattern): number[] {
  return read.groups === 0 ? [0] : Array.from({ length: read.groups }, (_, index) => index + 1);
}

function matched(value: Expression, pattern: Expression, flags = ""): Expression {
  const read = patternOf(pattern, "extract", flags);
  const source = text(read.pattern);
  const options = text(`s${flags}`);
  const items = groupsOf(read).map((group) =>
    call("regexp_extract", value.sql, source, String(group), options),
  );
  return expression(
    `(CASE WHEN regexp_matches(${value.sql}, ${source}, ${options}) THEN [${items.join(", ")}] END)`,
    arrayOf(oid.text),
  );
}

function everyMatch(value: Expression, read: RegularPattern, group = 0, flags = ""): string {
  refuseEmpty(read);
  if (read.pattern.includes("^")) refuseAnchor(read.pattern);
  return call("regexp_extract_all", value.sql, text(read.pattern), String(group), text(`s${flags}`));
}

/** After a match RE2 takes the rest for a beginning, Postgres does not. */
function refuseAnchor(pattern: string): void {
  if (/(^|[^[])\^/.test(pattern))
    throw unsupported("^ in a regular expression that is looked for repeatedly");
}

/** The list of what regexp_matches returns, an array each. */
export function allMatches([value, pattern, flags]: Expression[]): Expression {
  const options = flags === undefined ? "" : flagsOf(flags, "gi");
  const [source, read] = [operands(value)[0], patternOf(pattern, "extract", options)];
  const type = arrayOf(oid.text);
  if (!options.includes("g")) {
    const only = matched(source, operands(pattern)[0], options);
    return expression(`(CASE WHEN ${only.sql} IS NOT NULL THEN [${only.sql}] END)`, type);
  }
  const lists = groupsOf(read).map((group) => everyMatch(source, read, group, options.replace("g", "")));
  const [first] = lists;
  const fields = lists.map((list) => `${list}[place]`);
  return expression(
    `list_transform(range(1, CAST(len(${first}) AS BIGINT) + 1), lambda place : [${fields.join(", ")}])`,
    type,
  );
}

export function splitAt([value, pattern]: Expression[]): Expression {
  const [source, read] = [operands(value)[0], patternOf(pattern, "extract")];
  refuseEmpty(read);
  if (read.pattern.includes("^")) refuseAnchor(read.pattern);
  return expression(
    call("regexp_split_to_array", source.sql, text(`(?s)${read.pattern}`)),
    arrayOf(oid.text),
  );
}

/** As Postgres's similar_escape, for patterns without its parts between escaped quotes. */
function similar(pattern: Expression, escaping: string): Expression {
  const source = pattern.constant;
  if (typeof source !== "string" || [...escaping].length > 1)
    throw unsupported("SIMILAR TO a pattern that is not constant");
  let result = "^(?:";
  let bracket = false;
  const signs = [...source];
  for (let index = 0; index < signs.length; index += 1) {
    const sign = signs[index] ?? "";
    if (escaping !== "" && sign === escaping) {
      index += 1;
      const next = signs[index];
      if (next === undefined || next === '"') throw unsupported("this escaping in SIMILAR TO");
      result += `\\${next}`;
    } else if (bracket) {
      if (sign === "\\") result += "\\\\";
      else result += sign;
      if (sign === "]") bracket = false;
    } else if (sign === "[") {
      if (/^\[\^?\]/.test(signs.slice(index).join("")))
        throw unsupported("] at the beginning of brackets in SIMILAR TO");
      bracket = true;
      result += sign;
    } else if (sign === "%") result += ".*";
    else if (sign === "_") result += ".";
    else if (sign === "(") result += "(?:";
    else if (["\\", ".", "^", "$"].includes(sign)) result += `\\${sign}`;
    else result += sign;
  }
  const constant = `${result})$`;
  return { ...expression(text(constant), oid.text), constant };
}
