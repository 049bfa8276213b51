import duckdb, { type Vector } from "@duckdb/node-bindings";

/** What a vector of DuckDB's is in memory. Each call copies, into a buffer of its own: aligned for any typed array. */

/** The values of fixed width, in bytes; little-endian, as everything in DuckDB's memory. */
export function vectorData(vector: Vector, rows: number, width: number): Uint8Array<ArrayBuffer> {
  return duckdb.vector_get_data(vector, rows * width) as Uint8Array<ArrayBuffer>;
}

/** 32-bit words of the values: two of an int64, the low one first. */
export function vectorWords(vector: Vector, rows: number, width: number): Int32Array<ArrayBuffer> {
  const data = vectorData(vector, rows, width);
  return new Int32Array(data.buffer, data.byteOffset, data.byteLength >> 2);
}

/** One bit a row, unset for NULL; null where there is none. */
export type Validity = Uint8Array | null;

export function vectorValidity(vector: Vector, rows: number): Validity {
  return duckdb.vector_get_validity(vector, Math.ceil(rows / 64) * 8);
}

export function isNullAt(validity: Validity, row: number): boolean {
  return validity !== null && ((validity[row >> 3] as number) & (1 << (row & 7))) === 0;
}

export const wordSize = 4_294_967_296;

/** An int64 whose high word is below this, and not below its negative, is a number that JavaScript has exactly. */
export const safeHighWord = 1 << 21;

export function joinedWords(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}
