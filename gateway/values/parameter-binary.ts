import { PgError, unsupported } from "../pg-error.ts";
import { fixedLayoutLiteral, onTheWire } from "./fixed-layout.ts";
import { jsonbText } from "./jsonb.ts";
import { arrayLiteral, jsonLiteral, numericLiteral, textLiteral } from "./literal.ts";
import { numericText } from "./numeric.ts";
import { oids, type ScalarType } from "./types.ts";
import { utf8 } from "./utf8.ts";

/** A value in the format of the type's receive function as a literal. @throws PgError 22P03, 0A000 */
export function binaryParameter(type: ScalarType, bytes: Buffer): string {
  // Of those of fixed length, only a name is shorter on the wire than in memory.
  if (type.length > 0 && type.oid !== oids.name && bytes.length !== type.length) throw malformed();
  const fixed = fixedLayoutLiteral(type, bytes, onTheWire);
  if (fixed !== null) return fixed;
  switch (type.oid) {
    case oids.numeric:
      return numericParameter(bytes);
    case oids.text:
    case oids.varchar:
    case oids.bpchar:
    case oids.name:
    case oids.unknown:
      return textLiteral(utf8(bytes));
    case oids.json:
      return jsonLiteral(utf8(bytes));
    case oids.jsonb:
      if (bytes[0] !== 1) throw malformed();
      return jsonLiteral(jsonbText(utf8(bytes.subarray(1))));
    default:
      throw unsupported(`a parameter of type ${type.name}`);
  }
}

function numericParameter(bytes: Buffer): string {
  if (bytes.length < 8) throw malformed();
  const count = bytes.readUInt16BE(0);
  const sign = bytes.readUInt16BE(4);
  if (bytes.length !== 8 + count * 2) throw malformed();
  if (sign >= 0xc000) throw unsupported("NaN or Infinity of type numeric");
  const digits = Array.from({ length: count }, (_, index) => bytes.readUInt16BE(8 + index * 2));
  return numericLiteral(
    numericText({
      negative: sign !== 0,
      weight: bytes.readInt16BE(2),
      scale: bytes.readUInt16BE(6),
      digits,
    }),
  );
}

/** @throws PgError 0A000 for several dimensions, and for one that does not begin at 1. */
export function binaryArray(element: ScalarType, bytes: Buffer): string {
  if (bytes.length < 12) throw malformed();
  const dimensions = bytes.readInt32BE(0);
  if (bytes.readUInt32BE(8) !== element.oid) throw malformed();
  if (dimensions === 0) return arrayLiteral([], element);
  if (dimensions !== 1) throw unsupported("a parameter that is an array of several dimensions");
  if (bytes.length < 20) throw malformed();
  const count = bytes.readInt32BE(12);
  if (bytes.readInt32BE(16) !== 1) throw unsupported("a parameter that is an array not beginning at 1");
  const literals: string[] = [];
  let offset = 20;
  for (let index = 0; index < count; index++) {
    if (offset + 4 > bytes.length) throw malformed();
    const length = bytes.readInt32BE(offset);
    offset += 4;
    if (length < 0) {
      literals.push("NULL");
      continue;
    }
    if (offset + length > bytes.length) throw malformed();
    literals.push(binaryParameter(element, bytes.subarray(offset, offset + length)));
    offset += length;
  }
  return arrayLiteral(literals, element);
}

function malformed(): PgError {
  return new PgError("22P03", "incorrect binary data format in bind parameter");
}
