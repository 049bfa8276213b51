/**
 * Reads Thrift's compact protocol, in which Parquet footers are written, and believes nothing: no length and no
 * number of items may reach beyond the bytes that are there. DuckDB's own reader makes room for as many items as a
 * list claims before it reads the first: 200 bytes can take all the memory there is.
 */

/** The bytes are no Thrift struct. */
export class Malformed extends Error {}

export const I32 = 5;
export const I64 = 6;
export const BINARY = 8;
export const LIST = 9;
export const STRUCT = 12;

const [TRUE, FALSE, BYTE, DOUBLE, SET, MAP] = [1, 2, 3, 7, 10, 11];
const DEEPEST = 64;

/** What to do with a field, by its id: the type that it must have, and a function that reads it. Others are skipped. */
export type Fields = Readonly<Record<number, readonly [type: number, read: () => void]>>;

export class ThriftReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** How many bytes were read. */
  get position(): number {
    return this.#at;
  }

  /** @throws Malformed */
  struct(fields: Fields, depth = 0): void {
    if (depth > DEEPEST) throw new Malformed("structs nested too deeply");
    for (let id = 0; ; ) {
      const header = this.#byte();
      const type = header & 15;
      if (type === 0) return;
      id = header >> 4 === 0 ? this.integer() : id + (header >> 4);
      const field = fields[id];
      if (field && field[0] === type) field[1]();
      else if (type !== TRUE && type !== FALSE) this.#skip(type, depth);
    }
  }

  /** The items of a list, one call of `read` for each. */
  list(itemType: number, read: () => void): void {
    const { type, size } = this.#listHeader();
    if (size > 0 && type !== itemType) throw new Malformed("a list of unexpected items");
    for (let index = 0; index < size; index += 1) read();
  }

  /** Exact up to 2^53; larger ones are not, and stay larger. */
  integer(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  binary(): Uint8Array {
    const length = this.#varint();
    if (length > this.#bytes.length - this.#at) throw new Malformed("a text reaches beyond the end");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #skip(type: number, depth: number): void {
    if (type === TRUE || type === FALSE || type === BYTE) this.#byte();
    else if (type < DOUBLE) this.#varint();
    else if (type === DOUBLE) for (let index = 0; index < 8; index += 1) this.#byte();
    else if (type === BINARY) this.binary();
    else if (type === STRUCT) this.struct({}, depth + 1);
    else if (type === LIST || type === SET) {
      const { type: itemType, size } = this.#listHeader();
      for (let index = 0; index < size; index += 1) this.#skip(itemType, depth + 1);
    } else if (type === MAP) this.#skipMap(depth);
    else throw new Malformed("a field of no known type");
  }

  #skipMap(depth: number): void {
    const size = this.#size(this.#varint());
    if (size === 0) return;
    const types = this.#byte();
    for (let index = 0; index < size; index += 1) {
      this.#skip(types >> 4, depth + 1);
      this.#skip(types & 15, depth + 1);
    }
  }

  #listHeader(): { type: number; size: number } {
    const header = this.#byte();
    const size = this.#size(header >> 4 === 15 ? this.#varint() : header >> 4);
    return { type: header & 15, size };
  }

  /** An item takes at least one byte. */
  #size(claimed: number): number {
    if (claimed > this.#bytes.length - this.#at)
      throw new Malformed("a list claims more items than it has bytes");
    return claimed;
  }

  #varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      if (factor > 2 ** 63) throw new Malformed("a number without an end");
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new Malformed("it ends too early");
    this.#at += 1;
    return byte;
  }
}
