import { PgError, unsupported } from "../pg-error.ts";
import { numericFromDatum } from "./datum-numeric.ts";
import { fixedLayoutLiteral, inMemory } from "./fixed-layout.ts";
import { jsonbFromDatum } from "./jsonb.ts";
import { arrayLiteral, jsonLiteral, numericLiteral, textLiteral } from "./literal.ts";
import { numericText } from "./numeric.ts";
import { elementType, oids, type ScalarType, scalarType, typeName } from "./types.ts";

/**
 * The value of a constant in Postgres's parse tree as a literal in DuckDB's SQL, of the DuckDB type that stands for
 * the Postgres type. `bytes`: the value as a 64-bit little-endian Postgres keeps it in memory, with its length word.
 * @throws PgError 0A000 for types and values that DuckDB has none for.
 */
export function datumLiteral(typeOid: number, bytes: Buffer): string {
  const element = elementType(typeOid);
  if (element) return arrayDatum(element, unwrapped(bytes));
  const type = scalarType(typeOid);
  if (!type) throw unsupported(`a constant of type ${typeName(typeOid)}`);
  return scalarDatum(type, type.length === -1 ? unwrapped(bytes) : bytes);
}

/** `bytes`: without the length word. */
function scalarDatum(type: ScalarType, bytes: Buffer): string {
  const fixed = fixedLayoutLiteral(type, bytes, inMemory);
  if (fixed !== null) return fixed;
  switch (type.oid) {
    case oids.numeric:
      return numericLiteral(numericText(numericFromDatum(bytes)));
    case oids.text:
    case oids.varchar:
    case oids.bpchar:
      return textLiteral(bytes.toString("utf8"));
    case oids.name:
    case oids.unknown:
      return textLiteral(untilNul(bytes).toString("utf8"));
    case oids.json:
      return jsonLiteral(bytes.toString("utf8"));
    case oids.jsonb:
      return jsonLiteral(jsonbFromDatum(bytes));
    default:
      throw unsupported(`a constant of type ${type.name}`);
  }
}

/** `bytes`: an ArrayType without its length word, which counts for alignment all the same. */
function arrayDatum(element: ScalarType, bytes: Buffer): string {
  const dimensions = bytes.readInt32LE(0);
  if (dimensions === 0) return arrayLiteral([], element);
  if (dimensions > 1) throw unsupported("a constant array of several dimensions");
  const count = bytes.readInt32LE(12);
  if (bytes.readInt32LE(16) !== 1) throw unsupported("a constant array that does not begin at 1");
  const dataOffset = bytes.readInt32LE(4);
  const headerLength = 24;
  // Offsets are from the length word.
  let offset = dataOffset === 0 ? headerLength : dataOffset;
  const literals: string[] = [];
  for (let index = 0; index < count; index++) {
    const isNull =
      dataOffset > 0 && ((bytes[headerLength - 4 + (index >> 3)] ?? 0) & (1 << (index & 7))) === 0;
    if (isNull) {
      literals.push("NULL");
      continue;
    }
    offset = Math.ceil(offset / element.alignment) * element.alignment;
    const rest = bytes.subarray(offset - 4);
    const length = element.length === -1 ? rest.readUInt32LE(0) >>> 2 : element.length;
    const value = rest.subarray(0, length);
    literals.push(scalarDatum(element, element.length === -1 ? unwrapped(value) : value));
    offset += length;
  }
  return arrayLiteral(literals, element);
}

/** What a varlena holds, without its length word. */
function unwrapped(bytes: Buffer): Buffer {
  const first = bytes[0] ?? 0;
  if ((first & 3) === 0) return bytes.subarray(4, bytes.readUInt32LE(0) >>> 2);
  if ((first & 1) === 1 && first !== 1) return bytes.subarray(1, first >>> 1);
  throw new PgError("XX000", "a compressed constant in a parse tree");
}

function untilNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}
