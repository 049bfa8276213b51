import type { QueryResult } from "../../api/types.ts";

export type ResultColumn = QueryResult["columns"][number];

const NUMBER = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL|NUMERIC|DOUBLE|FLOAT|REAL)(\(.*\))?$/;
const TIME = /^(DATE|TIMESTAMP)/;

export function isNumber({ type }: ResultColumn): boolean {
  return NUMBER.test(type);
}

export function isTime({ type }: ResultColumn): boolean {
  return TIME.test(type);
}

/** A value as it is shown and copied. Nested values as JSON. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** For spreadsheets: a table with tabs. */
export function tabbed({ columns, rows }: QueryResult): string {
  const clean = (value: unknown) =>
    value === null || value === undefined ? "" : textOf(value).replace(/[\t\r\n]+/g, " ");
  return [columns.map(({ name }) => name).join("\t"), ...rows.map((row) => row.map(clean).join("\t"))].join(
    "\n",
  );
}
