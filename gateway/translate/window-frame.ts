import { unsupported } from "../pg-error.ts";
import type { Expression } from "./expression.ts";
import { isUtc } from "./functions/zones.ts";
import type { TranslateContext } from "./translation.ts";
import { oid } from "./types.ts";

// Postgres's FRAMEOPTION_ bits.
const bits = {
  nonDefault: 0x1,
  range: 0x2,
  rows: 0x4,
  groups: 0x8,
  startUnboundedPreceding: 0x20,
  endUnboundedFollowing: 0x100,
  startCurrentRow: 0x200,
  endCurrentRow: 0x400,
  startPreceding: 0x800,
  endPreceding: 0x1000,
  startFollowing: 0x2000,
  endFollowing: 0x4000,
  excludeCurrentRow: 0x8000,
  excludeGroup: 0x10000,
  excludeTies: 0x20000,
} as const;

/** Whether an interval leads from a time with a zone to the same one in both: of hours, or of one unit in UTC. */
function isAlike(bound: Expression, context: TranslateContext): boolean {
  const [months, days, micros] =
    /'(-?\d+) months (-?\d+) days (-?\d+) microseconds'/.exec(bound.sql)?.slice(1) ?? [];
  if (bound.constant === undefined || micros === undefined) return false;
  const units = [months, days, micros].filter((count) => count !== "0");
  return (months === "0" && days === "0") || (isUtc(context) && units.length <= 1);
}

/** The frame of a window; null where it is the default one. `ordered`: the types of ORDER BY. */
export function windowFrame(
  options: number,
  start: Expression | null,
  end: Expression | null,
  ordered: readonly number[],
  context: TranslateContext,
): string | null {
  const has = (bit: number) => (options & bit) !== 0;
  if (!has(bits.nonDefault)) return null;
  const unit = has(bits.rows) ? "ROWS" : has(bits.groups) ? "GROUPS" : "RANGE";
  if (unit === "RANGE" && (start !== null || end !== null)) {
    const [type] = ordered;
    const distances: readonly (number | undefined)[] = [
      oid.int2,
      oid.int4,
      oid.int8,
      oid.numeric,
      oid.date,
      oid.timestamp,
    ];
    const bounds = [start, end].filter((bound) => bound !== null);
    const zoned = type === oid.timestamptz && bounds.every((bound) => isAlike(bound, context));
    if (ordered.length !== 1 || !(distances.includes(type) || zoned))
      throw unsupported("RANGE with a distance over this type");
  }
  const from = has(bits.startUnboundedPreceding)
    ? "UNBOUNDED PRECEDING"
    : has(bits.startCurrentRow)
      ? "CURRENT ROW"
      : has(bits.startPreceding) && start !== null
        ? `${start.sql} PRECEDING`
        : has(bits.startFollowing) && start !== null
          ? `${start.sql} FOLLOWING`
          : null;
  const to = has(bits.endUnboundedFollowing)
    ? "UNBOUNDED FOLLOWING"
    : has(bits.endCurrentRow)
      ? "CURRENT ROW"
      : has(bits.endPreceding) && end !== null
        ? `${end.sql} PRECEDING`
        : has(bits.endFollowing) && end !== null
          ? `${end.sql} FOLLOWING`
          : null;
  if (from === null || to === null) throw unsupported("this window frame");
  const exclusion = has(bits.excludeCurrentRow)
    ? " EXCLUDE CURRENT ROW"
    : has(bits.excludeGroup)
      ? " EXCLUDE GROUP"
      : has(bits.excludeTies)
        ? " EXCLUDE TIES"
        : "";
  return `${unit} BETWEEN ${from} AND ${to}${exclusion}`;
}
