import { PgError } from "./pg-error.ts";

/** Settings of a client's session that bear on how the gateway answers. */
export interface SessionSettings {
  /** Null: no limit. */
  statementTimeoutMs: number | null;
  extraFloatDigits: number;
  timeZone: string;
}

/** Asks Postgres for them: one row of texts. */
export const SETTINGS_QUERY = `SELECT ${[
  "statement_timeout",
  "extra_float_digits",
  "TimeZone",
  "DateStyle",
  "IntervalStyle",
  "bytea_output",
  "client_encoding",
]
  .map((name) => `pg_catalog.current_setting('${name}')`)
  .join(", ")}`;

/** @throws PgError 0A000 for a style in which the gateway does not write. */
export function readSettings(row: readonly string[]): SessionSettings {
  const [timeout = "0", floatDigits = "1", timeZone = "UTC", dateStyle, intervalStyle, bytea, encoding] = row;
  require(/^ISO\b/i.test(dateStyle ?? ""), "DateStyle", "ISO");
  require(intervalStyle === "postgres", "IntervalStyle", "postgres");
  require(bytea === "hex", "bytea_output", "hex");
  require(encoding === "UTF8", "client_encoding", "UTF8");
  return { statementTimeoutMs: milliseconds(timeout), extraFloatDigits: Number(floatDigits), timeZone };
}

function require(holds: boolean, name: string, wanted: string): void {
  if (!holds) {
    throw new PgError("0A000", `lake tables are read with ${name} = ${wanted} only`, {
      hint: `SET ${name} = '${wanted}'`,
    });
  }
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** As SHOW writes a time: `30s`, `10min`, `0`. */
function milliseconds(text: string): number | null {
  const [, count = "0", unit = "ms"] = /^(\d+)(ms|s|min|h|d)?$/.exec(text) ?? [];
  const time = Number(count) * (UNITS[unit] ?? 1);
  return time === 0 ? null : time;
}
