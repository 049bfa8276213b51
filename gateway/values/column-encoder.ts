import type { DuckDBDataChunk } from "@duckdb/node-api";
import duckdb, { type Vector } from "@duckdb/node-bindings";
import { type ByteSink, putInt32 } from "./byte-sink.ts";

/** What of a session's settings decides how values are written. */
export interface EncoderSettings {
  /** As `SHOW TimeZone` says it. */
  timeZone: string;
  extraFloatDigits: number;
}

/** Writes the values of one column of a result, in one format of Postgres's. */
export interface ColumnEncoder {
  /** Reads the column of another chunk from here on. The chunk has to stay until the next call. */
  bind(vector: Vector, rows: number): void;
  isNull(row: number): boolean;
  /** The bytes of a value that is not NULL. */
  writeValue(row: number, sink: ByteSink): void;
  /** Its length, -1 for NULL, and its bytes: a field of a DataRow. */
  write(row: number, sink: ByteSink): void;
}

/** What all encoders have in common: NULLs and lengths. */
export abstract class VectorEncoder implements ColumnEncoder {
  /** One bit a row, unset for NULL; null where there is none. */
  #validity: Uint8Array | null = null;

  bind(vector: Vector, rows: number): void {
    this.#validity = duckdb.vector_get_validity(vector, Math.ceil(rows / 64) * 8);
    this.bindData(vector, rows);
  }

  isNull(row: number): boolean {
    const validity = this.#validity;
    return validity !== null && ((validity[row >> 3] as number) & (1 << (row & 7))) === 0;
  }

  write(row: number, sink: ByteSink): void {
    sink.ensure(4);
    if (this.isNull(row)) {
      putInt32(sink.buffer, sink.offset, -1);
      sink.offset += 4;
      return;
    }
    const start = sink.offset;
    sink.offset = start + 4;
    this.writeValue(row, sink);
    putInt32(sink.buffer, start, sink.offset - start - 4);
  }

  protected abstract bindData(vector: Vector, rows: number): void;

  abstract writeValue(row: number, sink: ByteSink): void;
}

/** Which chunk a list of encoders reads. */
const boundChunks = new WeakMap<readonly ColumnEncoder[], DuckDBDataChunk>();

/** Has each encoder read its column of a chunk, where it does not already. */
export function bindChunk(chunk: DuckDBDataChunk, encoders: readonly ColumnEncoder[]): void {
  if (boundChunks.get(encoders) === chunk) return;
  const rows = chunk.rowCount;
  encoders.forEach((encoder, column) => {
    encoder.bind(duckdb.data_chunk_get_vector(chunk.chunk, column), rows);
  });
  boundChunks.set(encoders, chunk);
}

/** The values themselves, of `width` bytes each. */
export function vectorData(vector: Vector, rows: number, width: number): Uint8Array<ArrayBuffer> {
  // A copy, in a buffer of its own: aligned for any typed array.
  return duckdb.vector_get_data(vector, rows * width) as Uint8Array<ArrayBuffer>;
}

/** 32-bit words of the values: two of an int64, low one first. */
export function vectorWords(vector: Vector, rows: number, width: number): Int32Array<ArrayBuffer> {
  const data = vectorData(vector, rows, width);
  return new Int32Array(data.buffer, data.byteOffset, data.byteLength >> 2);
}
