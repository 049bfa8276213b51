import type { Vector } from "@duckdb/node-bindings";
import { type ByteSink, putInt32 } from "./byte-sink.ts";
import { VectorEncoder } from "./column-encoder.ts";
import { putInteger, putTwo, putWhole } from "./digits.ts";
import { putFraction } from "./encode-times.ts";
import { joinedWords, vectorWords } from "./vector-data.ts";

/** `interval`, from INTERVAL: months, days, microseconds, each with a sign of its own. In text IntervalStyle `postgres`. */
export class IntervalEncoder extends VectorEncoder {
  #words = new Int32Array();
  readonly #format: 0 | 1;

  constructor(format: 0 | 1) {
    super();
    this.#format = format;
  }

  protected bindData(vector: Vector, rows: number): void {
    this.#words = vectorWords(vector, rows, 16);
  }

  writeValue(row: number, sink: ByteSink): void {
    const first = row * 4;
    const months = this.#words[first] as number;
    const days = this.#words[first + 1] as number;
    const low = this.#words[first + 2] as number;
    const high = this.#words[first + 3] as number;
    sink.ensure(96);
    if (this.#format === 0) {
      writeIntervalText(months, days, joinedWords(high, low), sink);
      return;
    }
    const { buffer, offset } = sink;
    putInt32(buffer, offset, high);
    putInt32(buffer, offset + 4, low);
    putInt32(buffer, offset + 8, days);
    putInt32(buffer, offset + 12, months);
    sink.offset = offset + 16;
  }
}

/** `1 year 2 mons -3 days +04:05:06.7`: what follows a negative part says its plus. */
function writeIntervalText(months: number, days: number, micros: bigint, sink: ByteSink): void {
  const start = sink.offset;
  const years = Math.trunc(months / 12);
  let isAfterNegative = writePart(years, "year", start, false, sink);
  isAfterNegative = writePart(months - years * 12, "mon", start, isAfterNegative, sink);
  isAfterNegative = writePart(days, "day", start, isAfterNegative, sink);
  const isFirst = sink.offset === start;
  if (micros === 0n && !isFirst) return;
  const { buffer } = sink;
  let { offset } = sink;
  if (!isFirst) buffer[offset++] = 0x20;
  if (micros < 0n) buffer[offset++] = 0x2d;
  else if (isAfterNegative) buffer[offset++] = 0x2b;
  const size = micros < 0n ? -micros : micros;
  const seconds = Number(size / 1_000_000n);
  const fraction = Number(size % 1_000_000n);
  const hours = Math.floor(seconds / 3_600);
  offset = hours < 100 ? putTwo(buffer, offset, hours) : putWhole(buffer, offset, hours);
  buffer[offset++] = 0x3a;
  offset = putTwo(buffer, offset, Math.floor(seconds / 60) % 60);
  buffer[offset++] = 0x3a;
  offset = putTwo(buffer, offset, seconds % 60);
  sink.offset = fraction === 0 ? offset : putFraction(buffer, offset, fraction);
}

/** Whether the next part follows a negative one. */
function writePart(
  value: number,
  unit: string,
  start: number,
  isAfterNegative: boolean,
  sink: ByteSink,
): boolean {
  if (value === 0) return isAfterNegative;
  const { buffer } = sink;
  let { offset } = sink;
  if (offset > start) buffer[offset++] = 0x20;
  if (isAfterNegative && value > 0) buffer[offset++] = 0x2b;
  sink.offset = putInteger(buffer, offset, value);
  sink.writeAscii(value === 1 ? ` ${unit}` : ` ${unit}s`);
  return value < 0;
}
