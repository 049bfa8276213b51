import { cast } from "../expression.ts";
import { macro } from "../macros.ts";
import type { TranslateContext } from "../translation.ts";

/**
 * Between the session's local time and the instant that it is. DuckDB's arithmetic with zones takes ten times as long as
 * that without, and in UTC there is nothing to reckon.
 */

/** A TIMESTAMP, the local time of a session, as a TIMESTAMP WITH TIME ZONE. */
export function instantOf(local: string, context: TranslateContext): string {
  return isUtc(context) ? macro("utc_instant", local) : cast(local, "TIMESTAMP WITH TIME ZONE");
}

/** A TIMESTAMP WITH TIME ZONE as the local time of a session. */
export function localOf(instant: string, context: TranslateContext): string {
  return isUtc(context) ? macro("utc_local", instant) : cast(instant, "TIMESTAMP");
}

export function isUtc({ timeZone }: TranslateContext): boolean {
  return /^(Etc\/)?(UTC|UCT|Universal|Zulu)$/i.test(timeZone);
}
