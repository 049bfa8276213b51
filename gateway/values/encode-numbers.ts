import type { Vector } from "@duckdb/node-bindings";
import { type ByteSink, putInt16, putInt32 } from "./byte-sink.ts";
import { type EncoderSettings, VectorEncoder } from "./column-encoder.ts";
import { putBigInt, putInteger } from "./digits.ts";
import { floatText, realText } from "./float-text.ts";
import { typeName } from "./types.ts";
import { joinedWords, safeHighWord, vectorData, vectorWords, wordSize } from "./vector-data.ts";

/** `boolean` */
export class BooleanEncoder extends VectorEncoder {
  #data = new Uint8Array();
  readonly #format: 0 | 1;

  constructor(format: 0 | 1) {
    super();
    this.#format = format;
  }

  protected bindData(vector: Vector, rows: number): void {
    this.#data = vectorData(vector, rows, 1);
  }

  writeValue(row: number, sink: ByteSink): void {
    const isTrue = this.#data[row] !== 0;
    sink.ensure(1);
    if (this.#format === 1) sink.buffer[sink.offset++] = isTrue ? 1 : 0;
    else sink.buffer[sink.offset++] = isTrue ? 0x74 : 0x66;
  }
}

/** `smallint`, from SMALLINT */
export class SmallIntegerEncoder extends VectorEncoder {
  #values = new Int16Array();
  readonly #format: 0 | 1;

  constructor(format: 0 | 1) {
    super();
    this.#format = format;
  }

  protected bindData(vector: Vector, rows: number): void {
    const data = vectorData(vector, rows, 2);
    this.#values = new Int16Array(data.buffer, data.byteOffset, rows);
  }

  writeValue(row: number, sink: ByteSink): void {
    const value = this.#values[row] as number;
    sink.ensure(6);
    if (this.#format === 0) sink.offset = putInteger(sink.buffer, sink.offset, value);
    else {
      putInt16(sink.buffer, sink.offset, value);
      sink.offset += 2;
    }
  }
}

/** `integer`, from INTEGER */
export class IntegerEncoder extends VectorEncoder {
  #values = new Int32Array();
  readonly #format: 0 | 1;

  constructor(format: 0 | 1) {
    super();
    this.#format = format;
  }

  protected bindData(vector: Vector, rows: number): void {
    this.#values = vectorWords(vector, rows, 4);
  }

  writeValue(row: number, sink: ByteSink): void {
    const value = this.#values[row] as number;
    sink.ensure(11);
    if (this.#format === 0) sink.offset = putInteger(sink.buffer, sink.offset, value);
    else {
      putInt32(sink.buffer, sink.offset, value);
      sink.offset += 4;
    }
  }
}

/** `bigint`, and `oid`, which takes four bytes in binary; from BIGINT */
export class BigIntegerEncoder extends VectorEncoder {
  #words = new Int32Array();
  readonly #format: 0 | 1;
  readonly #wireLength: 4 | 8;

  constructor(format: 0 | 1, wireLength: 4 | 8) {
    super();
    this.#format = format;
    this.#wireLength = wireLength;
  }

  protected bindData(vector: Vector, rows: number): void {
    this.#words = vectorWords(vector, rows, 8);
  }

  writeValue(row: number, sink: ByteSink): void {
    const low = this.#words[row * 2] as number;
    const high = this.#words[row * 2 + 1] as number;
    sink.ensure(20);
    const { buffer, offset } = sink;
    if (this.#format === 0) {
      sink.offset =
        high < safeHighWord && high >= -safeHighWord
          ? putInteger(buffer, offset, high * wordSize + (low >>> 0))
          : putBigInt(buffer, offset, joinedWords(high, low));
      return;
    }
    if (this.#wireLength === 8) {
      putInt32(buffer, offset, high);
      putInt32(buffer, offset + 4, low);
    } else {
      putInt32(buffer, offset, low);
    }
    sink.offset = offset + this.#wireLength;
  }
}

/** `regtype` as text, from the type's OID as BIGINT */
export class TypeNameEncoder extends VectorEncoder {
  #words = new Int32Array();

  protected bindData(vector: Vector, rows: number): void {
    this.#words = vectorWords(vector, rows, 8);
  }

  writeValue(row: number, sink: ByteSink): void {
    sink.writeText(typeName(this.#words[row * 2] as number));
  }
}

/** `double precision` and `real`, from DOUBLE and FLOAT */
export class FloatEncoder extends VectorEncoder {
  #values: Float64Array | Float32Array = new Float64Array();
  #data = new Uint8Array();
  readonly #width: 4 | 8;
  readonly #format: 0 | 1;
  readonly #extraFloatDigits: number;

  constructor(format: 0 | 1, width: 4 | 8, settings: EncoderSettings) {
    super();
    this.#format = format;
    this.#width = width;
    this.#extraFloatDigits = settings.extraFloatDigits;
  }

  protected bindData(vector: Vector, rows: number): void {
    const data = vectorData(vector, rows, this.#width);
    this.#data = data;
    this.#values =
      this.#width === 8
        ? new Float64Array(data.buffer, data.byteOffset, rows)
        : new Float32Array(data.buffer, data.byteOffset, rows);
  }

  writeValue(row: number, sink: ByteSink): void {
    if (this.#format === 1) this.#writeBits(row, sink);
    else {
      const toText = this.#width === 8 ? floatText : realText;
      sink.writeAscii(toText(this.#values[row] as number, this.#extraFloatDigits));
    }
  }

  #writeBits(row: number, sink: ByteSink): void {
    const width = this.#width;
    sink.ensure(width);
    const { buffer, offset } = sink;
    const start = row * width;
    for (let byte = 0; byte < width; byte++) {
      buffer[offset + byte] = this.#data[start + width - 1 - byte] as number;
    }
    sink.offset = offset + width;
  }
}
