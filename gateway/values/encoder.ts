import type { DuckDBDataChunk } from "@duckdb/node-api";
import { unsupported } from "../pg-error.ts";
import { type ByteSink, putInt32 } from "./byte-sink.ts";
import { bindChunk, type ColumnEncoder, type EncoderSettings } from "./column-encoder.ts";
import { ArrayEncoder } from "./encode-array.ts";
import { IntervalEncoder } from "./encode-interval.ts";
import {
  BigIntegerEncoder,
  BooleanEncoder,
  FloatEncoder,
  IntegerEncoder,
  SmallIntegerEncoder,
  TypeNameEncoder,
} from "./encode-numbers.ts";
import { NumericEncoder } from "./encode-numeric.ts";
import { CharEncoder, HexEncoder, JsonbEncoder, PlainTextEncoder, UuidEncoder } from "./encode-text.ts";
import { DateEncoder, TimeEncoder, TimestampEncoder, TimetzEncoder } from "./encode-times.ts";
import { timeZone } from "./time-zone.ts";
import { elementType, oids, typeName } from "./types.ts";

export { ByteSink } from "./byte-sink.ts";
export type { ColumnEncoder, EncoderSettings } from "./column-encoder.ts";
export {
  type CopyOptions,
  writeCopyBinaryTrailer,
  writeCopyHeader,
  writeCopyLines,
  writeCopyTuples,
} from "./copy.ts";

/**
 * Writes values of a Postgres type, given by DuckDB as deliverySql has it, in a format of Postgres's: 0 text, 1 binary.
 * @throws PgError 0A000 for a type that is not sent
 */
export function columnEncoder(
  typeOid: number,
  typmod: number,
  format: 0 | 1,
  settings: EncoderSettings,
): ColumnEncoder {
  const element = elementType(typeOid);
  if (element) {
    const elements = columnEncoder(element.oid, typmod, format, settings);
    return new ArrayEncoder(elements, element.oid, format);
  }
  switch (typeOid) {
    case oids.bool:
      return new BooleanEncoder(format);
    case oids.int2:
      return new SmallIntegerEncoder(format);
    case oids.int4:
      return new IntegerEncoder(format);
    case oids.int8:
      return new BigIntegerEncoder(format, 8);
    case oids.oid:
      return new BigIntegerEncoder(format, 4);
    case oids.regtype:
      return format === 0 ? new TypeNameEncoder() : new BigIntegerEncoder(format, 4);
    case oids.float4:
      return new FloatEncoder(format, 4, settings);
    case oids.float8:
      return new FloatEncoder(format, 8, settings);
    case oids.numeric:
      return new NumericEncoder(format);
    case oids.text:
    case oids.varchar:
    case oids.name:
    case oids.bpchar:
    case oids.unknown:
    case oids.json:
      return new PlainTextEncoder();
    case oids.char:
      return format === 0 ? new PlainTextEncoder() : new CharEncoder();
    case oids.bytea:
      return format === 0 ? new HexEncoder() : new PlainTextEncoder();
    case oids.jsonb:
      return new JsonbEncoder(format);
    case oids.uuid:
      return new UuidEncoder(format);
    case oids.date:
      return new DateEncoder(format);
    case oids.time:
      return new TimeEncoder(format);
    case oids.timetz:
      return new TimetzEncoder(format);
    case oids.timestamp:
      return new TimestampEncoder(format, null);
    case oids.timestamptz:
      return new TimestampEncoder(format, timeZone(settings.timeZone));
    case oids.interval:
      return new IntervalEncoder(format);
    default:
      throw unsupported(`the type ${typeName(typeOid)} as output`);
  }
}

const dataRow = 0x44;

/** Writes rows `from` up to, not including, `to` of a chunk as DataRow messages. @throws PgError of a value */
export function writeDataRows(
  chunk: DuckDBDataChunk,
  from: number,
  to: number,
  encoders: readonly ColumnEncoder[],
  sink: ByteSink,
): void {
  bindChunk(chunk, encoders);
  const count = encoders.length;
  for (let row = from; row < to; row++) {
    sink.ensure(7);
    const start = sink.offset;
    sink.buffer[start] = dataRow;
    sink.offset = start + 5;
    sink.writeInt16(count);
    for (let column = 0; column < count; column++) (encoders[column] as ColumnEncoder).write(row, sink);
    putInt32(sink.buffer, start + 1, sink.offset - start - 1);
  }
}
