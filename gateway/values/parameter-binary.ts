import { PgError, unsupported } from "../pg-error.ts";
import { jsonbText } from "./jsonb.ts";
import {
  arrayLiteral,
  booleanLiteral,
  byteaLiteral,
  charLiteral,
  dateLiteral,
  floatLiteral,
  integerLiteral,
  intervalLiteral,
  jsonLiteral,
  numericLiteral,
  realLiteral,
  textLiteral,
  timeLiteral,
  timestampLiteral,
  timestamptzLiteral,
  timetzLiteral,
  uuidLiteral,
} from "./literal.ts";
import { numericText } from "./numeric.ts";
import { oids, type ScalarType } from "./types.ts";
import { utf8 } from "./utf8.ts";

/** Bytes that every value of a type takes on the wire; of those not named, any number. */
const wireLength = new Map<number, number>([
  [oids.bool, 1],
  [oids.char, 1],
  [oids.int2, 2],
  [oids.int4, 4],
  [oids.int8, 8],
  [oids.oid, 4],
  [oids.float4, 4],
  [oids.float8, 8],
  [oids.date, 4],
  [oids.time, 8],
  [oids.timetz, 12],
  [oids.timestamp, 8],
  [oids.timestamptz, 8],
  [oids.interval, 16],
  [oids.uuid, 16],
]);

/** A value in the format of the type's receive function as a literal. @throws PgError 22P03, 0A000 */
export function binaryParameter(type: ScalarType, bytes: Buffer): string {
  if (bytes.length !== (wireLength.get(type.oid) ?? bytes.length)) throw malformed();
  switch (type.oid) {
    case oids.bool:
      return booleanLiteral(bytes[0] !== 0);
    case oids.int2:
      return integerLiteral(bytes.readInt16BE(0), type.duckdb);
    case oids.int4:
      return integerLiteral(bytes.readInt32BE(0), type.duckdb);
    case oids.int8:
      return integerLiteral(bytes.readBigInt64BE(0), type.duckdb);
    case oids.oid:
      return integerLiteral(bytes.readUInt32BE(0), type.duckdb);
    case oids.float4:
      return realLiteral(bytes.readFloatBE(0));
    case oids.float8:
      return floatLiteral(bytes.readDoubleBE(0));
    case oids.numeric:
      return numericParameter(bytes);
    case oids.text:
    case oids.varchar:
    case oids.bpchar:
    case oids.name:
    case oids.unknown:
      return textLiteral(utf8(bytes));
    case oids.char:
      return charLiteral(bytes.readUInt8(0));
    case oids.bytea:
      return byteaLiteral(bytes);
    case oids.date:
      return dateLiteral(bytes.readInt32BE(0));
    case oids.time:
      return timeLiteral(bytes.readBigInt64BE(0));
    case oids.timetz:
      return timetzLiteral(bytes.readBigInt64BE(0), bytes.readInt32BE(8));
    case oids.timestamp:
      return timestampLiteral(bytes.readBigInt64BE(0));
    case oids.timestamptz:
      return timestamptzLiteral(bytes.readBigInt64BE(0));
    case oids.interval:
      return intervalLiteral(bytes.readInt32BE(12), bytes.readInt32BE(8), bytes.readBigInt64BE(0));
    case oids.uuid:
      return uuidLiteral(bytes);
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
