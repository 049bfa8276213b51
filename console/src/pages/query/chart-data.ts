import type { QueryResult } from "../../api/types.ts";
import { isNumber, isTime, textOf } from "./values.ts";

interface ChartData {
  x: number[];
  y: (number | null)[];
  time: boolean;
  /** Where x neither counts nor is a time: what stands at each place. */
  names?: string[];
}

/** Two columns of a result as a chart takes them: x ascending. Rows without an x are left out. Pure. */
export function chartData({ columns, rows }: QueryResult, x: number, y: number): ChartData {
  const along = columns[x];
  const time = along !== undefined && isTime(along);
  const values = rows.map((row) => numberOf(row[y]));
  if (!along || (!time && !isNumber(along))) {
    return {
      x: rows.map((_, index) => index),
      y: values,
      time: false,
      names: rows.map((row) => textOf(row[x])),
    };
  }
  const points = rows.flatMap((row, index) => {
    const at = time ? secondsOf(row[x]) : numberOf(row[x]);
    return at === null ? [] : [{ at, value: values[index] ?? null }];
  });
  points.sort((left, right) => left.at - right.at);
  return { x: points.map(({ at }) => at), y: points.map(({ value }) => value), time };
}

function numberOf(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** DuckDB prints "2026-01-09 12:30:00+00"; without an offset it is meant in UTC. */
function secondsOf(value: unknown): number | null {
  if (typeof value !== "string") return null;
  const iso = value.replace(" ", "T").replace(/(T.*[+-]\d\d)$/, "$1:00");
  const withZone = /T.*(Z|[+-]\d\d:\d\d)$/.test(iso) ? iso : iso.includes("T") ? `${iso}Z` : iso;
  const milliseconds = Date.parse(withZone);
  return Number.isNaN(milliseconds) ? null : milliseconds / 1000;
}
