import type { DuckDBDataChunk } from "@duckdb/node-api";
import type { ByteSink } from "./byte-sink.ts";
import type { ColumnEncoder } from "./column-encoder.ts";

/** Of `COPY ... TO STDOUT WITH (...)`, checked by Postgres, with its defaults filled in. */
export interface CopyOptions {
  format: "text" | "csv";
  delimiter: string;
  /** What NULL is written as. */
  null: string;
  /** CSV only. */
  quote: string;
  escape: string;
  /** One a column: whether its values are always in quotes. CSV only. */
  forceQuote: readonly boolean[];
}

/** Writes the line of column names that `HEADER` asks for, as a CopyData message. */
export function writeCopyHeader(names: readonly string[], options: CopyOptions, sink: ByteSink): void {
  throw new Error(`not yet: ${names} ${options} ${sink}`);
}

/** Writes rows `from` up to, not including, `to` as lines, each a CopyData message. The encoders are of text. */
export function writeCopyLines(
  chunk: DuckDBDataChunk,
  from: number,
  to: number,
  encoders: readonly ColumnEncoder[],
  options: CopyOptions,
  sink: ByteSink,
): void {
  throw new Error(`not yet: ${chunk} ${from} ${to} ${encoders} ${options} ${sink}`);
}
