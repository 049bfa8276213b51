import {
  booleanLiteral,
  byteaLiteral,
  charLiteral,
  dateLiteral,
  floatLiteral,
  integerLiteral,
  intervalLiteral,
  realLiteral,
  timeLiteral,
  timestampLiteral,
  timestamptzLiteral,
  timetzLiteral,
  uuidLiteral,
} from "./literal.ts";
import { oids, type ScalarType } from "./types.ts";

/** Reads a number that begins at a byte. */
export interface ByteOrder {
  int16(bytes: Buffer, at: number): number;
  int32(bytes: Buffer, at: number): number;
  uint32(bytes: Buffer, at: number): number;
  int64(bytes: Buffer, at: number): bigint;
  float(bytes: Buffer, at: number): number;
  double(bytes: Buffer, at: number): number;
}

/** As Postgres keeps values in the memory of the machines that it runs on. */
export const inMemory: ByteOrder = {
  int16: (bytes, at) => bytes.readInt16LE(at),
  int32: (bytes, at) => bytes.readInt32LE(at),
  uint32: (bytes, at) => bytes.readUInt32LE(at),
  int64: (bytes, at) => bytes.readBigInt64LE(at),
  float: (bytes, at) => bytes.readFloatLE(at),
  double: (bytes, at) => bytes.readDoubleLE(at),
};

/** As they travel. */
export const onTheWire: ByteOrder = {
  int16: (bytes, at) => bytes.readInt16BE(at),
  int32: (bytes, at) => bytes.readInt32BE(at),
  uint32: (bytes, at) => bytes.readUInt32BE(at),
  int64: (bytes, at) => bytes.readBigInt64BE(at),
  float: (bytes, at) => bytes.readFloatBE(at),
  double: (bytes, at) => bytes.readDoubleBE(at),
};

/**
 * A value as a literal, of a type whose values lie in memory as they travel, but for the order of their bytes; null
 * for any other type.
 */
export function fixedLayoutLiteral(type: ScalarType, bytes: Buffer, order: ByteOrder): string | null {
  switch (type.oid) {
    case oids.bool:
      return booleanLiteral(bytes[0] !== 0);
    case oids.int2:
      return integerLiteral(order.int16(bytes, 0), type.duckdb);
    case oids.int4:
      return integerLiteral(order.int32(bytes, 0), type.duckdb);
    case oids.int8:
      return integerLiteral(order.int64(bytes, 0), type.duckdb);
    case oids.oid:
    case oids.regtype:
      return integerLiteral(order.uint32(bytes, 0), type.duckdb);
    case oids.float4:
      return realLiteral(order.float(bytes, 0));
    case oids.float8:
      return floatLiteral(order.double(bytes, 0));
    case oids.char:
      return charLiteral(bytes.readUInt8(0));
    case oids.bytea:
      return byteaLiteral(bytes);
    case oids.date:
      return dateLiteral(order.int32(bytes, 0));
    case oids.time:
      return timeLiteral(order.int64(bytes, 0));
    case oids.timetz:
      return timetzLiteral(order.int64(bytes, 0), order.int32(bytes, 8));
    case oids.timestamp:
      return timestampLiteral(order.int64(bytes, 0));
    case oids.timestamptz:
      return timestamptzLiteral(order.int64(bytes, 0));
    case oids.interval:
      return intervalLiteral(order.int32(bytes, 12), order.int32(bytes, 8), order.int64(bytes, 0));
    case oids.uuid:
      return uuidLiteral(bytes);
    default:
      return null;
  }
}
