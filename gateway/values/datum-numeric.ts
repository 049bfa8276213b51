import { unsupported } from "../pg-error.ts";
import type { PgNumeric } from "./numeric.ts";

/** A `numeric` as Postgres keeps it in memory; `bytes` begins behind its length word. @throws PgError 0A000 for NaN. */
export function numericFromDatum(bytes: Buffer): PgNumeric {
  const header = bytes.readUInt16LE(0);
  const kind = header & 0xc000;
  if (kind === 0xc000) throw unsupported("NaN or Infinity of type numeric");
  if (kind === 0x8000) {
    return {
      negative: (header & 0x2000) !== 0,
      scale: (header & 0x1f80) >> 7,
      // Seven bits, signed.
      weight: ((header & 0x7f) ^ 0x40) - 0x40,
      digits: digitsOf(bytes.subarray(2)),
    };
  }
  return {
    negative: kind === 0x4000,
    scale: header & 0x3fff,
    weight: bytes.readInt16LE(2),
    digits: digitsOf(bytes.subarray(4)),
  };
}

function digitsOf(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length >> 1 }, (_, index) => bytes.readInt16LE(index * 2));
}
