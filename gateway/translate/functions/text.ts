import { unsupported } from "../../pg-error.ts";
import { call, cast, type Expression, expression, text } from "../expression.ts";
import { macro } from "../macros.ts";
import { raise } from "../raised.ts";
import { elementType, oid } from "../types.ts";
import { outputText } from "./conversion.ts";
import { parsedNumber } from "./number-parsing.ts";
import { formattedNumbers, numberText } from "./number-text.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";
import { formatted, quotedIdentifier } from "./text-format.ts";

type Entry = [string, FunctionTranslator];

export const textFunctions: Entry[] = [
  ["||(text,text)", ([left, right]) => both(...operands(left, right))],
  ["||(text,anynonarray)", ([left, right]) => joined(...operands(left, right))],
  ["||(anynonarray,text)", ([left, right]) => joined(...operands(left, right))],
  ["concat(any)", (values) => expression(concatenated("concat", values), oid.text)],
  [
    "concat_ws(text,any)",
    ([separator, ...values]) =>
      expression(concatenated("concat_ws", values, ...operands(separator)), oid.text),
  ],
  ["lower(text)", simple("lower")],
  ["upper(text)", ([value]) => expression(macro("upper", ...sqls([value])), oid.text)],
  ["initcap(text)", ([value]) => expression(macro("initcap", ...sqls([value])), oid.text)],
  ...["length", "char_length", "character_length"].map((name): Entry => [`${name}(text)`, counted("length")]),
  ...["length", "char_length", "character_length"].map(
    (name): Entry => [`${name}(bpchar)`, counted("length")],
  ),
  ["octet_length(text)", counted("strlen")],
  [
    "bit_length(text)",
    ([value]) => expression(cast(`(strlen(${operands(value)[0].sql}) * 8)`, "INTEGER"), oid.int4),
  ],
  ...["substring", "substr"].flatMap((name): Entry[] => [
    [
      `${name}(text,int4)`,
      ([value, start]) => {
        const [source, from] = operands(value, start);
        return expression(call("substring", source.sql, `greatest(${from.sql}, 1)`), oid.text);
      },
    ],
    [`${name}(text,int4,int4)`, (values) => expression(macro("substring_for", ...sqls(values)), oid.text)],
  ]),
  ["left(text,int4)", simple("left")],
  ["right(text,int4)", simple("right")],
  ["position(text,text)", counted("strpos")],
  ["strpos(text,text)", counted("strpos")],
  ...(["btrim", "ltrim", "rtrim"] as const).flatMap((name): Entry[] => {
    const duckdb = name === "btrim" ? "trim" : name;
    return [
      [`${name}(text)`, ([value]) => expression(call(duckdb, ...sqls([value]), "' '"), oid.text)],
      [`${name}(text,text)`, simple(duckdb)],
    ];
  }),
  [
    "lpad(text,int4)",
    ([value, count]) => expression(macro("padded_left", ...sqls([value, count]), "' '"), oid.text),
  ],
  ["lpad(text,int4,text)", (values) => expression(macro("padded_left", ...sqls(values)), oid.text)],
  [
    "rpad(text,int4)",
    ([value, count]) => expression(macro("padded_right", ...sqls([value, count]), "' '"), oid.text),
  ],
  ["rpad(text,int4,text)", (values) => expression(macro("padded_right", ...sqls(values)), oid.text)],
  [
    "repeat(text,int4)",
    ([value, count]) => {
      const [source, times] = operands(value, count);
      return expression(call("repeat", source.sql, `greatest(${times.sql}, 0)`), oid.text);
    },
  ],
  [
    "reverse(text)",
    ([value]) => {
      const [source] = operands(value);
      // DuckDB's own keeps what makes up one sign together; Postgres goes by code point.
      return expression(
        `coalesce(array_to_string(list_reverse(regexp_extract_all(${source.sql}, '(?s:.)')), ''), '') || left(${source.sql}, 0)`,
        oid.text,
      );
    },
  ],
  ["replace(text,text,text)", simple("replace")],
  ["translate(text,text,text)", simple("translate")],
  ["split_part(text,text,int4)", (values) => expression(macro("split_part", ...sqls(values)), oid.text)],
  ["starts_with(text,text)", simple("starts_with")],
  ["^@(text,text)", simple("starts_with")],
  [
    "ascii(text)",
    ([value]) => {
      const [source] = operands(value);
      return expression(`(CASE WHEN ${source.sql} = '' THEN 0 ELSE ascii(${source.sql}) END)`, oid.int4);
    },
  ],
  ["chr(int4)", ([code]) => expression(macro("chr", operands(code)[0].sql), oid.text)],
  ["md5(text)", simple("md5")],
  ["format(text)", formatted],
  ["format(text,any)", formatted],
  [
    "quote_ident(text)",
    ([value], { context }) => expression(quotedIdentifier(operands(value)[0].sql, context), oid.text),
  ],
  ["quote_literal(text)", ([value]) => expression(macro("quote_literal", ...sqls([value])), oid.text)],
  [
    "quote_nullable(text)",
    ([value]) => expression(`coalesce(${macro("quote_literal", ...sqls([value]))}, 'NULL')`, oid.text),
  ],
  [
    "overlay(text,text,int4)",
    ([value, by, from]) => {
      const [source, other, start] = operands(value, by, from);
      return expression(macro("overlay", source.sql, other.sql, start.sql, `length(${other.sql})`), oid.text);
    },
  ],
  ["overlay(text,text,int4,int4)", (values) => expression(macro("overlay", ...sqls(values)), oid.text)],
  ["num_nulls(any)", (values) => countOf(values, "IS NULL")],
  ["num_nonnulls(any)", (values) => countOf(values, "IS NOT NULL")],
  ["gen_random_uuid()", () => expression("uuid()", oid.uuid)],
  [
    "name(text)",
    ([value]) => {
      const [source] = operands(value);
      return expression(
        `(CASE WHEN strlen(${source.sql}) > 63 THEN ${longName} ELSE ${source.sql} END)`,
        oid.name,
      );
    },
  ],
  ["to_hex(int4)", ([value]) => hexadecimal(...operands(value), "UINTEGER")],
  ["to_hex(int8)", ([value]) => hexadecimal(...operands(value), "UBIGINT")],
  ["string_to_array(text,text)", (values) => expression(macro("string_to_array", ...sqls(values)), 1009)],
  [
    "string_to_array(text,text,text)",
    ([value, separator, missing]) => {
      const [none] = operands(missing);
      const list = macro("string_to_array", ...sqls([value, separator]));
      return expression(
        `list_transform(${list}, lambda item : CASE WHEN item = ${none.sql} THEN NULL ELSE item END)`,
        1009,
      );
    },
  ],
  ["array_to_string(anyarray,text)", ([array, separator]) => listText(...operands(array, separator), null)],
  [
    "array_to_string(anyarray,text,text)",
    ([array, separator, missing]) => listText(...operands(array, separator, missing)),
  ],
  ["~~(text,text)", ([value, pattern]) => like("LIKE", ...operands(value, pattern))],
  ["!~~(text,text)", ([value, pattern]) => like("NOT LIKE", ...operands(value, pattern))],
  ["~~*(text,text)", ([value, pattern]) => like("ILIKE", ...operands(value, pattern))],
  ["!~~*(text,text)", ([value, pattern]) => like("NOT ILIKE", ...operands(value, pattern))],
  ...formattedNumbers.map(
    (type): Entry => [
      `to_char(${type},text)`,
      ([value, template]) => numberText(...operands(value, template)),
    ],
  ),
  ["to_number(text,text)", ([value, template]) => parsedNumber(...operands(value, template))],
  ["like_escape(text,text)", ([pattern, escaping]) => escapedPattern(...operands(pattern, escaping))],
  ["text(bpchar)", ([value]) => expression(operands(value)[0].sql, oid.text)],
  [
    "bpchar(bpchar,int4,bool)",
    ([value, modifier, explicit]) => {
      const cut = shortened(...operands(value, modifier, explicit));
      return expression(call("rtrim", cut.sql, "' '"), oid.bpchar);
    },
  ],
  [
    "varchar(varchar,int4,bool)",
    ([value, modifier, explicit]) => shortened(...operands(value, modifier, explicit)),
  ],
];

