import { PgError } from "../pg-error.ts";
import { daysFromCivil, isCivilDate, microsPerDay, microsPerSecond, postgresEpochDays } from "./calendar.ts";
import { jsonbText } from "./jsonb.ts";
import {
  arrayLiteral,
  booleanLiteral,
  byteaLiteral,
  dateLiteral,
  floatLiteral,
  integerLiteral,
  jsonLiteral,
  numericLiteral,
  realLiteral,
  textLiteral,
  timeLiteral,
  timestampLiteral,
  timestamptzLiteral,
  timetzLiteral,
  uuidLiteral,
} from "./literal.ts";
import { plainDecimal } from "./numeric.ts";
import { oids, type ScalarType } from "./types.ts";

/**
 * A value in text as a literal; null where Postgres has to read it, because it is not in the one form that can mean
 * but one thing. @throws PgError 22P02 or 22003
 */
export function textParameter(type: ScalarType, text: string): string | null {
  switch (type.oid) {
    case oids.text:
    case oids.varchar:
    case oids.bpchar:
    case oids.unknown:
      return textLiteral(text);
    case oids.bool:
      return booleanParameter(text);
    case oids.int2:
    case oids.int4:
    case oids.int8:
    case oids.oid:
      return integerParameter(type, text);
    case oids.float4:
      return isOrdinary(text) ? realLiteral(Math.fround(Number(text))) : null;
    case oids.float8:
      return isOrdinary(text) ? floatLiteral(Number(text)) : null;
    case oids.numeric: {
      const decimal = plainDecimal(text);
      return decimal === null ? null : numericLiteral(decimal);
    }
    case oids.bytea:
      return /^\\x(?:[0-9a-fA-F]{2})*$/.test(text) ? byteaLiteral(Buffer.from(text.slice(2), "hex")) : null;
    case oids.uuid:
      return uuidParameter(text);
    case oids.json:
      return jsonLiteral(text);
    case oids.jsonb:
      return jsonLiteral(jsonbText(text));
    default:
      return timeParameter(type, text);
  }
}

function booleanParameter(text: string): string | null {
  if (/^(?:t|true|1|on|yes|y)$/i.test(text)) return booleanLiteral(true);
  return /^(?:f|false|0|off|no|n)$/i.test(text) ? booleanLiteral(false) : null;
}

const integerBounds = new Map<number, readonly [bigint, bigint]>([
  [oids.int2, [-(2n ** 15n), 2n ** 15n - 1n]],
  [oids.int4, [-(2n ** 31n), 2n ** 31n - 1n]],
  [oids.int8, [-(2n ** 63n), 2n ** 63n - 1n]],
  // A negative one means the unsigned number of the same bits.
  [oids.oid, [0n, 2n ** 32n - 1n]],
]);

function integerParameter(type: ScalarType, text: string): string | null {
  // 0x10, 1_000 and the like are integers too.
  if (!/^[+-]?\d+$/.test(text)) return null;
  const value = BigInt(text.replace("+", ""));
  const [least, greatest] = integerBounds.get(type.oid) ?? [0n, 0n];
  if (value >= least && value <= greatest) return integerLiteral(value, type.duckdb);
  if (type.oid === oids.oid) return null;
  throw new PgError("22003", `value "${text}" is out of range for type ${type.name}`);
}

/** Whether it is a number in digits, within the bounds of `real` too. Names, spaces and the rest are Postgres's. */
function isOrdinary(text: string): boolean {
  if (plainDecimal(text) === null) return false;
  const size = Math.abs(Number(text));
  const isZero = !/[1-9]/.test(text.replace(/e.*$/i, ""));
  return isZero || (size > 1.2e-38 && size < 3.4e38);
}

function uuidParameter(text: string): string | null {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return null;
  return uuidLiteral(Buffer.from(text.replaceAll("-", ""), "hex"));
}

const isoDate = /^(\d{4})-(\d\d)-(\d\d)$/;
const isoTime = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?$/;
const isoZone = /^(.*?)(?:(Z)|([+-])(\d\d)(?::?(\d\d))?)$/;

