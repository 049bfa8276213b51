import type { Vector } from "@duckdb/node-bindings";
import { PgError } from "../pg-error.ts";
import { type ByteSink, putInt32 } from "./byte-sink.ts";
import {
  type CivilDate,
  civilFromDays,
  endOfDates,
  endOfTimestamps,
  firstDay,
  microsPerDay,
  postgresEpochDays,
  postgresEpochMicros,
} from "./calendar.ts";
import { VectorEncoder } from "./column-encoder.ts";
import { putPadded, putSmall, putTwo } from "./digits.ts";
import type { TimeZone } from "./time-zone.ts";
import { vectorWords, wordSize } from "./vector-data.ts";

const greatestInt32 = 2_147_483_647;
const dash = 0x2d;
const colon = 0x3a;
const point = 0x2e;
const plus = 0x2b;
const space = 0x20;
/** Of the longest text of a timestamp: `294276-12-31 23:59:59.999999+15:59:59 BC` */
const room = 48;

/** `date`, from DATE: days from 1970, the infinities are the greatest int32 and its negative. */
export class DateEncoder extends VectorEncoder {
  #days = new Int32Array();
  readonly #format: 0 | 1;

  constructor(format: 0 | 1) {
    super();
    this.#format = format;
  }

  protected bindData(vector: Vector, rows: number): void {
    this.#days = vectorWords(vector, rows, 4);
  }

  writeValue(row: number, sink: ByteSink): void {
    const days = this.#days[row] as number;
    sink.ensure(room);
    if (days === greatestInt32 || days === -greatestInt32) {
      if (this.#format === 0) writeInfinity(days, sink);
      else sink.writeInt32(days > 0 ? greatestInt32 : -greatestInt32 - 1);
      return;
    }
    if (days < firstDay || days >= endOfDates) throw new PgError("22008", "date out of range");
    if (this.#format === 1) {
      putInt32(sink.buffer, sink.offset, days - postgresEpochDays);
      sink.offset += 4;
      return;
    }
    const { buffer } = sink;
    const end = putDate(buffer, sink.offset, days);
    sink.offset = date.year > 0 ? end : putBeforeChrist(buffer, end);
  }
}

/** `timestamp` and, with a zone, `timestamptz`; from TIMESTAMP and TIMESTAMPTZ: microseconds from 1970 */
export class TimestampEncoder extends VectorEncoder {
  #words = new Int32Array();
  readonly #format: 0 | 1;
  readonly #zone: TimeZone | null;

  constructor(format: 0 | 1, zone: TimeZone | null) {
    super();
    this.#format = format;
    this.#zone = zone;
  }

  protected bindData(vector: Vector, rows: number): void {
    this.#words = vectorWords(vector, rows, 8);
  }