const longName = raise("0A000", "a name of more than 63 bytes is not supported on lake tables");

function countOf(values: readonly Expression[], test: string): Expression {
  const counts = values.map((value) => `CAST(${value.sql} ${test} AS INTEGER)`);
  return expression(`(${counts.join(" + ")})`, oid.int4);
}

function sqls(values: readonly (Expression | undefined)[]): string[] {
  return operands(...values).map((value) => value.sql);
}

function simple(name: string): FunctionTranslator {
  return (values, site) => expression(call(name, ...sqls(values)), site.resultType);
}

function counted(name: string): FunctionTranslator {
  return (values) => expression(cast(call(name, ...sqls(values)), "INTEGER"), oid.int4);
}

/** Of constants a constant: a pattern may be put together. */
function both(left: Expression, right: Expression): Expression {
  if (typeof left.constant === "string" && typeof right.constant === "string") {
    const constant = left.constant + right.constant;
    return { ...expression(text(constant), oid.text), constant };
  }
  return expression(`(${left.sql} || ${right.sql})`, oid.text);
}

/** `||` between a text and something else, which is cast to text. */
function joined(left: Expression, right: Expression): Expression {
  const parts = [left, right].map((value) =>
    value.type === oid.bool ? cast(value.sql, "VARCHAR") : outputText(value),
  );
  return expression(`(${parts.join(" || ")})`, oid.text);
}

