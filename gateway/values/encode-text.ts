import type { Vector } from "@duckdb/node-bindings";
import type { ByteSink } from "./byte-sink.ts";
import { VectorEncoder } from "./column-encoder.ts";
import { jsonbText } from "./jsonb.ts";
import { StringReader } from "./string-reader.ts";
import { vectorData } from "./vector-data.ts";

/** Up to here bytes are copied one by one; a call that copies more costs as much. */
const byteWise = 40;
const hexDigits = Buffer.from("0123456789abcdef");

/** Everything that is text already, in either format: `text`, `varchar`, `name`, `"char"`, `json`; from VARCHAR */
export class PlainTextEncoder extends VectorEncoder {
  protected readonly strings = new StringReader();

  protected bindData(vector: Vector, rows: number): void {
    this.strings.bind(vector, rows, (row) => this.isNull(row));
  }

  writeValue(row: number, sink: ByteSink): void {
    const { strings } = this;
    strings.locate(row);
    const { source, start, length } = strings;
    sink.ensure(length);
    const { buffer, offset } = sink;
    if (length <= byteWise) {
      for (let index = 0; index < length; index++) {
        buffer[offset + index] = source[start + index] as number;
      }
    } else {
      buffer.set(source.subarray(start, start + length), offset);
    }
    sink.offset = offset + length;
  }
}

/** `"char"` in binary, from VARCHAR: one byte, which is 0 for the empty one. */
export class CharEncoder extends PlainTextEncoder {
  override writeValue(row: number, sink: ByteSink): void {
    this.strings.locate(row);
    const { source, start, length } = this.strings;
    sink.writeByte(length === 0 ? 0 : (source[start] as number));
  }
}

/** `bytea` in text, from BLOB. In binary it is as text is. */
export class HexEncoder extends PlainTextEncoder {
  override writeValue(row: number, sink: ByteSink): void {
    this.strings.locate(row);
    const { source, start, length } = this.strings;
    sink.ensure(2 + length * 2);
    const { buffer } = sink;
    let { offset } = sink;
    buffer[offset++] = 0x5c;
    buffer[offset++] = 0x78;
    for (let index = start; index < start + length; index++) {
      const byte = source[index] as number;
      buffer[offset++] = hexDigits[byte >> 4] as number;
      buffer[offset++] = hexDigits[byte & 15] as number;
    }
    sink.offset = offset;
  }
}

/** `jsonb`, from VARCHAR with any JSON */
export class JsonbEncoder extends PlainTextEncoder {
  readonly #format: 0 | 1;

  constructor(format: 0 | 1) {
    super();
    this.#format = format;
  }

  override writeValue(row: number, sink: ByteSink): void {
    this.strings.locate(row);
    const { source, start, length } = this.strings;
    const json = Buffer.from(source.buffer, source.byteOffset + start, length).toString("utf8");
    // The one version there is.
    if (this.#format === 1) sink.writeByte(1);
    sink.writeText(jsonbText(json));
  }
}

/** `uuid`. DuckDB keeps it as a 128-bit integer, low byte first, its first bit turned over for order. */
export class UuidEncoder extends VectorEncoder {
  #data = new Uint8Array();
  readonly #format: 0 | 1;

  constructor(format: 0 | 1) {
    super();
    this.#format = format;
  }

  protected bindData(vector: Vector, rows: number): void {
    this.#data = vectorData(vector, rows, 16);
  }

  writeValue(row: number, sink: ByteSink): void {
    sink.ensure(36);
    const { buffer } = sink;
    let { offset } = sink;
    for (let index = 0; index < 16; index++) {
      let byte = this.#data[row * 16 + 15 - index] as number;
      if (index === 0) byte ^= 0x80;
      if (this.#format === 1) {
        buffer[offset++] = byte;
        continue;
      }
      if (index === 4 || index === 6 || index === 8 || index === 10) buffer[offset++] = 0x2d;
      buffer[offset++] = hexDigits[byte >> 4] as number;
      buffer[offset++] = hexDigits[byte & 15] as number;
    }
    sink.offset = offset;
  }
}
