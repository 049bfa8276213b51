import { PgError } from "../pg-error.ts";
import { text } from "./expression.ts";

/** DuckDB SQL that raises when it is evaluated; {@link raisedError} gives the error back from DuckDB's message. */
export function raise(sqlstate: string, message: string): string {
  return `error(${text(`[postgres ${sqlstate}] ${message}`)})`;
}

/**
 * The error of Postgres's that an error of DuckDB's stands for, where a translated statement raised it or where it is of
 * a kind that is known; null for all others.
 */
export function raisedError(message: string): PgError | null {
  const [, sqlstate, said] = /\[postgres ([0-9A-Z]{5})\] ([^\n]*)/.exec(message) ?? [];
  if (sqlstate !== undefined && said !== undefined) return new PgError(sqlstate, said);
  const found = known.find(([pattern]) => pattern.test(message));
  return found === undefined ? null : new PgError(found[1], found[2]);
}

const known: readonly (readonly [RegExp, string, string])[] = [
  [
    /More than one row returned by a subquery/,
    "21000",
    "more than one row returned by a subquery used as an expression",
  ],
  [/LIMIT.*cannot be negative/, "2201W", "LIMIT and OFFSET must not be negative"],
  [
    /(date|time|timestamp) field value out of range|(Date|Time|Timestamp) out of range/i,
    "22008",
    "date/time field value out of range",
  ],
  [/^Out of Range Error: .*(interval|date|timestamp)/i, "22008", "date/time value out of range"],
  [
    /^Out of Range Error|out of range|^Conversion Error: Type .* can't be cast|Could not cast value .* to DECIMAL|Failed to cast decimal value/i,
    "22003",
    "numeric value out of range",
  ],
  [/Could not convert string (["'])[-+.e\d]+\1 to (DECIMAL|INT)/, "22003", "numeric value out of range"],
  [/Could not convert string '.*' to UUID/, "22P02", "invalid input syntax for type uuid"],
  [/Could not convert string/, "22P02", "invalid input syntax"],
  [/frame (starting|ending) offset|Invalid .*offset/i, "22013", "a frame's offset must not be negative"],
];