function concatenated(name: string, values: readonly Expression[], separator?: Expression): string {
  const parts = values.map(outputText);
  return call(name, ...(separator === undefined ? [] : [separator.sql]), ...parts);
}

function hexadecimal(value: Expression, unsigned: string): Expression {
  const bits = unsigned === "UINTEGER" ? "4294967296" : "18446744073709551616";
  const sql = `lower(to_hex(CAST(CASE WHEN ${value.sql} < 0 THEN CAST(${value.sql} AS HUGEINT) + ${bits} ELSE ${value.sql} END AS ${unsigned})))`;
  return expression(sql, oid.text);
}

function listText(array: Expression, separator: Expression, missing: Expression | null): Expression {
  const element = elementType(array.type);
  if (element === null) throw unsupported("array_to_string of this type");
  const item = outputText({ sql: "item", type: element, numeric: array.numeric });
  const items =
    missing === null
      ? `list_transform(list_filter(${array.sql}, lambda item : item IS NOT NULL), lambda item : ${item})`
      : `list_filter(list_transform(${array.sql}, lambda item : coalesce(${item}, ${missing.sql})), lambda item : item IS NOT NULL)`;
  const listed = `coalesce(array_to_string(${items}, ${separator.sql}), '')`;
  return expression(
    `(CASE WHEN ${array.sql} IS NULL OR ${separator.sql} IS NULL THEN NULL ELSE ${listed} END)`,
    oid.text,
  );
}

/** Postgres's patterns escape with a backslash where nothing else is said; DuckDB's do not. */
function like(operator: string, value: Expression, pattern: Expression): Expression {
  const constant = pattern.constant;
  if (typeof constant === "string") {
    const escapes: string[] = constant.match(/\\[\s\S]?/g) ?? [];
    if (escapes.includes("\\")) throw unsupported("a LIKE pattern that ends with an escape");
    if (escapes.length === 0) return expression(`(${value.sql} ${operator} ${text(constant)})`, oid.bool);
  }
  return expression(`(${value.sql} ${operator} ${pattern.sql} ESCAPE '\\')`, oid.bool);
}

/** The pattern of `LIKE ... ESCAPE '!'` with backslashes for the escapes. */
function escapedPattern(pattern: Expression, escaping: Expression): Expression {
  const [source, sign] = [pattern.constant, escaping.constant];
  if (typeof source !== "string" || typeof sign !== "string" || [...sign].length > 1) {
    throw unsupported("ESCAPE of a LIKE pattern that is not constant");
  }
  let translated = "";
  const signs = [...source];
  for (let index = 0; index < signs.length; index += 1) {
    const each = signs[index] ?? "";
    if (sign !== "" && each === sign) {
      index += 1;
      translated += `\\${signs[index] ?? ""}`;
    } else translated += each === "\\" ? "\\\\" : each;
  }
  return { ...expression(text(translated), oid.text), constant: translated };
}

/** `::varchar(n)`: cut off where it is a cast that was asked for. */
function shortened(value: Expression, modifier: Expression, explicit: Expression): Expression {
  if (typeof modifier.constant !== "number" || explicit.constant !== true)
    throw unsupported("this cast to varchar");
  if (modifier.constant < 4) return value;
  return expression(call("left", value.sql, String(modifier.constant - 4)), value.type);
}
