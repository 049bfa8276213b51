import { literal } from "../../lake/sql.ts";
import { unsupported } from "../pg-error.ts";
import { civilFromDays, microsPerDay, postgresEpochDays, twoDigits } from "./calendar.ts";
import { floatText, realText } from "./float-text.ts";
import { decimalType } from "./numeric.ts";
import { oids, type ScalarType } from "./types.ts";

/**
 * Values as literals in DuckDB's SQL. Each is a cast to the type that stands for the Postgres type: a bare number or
 * string of DuckDB's takes on the type of what it meets, and the meaning with it.
 */
export function castLiteral(text: string, duckdbType: string): string {
  return `CAST(${literal(text)} AS ${duckdbType})`;
}

export function nullLiteral(duckdbType: string): string {
  return `CAST(NULL AS ${duckdbType})`;
}

export function booleanLiteral(value: boolean): string {
  return value ? "TRUE" : "FALSE";
}

export function integerLiteral(value: number | bigint, duckdbType: string): string {
  return `CAST(${value} AS ${duckdbType})`;
}

export function floatLiteral(value: number): string {
  return castLiteral(floatText(value, 1), "DOUBLE");
}

export function realLiteral(value: number): string {
  return castLiteral(realText(value, 1), "FLOAT");
}

/** `text`: without an exponent. @throws PgError 0A000 beyond 38 digits. */
export function numericLiteral(text: string): string {
  return castLiteral(text, decimalType(text));
}

export function textLiteral(text: string): string {
  return castLiteral(text, "VARCHAR");
}

/** A `"char"`: one byte, of which 0 is the empty one. @throws PgError 0A000 for one that is not ASCII */
export function charLiteral(byte: number): string {
  if (byte > 127) throw unsupported('a "char" that is not ASCII');
  return textLiteral(byte === 0 ? "" : String.fromCharCode(byte));
}

export function byteaLiteral(bytes: Buffer): string {
  const escaped = bytes.toString("hex").replaceAll(/../g, "\\x$&");
  return castLiteral(escaped, "BLOB");
}

/** `days`: Postgres's, from 2000-01-01; its least and greatest are the infinities. */
export function dateLiteral(days: number): string {
  return castLiteral(infinity(BigInt(days), 31n) ?? dateText(days + postgresEpochDays), "DATE");
}

/** `micros`: Postgres's, from 2000-01-01 00:00. */
export function timestampLiteral(micros: bigint): string {
  return castLiteral(infinity(micros, 63n) ?? timestampText(micros), "TIMESTAMP");
}

export function timestamptzLiteral(micros: bigint): string {
  const text = infinity(micros, 63n) ?? `${timestampText(micros)}+00`;
  return castLiteral(text, "TIMESTAMP WITH TIME ZONE");
}

/** `micros`: from midnight, which 24:00 is another of. */
export function timeLiteral(micros: bigint): string {
  return castLiteral(timeText(Number(micros)), "TIME");
}

/** `secondsWest`: as Postgres keeps the zone. */
export function timetzLiteral(micros: bigint, secondsWest: number): string {
  const offset = Math.abs(secondsWest);
  const parts = [Math.floor(offset / 3_600), Math.floor(offset / 60) % 60, offset % 60];
  const zone = `${secondsWest > 0 ? "-" : "+"}${parts.map(twoDigits).join(":")}`;
  return castLiteral(`${timeText(Number(micros))}${zone}`, "TIME WITH TIME ZONE");
}

export function intervalLiteral(months: number, days: number, micros: bigint): string {
  if (infinity(BigInt(months), 31n) && infinity(BigInt(days), 31n) && infinity(micros, 63n)) {
    throw unsupported("an infinite interval");
  }
  return castLiteral(`${months} months ${days} days ${micros} microseconds`, "INTERVAL");
}

export function uuidLiteral(bytes: Buffer): string {
  return castLiteral(bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"), "UUID");
}

export function jsonLiteral(text: string): string {
  return castLiteral(text, "JSON");
}

/** `elements`: literals of the type, or `NULL`. Numbers of several widths become the widest. */
export function arrayLiteral(elements: readonly string[], type: ScalarType): string {
  const list = `[${elements.join(", ")}]`;
  const hasOwnType = type.oid === oids.numeric && elements.some((element) => element !== "NULL");
  return hasOwnType ? list : `CAST(${list} AS ${type.duckdb}[])`;
}

function infinity(value: bigint, bits: bigint): string | null {
  if (value === 2n ** bits - 1n) return "infinity";
  return value === -(2n ** bits) ? "-infinity" : null;
}

function timestampText(micros: bigint): string {
  const perDay = BigInt(microsPerDay);
  const rest = ((micros % perDay) + perDay) % perDay;
  const days = Number((micros - rest) / perDay) + postgresEpochDays;
  return `${dateText(days)} ${timeText(Number(rest))}`;
}

/** `days` from 1970-01-01. As DuckDB reads it: `0044-03-15 (BC)`. */
function dateText(days: number): string {
  const { year, month, day } = civilFromDays(days, { year: 0, month: 0, day: 0 });
  const text = `${String(year > 0 ? year : 1 - year).padStart(4, "0")}-${twoDigits(month)}-${twoDigits(day)}`;
  return year > 0 ? text : `${text} (BC)`;
}

function timeText(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const fraction = micros % 1_000_000;
  return `${parts.map(twoDigits).join(":")}${fraction ? `.${String(fraction).padStart(6, "0")}` : ""}`;
}
