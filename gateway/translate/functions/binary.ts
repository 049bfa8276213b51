import { unsupported } from "../../pg-error.ts";
import { call, cast, type Expression, expression } from "../expression.ts";
import { raise } from "../raised.ts";
import { oid } from "../types.ts";
import { operands } from "./operands.ts";
import type { FunctionTranslator } from "./registry.ts";

type Entry = [string, FunctionTranslator];

export const binary: Entry[] = [
  ["||(bytea,bytea)", ([left, right]) => expression(`(${left?.sql} || ${right?.sql})`, oid.bytea)],
  ["length(bytea)", size],
  ["octet_length(bytea)", size],
  ["md5(bytea)", ([value]) => expression(call("md5", operands(value)[0].sql), oid.text)],
  ["sha256(bytea)", ([value]) => expression(`unhex(sha256(${operands(value)[0].sql}))`, oid.bytea)],
  ["encode(bytea,text)", ([value, format]) => encoded(...operands(value, format))],
  ["decode(text,text)", ([value, format]) => decoded(...operands(value, format))],
  [
    "convert_to(text,name)",
    ([value, encoding]) => {
      requireUtf8(...operands(encoding));
      return expression(call("encode", operands(value)[0].sql), oid.bytea);
    },
  ],
  [
    "convert_from(bytea,name)",
    ([value, encoding]) => {
      requireUtf8(...operands(encoding));
      return expression(call("decode", operands(value)[0].sql), oid.text);
    },
  ],
];

function size([value]: Expression[]): Expression {
  return expression(cast(call("octet_length", operands(value)[0].sql), "INTEGER"), oid.int4);
}

function encoded(value: Expression, format: Expression): Expression {
  switch (format.constant) {
    case "hex":
      return expression(`lower(hex(${value.sql}))`, oid.text);
    case "base64":
      // In lines of 76 signs.
      return expression(
        `rtrim(regexp_replace(base64(${value.sql}), '(.{76})', e'\\\\1\\n', 'g'), e'\\n')`,
        oid.text,
      );
    default:
      throw unsupported(`encode as ${String(format.constant ?? "what is not constant")}`);
  }
}

const notHexadecimal = raise("22023", "invalid hexadecimal data");
const notBase64 = raise(
  "0A000",
  "base64 that is not written in whole groups of four signs is not supported on lake tables",
);

function decoded(value: Expression, format: Expression): Expression {
  const checked = (pattern: string, refusal: string, name: string) =>
    expression(
      `(CASE WHEN regexp_full_match(${value.sql}, '${pattern}') THEN ${name}(${value.sql}) WHEN ${value.sql} IS NOT NULL THEN ${refusal} END)`,
      oid.bytea,
    );
  switch (format.constant) {
    case "hex":
      return checked("([0-9a-fA-F]{2})*", notHexadecimal, "unhex");
    case "base64":
      return checked("([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", notBase64, "from_base64");
    default:
      throw unsupported(`decode of ${String(format.constant ?? "what is not constant")}`);
  }
}

function requireUtf8(encoding: Expression): void {
  if (typeof encoding.constant !== "string" || !/utf-?8/i.test(encoding.constant)) {
    throw unsupported("an encoding other than UTF8");
  }
}
