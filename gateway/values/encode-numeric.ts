import duckdb, { type LogicalType, type Vector } from "@duckdb/node-bindings";
import { type ByteSink, putInt16 } from "./byte-sink.ts";
import { VectorEncoder } from "./column-encoder.ts";
import { putInteger, putPadded, putWhole } from "./digits.ts";
import { type ExactNumber, quotient } from "./division.ts";
import { type NumberSource, numberSource, undeliverable } from "./number-source.ts";
import { numericFromText, plainDecimal } from "./numeric.ts";
import { isNullAt, type Validity, vectorData, vectorValidity } from "./vector-data.ts";

/** `numeric`, from whatever deliverySql lets through: found out from the first vector. */
export class NumericEncoder extends VectorEncoder {
  readonly #format: 0 | 1;
  #values: NumericValues | null = null;

  constructor(format: 0 | 1) {
    super();
    this.#format = format;
  }

  override isNull(row: number): boolean {
    return super.isNull(row) || (this.#values as NumericValues).isNull(row);
  }

  protected bindData(vector: Vector, rows: number): void {
    this.#values ??= numericValues(duckdb.vector_get_column_type(vector));
    this.#values.bind(vector, rows);
  }

  writeValue(row: number, sink: ByteSink): void {
    if (this.#format === 0) this.#values?.writeText(row, sink);
    else this.#values?.writeBinary(row, sink);
  }
}

interface NumericValues {
  bind(vector: Vector, rows: number): void;
  isNull(row: number): boolean;
  writeText(row: number, sink: ByteSink): void;
  writeBinary(row: number, sink: ByteSink): void;
}

function numericValues(type: LogicalType): NumericValues {
  const id = duckdb.get_type_id(type);
  if (id === duckdb.Type.DOUBLE) return new DoubleValues();
  if (id === duckdb.Type.STRUCT) return new QuotientValues(type);
  const source = numberSource(type);
  if (source) return new ExactValues(source);
  throw undeliverable(type, "numeric");
}

/** DECIMAL and integers. */
class ExactValues implements NumericValues {
  readonly #source: NumberSource;

  constructor(source: NumberSource) {
    this.#source = source;
  }

  bind(vector: Vector, rows: number): void {
    this.#source.bind(vector, rows);
  }

  isNull(): boolean {
    return false;
  }

  writeText(row: number, sink: ByteSink): void {
    writeDecimal(this.#source.read(row), this.#source.scale, sink);
  }

  writeBinary(row: number, sink: ByteSink): void {
    writeNumeric(this.#source.read(row), this.#source.scale, sink);
  }
}

/** A number that DuckDB could compute as DOUBLE only: the shortest digits that stand for it, without an exponent. */
class DoubleValues implements NumericValues {
  #values = new Float64Array();

  bind(vector: Vector, rows: number): void {
    const data = vectorData(vector, rows, 8);
    this.#values = new Float64Array(data.buffer, data.byteOffset, rows);
  }

  isNull(): boolean {
    return false;
  }

  writeText(row: number, sink: ByteSink): void {
    const value = this.#values[row] as number;
    sink.writeAscii(plainDecimal(String(value)) ?? String(value));
  }

  writeBinary(row: number, sink: ByteSink): void {
    const value = this.#values[row] as number;
    const text = plainDecimal(String(value));
    if (text === null) writeGroups(sink, 0, specialSign(value), 0, []);
    else writeNumericText(text, sink);
  }
}

function specialSign(value: number): number {
  if (Number.isNaN(value)) return 0xc000;
  return value > 0 ? 0xd000 : 0xf000;
}

/** STRUCT(dividend, divisor), and `scale` where it may be the dividend as it is. */
class QuotientValues implements NumericValues {
  readonly #dividend: NullableSource;
  readonly #divisor: NullableSource;
  readonly #scale: NullableSource | null;

  constructor(type: LogicalType) {
    this.#dividend = new NullableSource(type, 0);
    this.#divisor = new NullableSource(type, 1);
    this.#scale = duckdb.struct_type_child_count(type) > 2 ? new NullableSource(type, 2) : null;
  }

  bind(vector: Vector, rows: number): void {
    this.#dividend.bind(vector, rows);
    this.#divisor.bind(vector, rows);
    this.#scale?.bind(vector, rows);
  }

  isNull(row: number): boolean {
    return this.#dividend.isNull(row) || this.#divisor.isNull(row);
  }

  writeText(row: number, sink: ByteSink): void {
    const { value, scale } = this.#read(row);
    writeDecimal(value, scale, sink);
  }

  writeBinary(row: number, sink: ByteSink): void {
    const { value, scale } = this.#read(row);
    writeNumeric(value, scale, sink);
  }

  #read(row: number): ExactNumber {
    const dividend = this.#dividend.read(row);
    if (this.#scale === null || this.#scale.isNull(row)) return quotient(dividend, this.#divisor.read(row));
    const scale = Number(this.#scale.read(row).value);
    return { value: dividend.value / 10n ** BigInt(dividend.scale - scale), scale };
  }
}

/** A member of a struct. */
class NullableSource {
  readonly #index: number;
  readonly #source: NumberSource;
  #validity: Validity = null;

  constructor(struct: LogicalType, index: number) {
    const type = duckdb.struct_type_child_type(struct, index);
    const source = numberSource(type);
    if (!source) throw undeliverable(type, "a side of a numeric division");
    this.#index = index;
    this.#source = source;
  }

  bind(struct: Vector, rows: number): void {
    const vector = duckdb.struct_vector_get_child(struct, this.#index);
    this.#validity = vectorValidity(vector, rows);
    this.#source.bind(vector, rows);
  }

  isNull(row: number): boolean {
    return isNullAt(this.#validity, row);
  }

  read(row: number): { value: bigint; scale: number } {
    return { value: BigInt(this.#source.read(row)), scale: this.#source.scale };
  }
}

/** Powers of ten that stand for the scales of safe numbers. */
const powers = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

function writeDecimal(value: number | bigint, scale: number, sink: ByteSink): void {
  if (typeof value === "bigint" || scale > 15) {
    sink.writeAscii(decimalText(value, scale));
    return;
  }
  sink.ensure(20);
  const { buffer } = sink;
  if (scale === 0) {
    sink.offset = putInteger(buffer, sink.offset, value);
    return;
  }
  let { offset } = sink;
  if (value < 0) buffer[offset++] = 0x2d;
  const size = Math.abs(value);
  const power = powers[scale] as number;
  // Whole or one too many; the product is exact.
  let whole = Math.floor(size / power);
  if (whole * power > size) whole -= 1;
  const decimals = size - whole * power;
  offset = putWhole(buffer, offset, whole);
  buffer[offset++] = 0x2e;
  sink.offset = putDecimals(buffer, offset, decimals, scale);
}

function putDecimals(buffer: Buffer, offset: number, decimals: number, scale: number): number {
  if (scale <= 9) return putPadded(buffer, offset, decimals, scale);
  const high = Math.floor(decimals / 1e9);
  const end = putPadded(buffer, offset, high, scale - 9);
  return putPadded(buffer, end, decimals - high * 1e9, 9);
}

function decimalText(value: number | bigint, scale: number): string {
  const isNegative = value < 0;
  const digits = String(isNegative ? -value : value).padStart(scale + 1, "0");
  const point = digits.length - scale;
  const unsigned = scale > 0 ? `${digits.slice(0, point)}.${digits.slice(point)}` : digits;
  return isNegative ? `-${unsigned}` : unsigned;
}

const groups = new Uint16Array(8);

/** In Postgres's binary format: groups of four digits to either side of the point. */
function writeNumeric(value: number | bigint, scale: number, sink: ByteSink): void {
  if (typeof value === "bigint" || scale > 12) {
    writeNumericText(decimalText(value, scale), sink);
    return;
  }
  const size = Math.abs(value);
  const power = powers[scale] as number;
  let whole = Math.floor(size / power);
  if (whole * power > size) whole -= 1;
  const behind = Math.ceil(scale / 4);
  let decimals = (size - whole * power) * (powers[behind * 4 - scale] as number);
  // From the last group to the first.
  let first = 8;
  for (let group = 0; group < behind; group++) {
    const rest = Math.floor(decimals / 10_000);
    groups[--first] = decimals - rest * 10_000;
    decimals = rest;
  }
  while (whole > 0) {
    const rest = Math.floor(whole / 10_000);
    groups[--first] = whole - rest * 10_000;
    whole = rest;
  }
  let end = 8;
  const weight = end - behind - first - 1;
  let start = first;
  while (start < end && groups[start] === 0) start++;
  while (end > start && groups[end - 1] === 0) end--;
  const sign = value < 0 ? 0x4000 : 0;
  writeGroups(sink, weight - (start - first), sign, scale, groups.subarray(start, end));
}

function writeNumericText(text: string, sink: ByteSink): void {
  const { digits, weight, negative, scale } = numericFromText(text);
  writeGroups(sink, weight, negative ? 0x4000 : 0, scale, digits);
}

function writeGroups(
  sink: ByteSink,
  weight: number,
  sign: number,
  scale: number,
  digits: ArrayLike<number>,
): void {
  const count = digits.length;
  sink.ensure(8 + count * 2);
  const { buffer, offset } = sink;
  putInt16(buffer, offset, count);
  putInt16(buffer, offset + 2, count === 0 ? 0 : weight);
  putInt16(buffer, offset + 4, sign);
  putInt16(buffer, offset + 6, scale);
  for (let index = 0; index < count; index++) {
    putInt16(buffer, offset + 8 + index * 2, digits[index] as number);
  }
  sink.offset = offset + 8 + count * 2;
}
