import type { DuckDBDataChunk } from "@duckdb/node-api";
import duckdb, { type Vector } from "@duckdb/node-bindings";
import { type ByteSink, putInt32 } from "./byte-sink.ts";
import { isNullAt, type Validity, vectorValidity } from "./vector-data.ts";

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
  #validity: Validity = null;

  bind(vector: Vector, rows: number): void {
    this.#validity = vectorValidity(vector, rows);
    this.bindData(vector, rows);
  }

  isNull(row: number): boolean {
    return isNullAt(this.#validity, row);
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
