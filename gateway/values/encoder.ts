import type { DuckDBDataChunk } from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import { unsupported } from "../pg-error.ts";
import { type ByteSink, putInt32 } from "./byte-sink.ts";
import type { ColumnEncoder, EncoderSettings } from "./column-encoder.ts";
import { typeName } from "./types.ts";

export { ByteSink } from "./byte-sink.ts";
export type { ColumnEncoder, EncoderSettings } from "./column-encoder.ts";
export { type CopyOptions, writeCopyHeader, writeCopyLines } from "./copy.ts";

/**
 * Writes values of a Postgres type, given by DuckDB as deliverySql has it, in a format of Postgres's: 0 text, 1 binary.
 * @throws PgError 0A000 for a type that is not sent.
 */
export function columnEncoder(
  typeOid: number,
  typmod: number,
  format: 0 | 1,
  settings: EncoderSettings,
): ColumnEncoder {
  throw unsupported(`the type ${typeName(typeOid)} as output`);
}

/** Has each encoder read its column of a chunk. writeDataRows and writeCopyLines do it where it was not done. */
export function bindChunk(chunk: DuckDBDataChunk, encoders: readonly ColumnEncoder[]): void {
  const rows = chunk.rowCount;
  encoders.forEach((encoder, column) => {
    encoder.bind(duckdb.data_chunk_get_vector(chunk.chunk, column), rows);
  });
}

/** Writes rows `from` up to, not including, `to` of a chunk as DataRow messages. @throws PgError of a value */
export function writeDataRows(
  chunk: DuckDBDataChunk,
  from: number,
  to: number,
  encoders: readonly ColumnEncoder[],
  sink: ByteSink,
): void {
  bindChunk(chunk, encoders);
  for (let row = from; row < to; row++) {
    sink.ensure(7);
    const start = sink.offset;
    sink.buffer[start] = 0x44;
    sink.offset = start + 5;
    sink.writeInt16(encoders.length);
    for (const encoder of encoders) encoder.write(row, sink);
    putInt32(sink.buffer, start + 1, sink.offset - start - 1);
  }
}
