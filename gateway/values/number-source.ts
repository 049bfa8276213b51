import duckdb, { type LogicalType, type Vector } from "@duckdb/node-bindings";
import { PgError } from "../pg-error.ts";
import { joinedWords, safeHighWord, vectorData, vectorWords, wordSize } from "./vector-data.ts";

/** A vector of exact numbers: each is an integer, of which the last `scale` digits stand behind the point. */
export interface NumberSource {
  scale: number;
  bind(vector: Vector, rows: number): void;
  /** A number where JavaScript has it exactly. */
  read(row: number): number | bigint;
}

/** For a DECIMAL or an integer type; null for any other. */
export function numberSource(type: LogicalType): NumberSource | null {
  const id = duckdb.get_type_id(type);
  if (id === duckdb.Type.DECIMAL) {
    return integerSource(duckdb.decimal_internal_type(type), duckdb.decimal_scale(type));
  }
  return integerSource(id, 0);
}

function integerSource(id: duckdb.Type, scale: number): NumberSource | null {
  switch (id) {
    case duckdb.Type.TINYINT:
      return new NarrowSource(scale, 1, (data) => new Int8Array(data.buffer, data.byteOffset));
    case duckdb.Type.UTINYINT:
      return new NarrowSource(scale, 1, (data) => data);
    case duckdb.Type.SMALLINT:
      return new NarrowSource(scale, 2, (data) => new Int16Array(data.buffer, data.byteOffset));
    case duckdb.Type.USMALLINT:
      return new NarrowSource(scale, 2, (data) => new Uint16Array(data.buffer, data.byteOffset));
    case duckdb.Type.INTEGER:
      return new NarrowSource(scale, 4, (data) => new Int32Array(data.buffer, data.byteOffset));
    case duckdb.Type.UINTEGER:
      return new NarrowSource(scale, 4, (data) => new Uint32Array(data.buffer, data.byteOffset));
    case duckdb.Type.BIGINT:
      return new WideSource(scale, 2, true);
    case duckdb.Type.UBIGINT:
      return new WideSource(scale, 2, false);
    case duckdb.Type.HUGEINT:
      return new WideSource(scale, 4, true);
    case duckdb.Type.UHUGEINT:
      return new WideSource(scale, 4, false);
    default:
      return null;
  }
}

type NarrowArray = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

/** Up to 32 bits. */
class NarrowSource implements NumberSource {
  readonly scale: number;
  readonly #width: number;
  readonly #view: (data: Uint8Array) => NarrowArray;
  #values: NarrowArray = new Int32Array();

  constructor(scale: number, width: number, view: (data: Uint8Array) => NarrowArray) {
    this.scale = scale;
    this.#width = width;
    this.#view = view;
  }

  bind(vector: Vector, rows: number): void {
    this.#values = this.#view(vectorData(vector, rows, this.#width));
  }

  read(row: number): number {
    return this.#values[row] as number;
  }
}

/** 64 or 128 bits, as 32-bit words, the low one first. */
class WideSource implements NumberSource {
  readonly scale: number;
  readonly #wordCount: 2 | 4;
  readonly #isSigned: boolean;
  #words = new Int32Array();

  constructor(scale: number, wordCount: 2 | 4, isSigned: boolean) {
    this.scale = scale;
    this.#wordCount = wordCount;
    this.#isSigned = isSigned;
  }

  bind(vector: Vector, rows: number): void {
    this.#words = vectorWords(vector, rows, this.#wordCount * 4);
  }

  read(row: number): number | bigint {
    const words = this.#words;
    const first = row * this.#wordCount;
    const low = words[first] as number;
    const high = words[first + 1] as number;
    const isShort = this.#wordCount === 2 || this.#continues(first + 2, high < 0 ? -1 : 0);
    if (isShort && high < safeHighWord && high >= (this.#isSigned ? -safeHighWord : 0)) {
      return high * wordSize + (low >>> 0);
    }
    return this.#whole(first);
  }

  /** Whether the words from there on say nothing but the sign. */
  #continues(from: number, sign: number): boolean {
    return this.#words[from] === sign && this.#words[from + 1] === sign;
  }

  #whole(first: number): bigint {
    let value = 0n;
    for (let word = this.#wordCount - 2; word >= 0; word -= 2) {
      const part = joinedWords(this.#words[first + word + 1] as number, this.#words[first + word] as number);
      value = (value << 64n) | BigInt.asUintN(64, part);
    }
    return this.#isSigned ? BigInt.asIntN(this.#wordCount * 32, value) : value;
  }
}

/** @throws PgError XX000: a defect of the translation, not of the client's. */
export function undeliverable(type: LogicalType, name: string): PgError {
  return new PgError("XX000", `DuckDB's ${duckdb.Type[duckdb.get_type_id(type)]} was given for ${name}`);
}
