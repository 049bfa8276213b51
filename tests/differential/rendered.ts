import {
  DuckDBBlobValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  type DuckDBValue,
} from "@duckdb/node-api";

/** STAND-IN for the encoder. */
export function rendered(value: DuckDBValue, typeOid: number): string | null {
  if (value === null) return null;
  if (typeof value === "boolean") return value ? "t" : "f";
  if (value instanceof DuckDBStructValue) {
    const { dividend, divisor } = value.entries as Record<string, DuckDBValue>;
    if (dividend === null || divisor === null) return null;
    return String(Number(String(dividend)) / Number(String(divisor)));
  }
  if (value instanceof DuckDBListValue) return JSON.stringify(value.items.map((item) => rendered(item, 0)));
  if (value instanceof DuckDBIntervalValue) return `${value.months} ${value.days} ${value.micros}`;
  if (value instanceof DuckDBBlobValue) return `\\x${Buffer.from(value.bytes).toString("hex")}`;
  if (value instanceof DuckDBTimestampTZValue) return String(value.micros);
  if (value instanceof DuckDBDecimalValue) return value.toString();
  void typeOid;
  return String(value);
}