function timeParameter(type: ScalarType, text: string): string | null {
  switch (type.oid) {
    case oids.date: {
      const days = daysOf(text);
      return days === null ? null : dateLiteral(days);
    }
    case oids.time: {
      const micros = microsOfDay(text);
      return micros === null ? null : timeLiteral(BigInt(micros));
    }
    case oids.timetz: {
      const [local, offset] = withoutZone(text) ?? [];
      const micros = local === undefined ? null : microsOfDay(local);
      return micros === null || offset === undefined ? null : timetzLiteral(BigInt(micros), -offset);
    }
    case oids.timestamp: {
      const micros = timestampMicros(text);
      return micros === null ? null : timestampLiteral(micros);
    }
    case oids.timestamptz: {
      // Without a zone it is in the session's.
      const [local, offset] = withoutZone(text) ?? [];
      const micros = local === undefined ? null : timestampMicros(local);
      if (micros === null || offset === undefined) return null;
      return timestamptzLiteral(micros - BigInt(offset * microsPerSecond));
    }
    default:
      // interval, name, "char"
      return null;
  }
}

/** From 2000-01-01. */
function daysOf(text: string): number | null {
  const [, year, month, day] = (isoDate.exec(text) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined) return null;
  if (year === 0 || !isCivilDate(year, month, day)) return null;
  return daysFromCivil(year, month, day) - postgresEpochDays;
}

function microsOfDay(text: string): number | null {
  const [whole, hours = "", minutes = "", seconds = "0", fraction = ""] = isoTime.exec(text) ?? [];
  if (whole === undefined || Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return null;
  const wholeSeconds = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  return wholeSeconds * microsPerSecond + Number(fraction.padEnd(6, "0"));
}

/** From 2000-01-01 00:00. */
function timestampMicros(text: string): bigint | null {
  const [dateText = "", timeText = "00:00", ...more] = text.split(/[ T]/);
  const days = daysOf(dateText);
  const micros = microsOfDay(timeText);
  if (days === null || micros === null || more.length > 0) return null;
  return BigInt(days) * BigInt(microsPerDay) + BigInt(micros);
}

/** What stands before a zone that is given in hours and minutes, and the zone's seconds east. */
function withoutZone(text: string): [string, number] | null {
  const [whole, local = "", utc, sign, hours = "0", minutes = "0"] = isoZone.exec(text) ?? [];
  if (whole === undefined || !local.includes(":")) return null;
  if (utc) return [local, 0];
  if (Number(hours) > 15 || Number(minutes) > 59) return null;
  const seconds = Number(hours) * 3_600 + Number(minutes) * 60;
  return [local, sign === "-" ? -seconds : seconds];
}

/** An array in braces, of one dimension that begins at 1. */
export function textArray(element: ScalarType, text: string): string | null {
  const items = arrayItems(text);
  if (items === null) return null;
  const literals: string[] = [];
  for (const item of items) {
    const literal = item === null ? "NULL" : textParameter(element, item);
    if (literal === null) return null;
    literals.push(literal);
  }
  return arrayLiteral(literals, element);
}

const item = /"((?:[^"\\]|\\.)*)"|([^\s{}",\\]+)/sy;

/** What stands in the braces, null for NULL; null for anything that is not plain: spaces, inner braces. */
function arrayItems(text: string): (string | null)[] | null {
  if (text === "{}") return [];
  if (!text.startsWith("{") || !text.endsWith("}")) return null;
  const items: (string | null)[] = [];
  let offset = 1;
  while (offset < text.length) {
    item.lastIndex = offset;
    const [whole, quoted, plain] = item.exec(text) ?? [];
    if (whole === undefined) return null;
    items.push(
      quoted?.replaceAll(/\\(.)/gs, "$1") ?? (plain?.toUpperCase() === "NULL" ? null : (plain ?? "")),
    );
    offset += whole.length;
    const isLast = offset === text.length - 1;
    if (isLast) return items;
    if (text[offset] !== ",") return null;
    offset += 1;
  }
  return null;
}
