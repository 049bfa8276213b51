import type { DuckDBDataChunk } from "@duckdb/node-api";
import { type ByteSink, putInt32 } from "./byte-sink.ts";
import { bindChunk, type ColumnEncoder } from "./column-encoder.ts";

/** Of `COPY ... TO STDOUT WITH (...)`, checked by Postgres, with its defaults filled in. */
export interface CopyOptions {
  format: "text" | "csv";
  delimiter: string;
  /** What NULL is written as. */
  null: string;
  /** CSV only. */
  quote: string;
  /** Where the statement has none: the quote. */
  escape: string;
  /** One a column: whether its values are always in quotes. CSV only. */
  forceQuote: readonly boolean[];
}

const newline = 0x0a;
const copyData = 0x64;

/** Writes the line of column names that `HEADER` asks for, as a CopyData message. */
export function writeCopyHeader(names: readonly string[], options: CopyOptions, sink: ByteSink): void {
  const dialect = dialectOf(options, names.length);
  const message = beginMessage(sink);
  names.forEach((name, column) => {
    if (column > 0) sink.writeByte(dialect.delimiter);
    const start = sink.offset;
    sink.writeText(name);
    dialect.finish(start, false, sink);
  });
  sink.writeByte(newline);
  endMessage(message, sink);
}

/**
 * Writes rows `from` up to, not including, `to` as lines, each a CopyData message. The encoders are of text.
 * @throws PgError of a value
 */
export function writeCopyLines(
  chunk: DuckDBDataChunk,
  from: number,
  to: number,
  encoders: readonly ColumnEncoder[],
  options: CopyOptions,
  sink: ByteSink,
): void {
  bindChunk(chunk, encoders);
  const dialect = dialectOf(options, encoders.length);
  for (let row = from; row < to; row++) {
    const message = beginMessage(sink);
    for (let column = 0; column < encoders.length; column++) {
      if (column > 0) sink.writeByte(dialect.delimiter);
      const encoder = encoders[column] as ColumnEncoder;
      if (encoder.isNull(row)) {
        sink.writeBytes(dialect.null);
        continue;
      }
      const start = sink.offset;
      encoder.writeValue(row, sink);
      dialect.finish(start, options.forceQuote[column] ?? false, sink);
    }
    sink.writeByte(newline);
    endMessage(message, sink);
  }
}

/** What a binary COPY begins with: a signature, flags, the length of an extension. */
const binaryHeader = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");

/**
 * Writes rows as tuples of a binary COPY, each a CopyData message; where it `begins`, the first carries the header, as
 * clients that read row by row expect it. The encoders are of binary.
 */
export function writeCopyTuples(
  chunk: DuckDBDataChunk,
  from: number,
  to: number,
  encoders: readonly ColumnEncoder[],
  begins: boolean,
  sink: ByteSink,
): void {
  bindChunk(chunk, encoders);
  for (let row = from; row < to; row++) {
    const message = beginMessage(sink);
    if (begins && row === from) sink.writeBytes(binaryHeader);
    sink.writeInt16(encoders.length);
    for (const encoder of encoders) encoder.write(row, sink);
    endMessage(message, sink);
  }
}

/** Writes what a binary COPY ends with, as a CopyData message; where it `begins` with this, it has no rows. */
export function writeCopyBinaryTrailer(begins: boolean, sink: ByteSink): void {
  const message = beginMessage(sink);
  if (begins) sink.writeBytes(binaryHeader);
  sink.writeInt16(-1);
  endMessage(message, sink);
}

function beginMessage(sink: ByteSink): number {
  sink.ensure(5);
  const start = sink.offset;
  sink.buffer[start] = copyData;
  sink.offset = start + 5;
  return start;
}

function endMessage(start: number, sink: ByteSink): void {
  putInt32(sink.buffer, start + 1, sink.offset - start - 1);
}

/** How a format of COPY marks what would otherwise be read as something else. */
interface Dialect {
  delimiter: number;
  null: Buffer;
  /** Gives the value that the sink ends with its escapes and quotes. */
  finish(start: number, forceQuote: boolean, sink: ByteSink): void;
}

function dialectOf(options: CopyOptions, columns: number): Dialect {
  return options.format === "csv" ? csvDialect(options, columns) : textDialect(options);
}

function textDialect(options: CopyOptions): Dialect {
  const delimiter = options.delimiter.charCodeAt(0);
  /** What stands behind the backslash; 0 for a character that needs none. */
  const escaped = new Uint8Array(256);
  escaped[delimiter] = delimiter;
  for (const [character, letter] of ["\bb", "\ff", "\nn", "\rr", "\tt", "\vv", "\\\\"]) {
    escaped[(character as string).charCodeAt(0)] = (letter as string).charCodeAt(0);
  }
  return {
    delimiter,
    null: Buffer.from(options.null),
    finish: (start, _forceQuote, sink) => {
      const { buffer: written, offset: end } = sink;
      let count = 0;
      for (let index = start; index < end; index++) {
        if (escaped[written[index] as number] !== 0) count += 1;
      }
      if (count === 0) return;
      sink.ensure(count);
      const { buffer } = sink;
      let place = end + count;
      sink.offset = place;
      for (let index = end - 1; index >= start; index--) {
        const byte = buffer[index] as number;
        const letter = escaped[byte] as number;
        buffer[--place] = letter === 0 ? byte : letter;
        if (letter !== 0) buffer[--place] = 0x5c;
      }
    },
  };
}

function csvDialect(options: CopyOptions, columns: number): Dialect {
  const delimiter = options.delimiter.charCodeAt(0);
  const quote = options.quote.charCodeAt(0);
  const escapeByte = options.escape.charCodeAt(0);
  const nullText = Buffer.from(options.null);
  const endMarker = Buffer.from("\\.");
  const needsQuotes = new Uint8Array(256);
  for (const byte of [delimiter, quote, newline, 0x0d]) needsQuotes[byte] = 1;
  return {
    delimiter,
    null: nullText,
    finish: (start, forceQuote, sink) => {
      const { buffer: written, offset: end } = sink;
      let escapes = 0;
      let isSpecial =
        forceQuote ||
        sinkEndsWith(sink, start, nullText) ||
        (columns === 1 && sinkEndsWith(sink, start, endMarker));
      for (let index = start; index < end; index++) {
        const byte = written[index] as number;
        if (needsQuotes[byte] !== 0) isSpecial = true;
        if (byte === quote || byte === escapeByte) escapes += 1;
      }
      if (!isSpecial) return;
      sink.ensure(escapes + 2);
      const { buffer } = sink;
      let place = end + escapes + 2;
      sink.offset = place;
      buffer[--place] = quote;
      for (let index = end - 1; index >= start; index--) {
        const byte = buffer[index] as number;
        buffer[--place] = byte;
        if (byte === quote || byte === escapeByte) buffer[--place] = escapeByte;
      }
      buffer[--place] = quote;
    },
  };
}

/** Whether the value from `start` on is this one. */
function sinkEndsWith(sink: ByteSink, start: number, value: Buffer): boolean {
  const { buffer, offset } = sink;
  return offset - start === value.length && buffer.compare(value, 0, value.length, start, offset) === 0;
}