  writeValue(row: number, sink: ByteSink): void {
    const low = (this.#words[row * 2] as number) >>> 0;
    const high = this.#words[row * 2 + 1] as number;
    sink.ensure(room);
    if ((high === greatestInt32 && low === wordSize - 1) || (high === -greatestInt32 - 1 && low === 1)) {
      if (this.#format === 0) writeInfinity(high, sink);
      else writeInt64(sink, high, high > 0 ? low : 0);
      return;
    }
    // A day is 2^13 times 10546875 microseconds: without the 13 bits a timestamp is a number that JavaScript has exactly.
    const upper = high * 524_288 + (low >>> 13);
    let days = Math.floor(upper / 10_546_875);
    if (days * 10_546_875 > upper) days -= 1;
    const micros = (upper - days * 10_546_875) * 8_192 + (low & 8_191);
    if (days < firstDay || days >= endOfTimestamps) throw new PgError("22008", "timestamp out of range");
    if (this.#format === 0) this.#writeText(days, micros, sink);
    else {
      const difference = low - epochLow;
      const borrow = difference < 0 ? 1 : 0;
      writeInt64(sink, high - epochHigh - borrow, difference + borrow * wordSize);
    }
  }

  #writeText(utcDays: number, utcMicros: number, sink: ByteSink): void {
    let days = utcDays;
    let micros = utcMicros;
    let offset = 0;
    if (this.#zone !== null) {
      offset = this.#zone.offsetAt(days * 86_400 + Math.floor(micros / 1_000_000));
      micros += offset * 1_000_000;
      if (micros < 0) {
        micros += microsPerDay;
        days -= 1;
      } else if (micros >= microsPerDay) {
        micros -= microsPerDay;
        days += 1;
      }
    }
    const { buffer } = sink;
    let end = putDate(buffer, sink.offset, days);
    buffer[end++] = space;
    end = putTime(buffer, end, micros);
    if (this.#zone !== null) end = putZone(buffer, end, offset);
    sink.offset = date.year > 0 ? end : putBeforeChrist(buffer, end);
  }
}

const epochHigh = Math.floor(postgresEpochMicros / wordSize);
const epochLow = postgresEpochMicros - epochHigh * wordSize;

/** `time`, from TIME: microseconds from midnight */
export class TimeEncoder extends VectorEncoder {
  #words = new Int32Array();
  readonly #format: 0 | 1;

  constructor(format: 0 | 1) {
    super();
    this.#format = format;
  }

  protected bindData(vector: Vector, rows: number): void {
    this.#words = vectorWords(vector, rows, 8);
  }

  writeValue(row: number, sink: ByteSink): void {
    const low = (this.#words[row * 2] as number) >>> 0;
    const high = this.#words[row * 2 + 1] as number;
    sink.ensure(room);
    if (this.#format === 1) writeInt64(sink, high, low);
    else sink.offset = putTime(sink.buffer, sink.offset, high * wordSize + low);
  }
}

/** What DuckDB takes the seconds east off, so that the sum is never negative. */
const greatestZone = 57_599;

/** `timetz`, from TIMETZ: microseconds above 24 bits of zone */
export class TimetzEncoder extends VectorEncoder {
  #words = new Int32Array();
  readonly #format: 0 | 1;

  constructor(format: 0 | 1) {
    super();
    this.#format = format;
  }

  protected bindData(vector: Vector, rows: number): void {
    this.#words = vectorWords(vector, rows, 8);
  }

  writeValue(row: number, sink: ByteSink): void {
    const low = this.#words[row * 2] as number;
    const high = (this.#words[row * 2 + 1] as number) >>> 0;
    const micros = high * 256 + (low >>> 24);
    const offset = greatestZone - (low & 0xffffff);
    sink.ensure(room);
    if (this.#format === 1) {
      const microsHigh = Math.floor(micros / wordSize);
      writeInt64(sink, microsHigh, micros - microsHigh * wordSize);
      sink.writeInt32(-offset);
      return;
    }
    const end = putTime(sink.buffer, sink.offset, micros);
    sink.offset = putZone(sink.buffer, end, offset);
  }
}

/** What the last putDate wrote. */
const date: CivilDate = { year: 0, month: 0, day: 0 };

/** Without the `BC` that stands at the very end. */
function putDate(buffer: Buffer, offset: number, days: number): number {
  const { year, month, day } = civilFromDays(days, date);
  const shown = year > 0 ? year : 1 - year;
  let end = shown < 10_000 ? putPadded(buffer, offset, shown, 4) : putSmall(buffer, offset, shown);
  buffer[end] = dash;
  end = putTwo(buffer, end + 1, month);
  buffer[end] = dash;
  return putTwo(buffer, end + 1, day);
}

function putBeforeChrist(buffer: Buffer, offset: number): number {
  return offset + buffer.write(" BC", offset, "latin1");
}

/** `micros`: from midnight. */
function putTime(buffer: Buffer, offset: number, micros: number): number {
  const seconds = Math.floor(micros / 1_000_000);
  const fraction = micros - seconds * 1_000_000;
  const minutes = (seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  let end = putTwo(buffer, offset, hours);
  buffer[end] = colon;
  end = putTwo(buffer, end + 1, minutes - hours * 60);
  buffer[end] = colon;
  end = putTwo(buffer, end + 1, seconds - minutes * 60);
  return fraction === 0 ? end : putFraction(buffer, end, fraction);
}

/** A point and the digits of microseconds up to the last that is not zero. */
export function putFraction(buffer: Buffer, offset: number, micros: number): number {
  buffer[offset] = point;
  let end = putPadded(buffer, offset + 1, micros, 6);
  while (buffer[end - 1] === 0x30) end -= 1;
  return end;
}

/** `+02`, `-03:30`, `+00:19:32` */
function putZone(buffer: Buffer, offset: number, secondsEast: number): number {
  const size = Math.abs(secondsEast);
  buffer[offset] = secondsEast < 0 ? dash : plus;
  let end = putTwo(buffer, offset + 1, (size / 3_600) | 0);
  if (size % 3_600 === 0) return end;
  buffer[end] = colon;
  end = putTwo(buffer, end + 1, ((size / 60) | 0) % 60);
  if (size % 60 === 0) return end;
  buffer[end] = colon;
  return putTwo(buffer, end + 1, size % 60);
}

function writeInfinity(sign: number, sink: ByteSink): void {
  sink.writeAscii(sign > 0 ? "infinity" : "-infinity");
}

/** There has to be room. */
function writeInt64(sink: ByteSink, high: number, low: number): void {
  putInt32(sink.buffer, sink.offset, high);
  putInt32(sink.buffer, sink.offset + 4, low);
  sink.offset += 8;
}
