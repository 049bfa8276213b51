import type { QueryResult } from "../../api/types.ts";
import { textOf } from "./values.ts";

const LOOKED_AT = 200;
const CHARACTER = 7.7;
const MOST_OF_TYPE = 10;

/** Wide enough for what the first rows hold, within reason. */
export function firstWidths({ columns, rows }: QueryResult): number[] {
  return columns.map(({ name, type }, index) => {
    const lengths = rows.slice(0, LOOKED_AT).map((row) => textOf(row[index]).length);
    const characters = Math.max(name.length + 1 + Math.min(type.length, MOST_OF_TYPE), ...lengths);
    return Math.round(Math.min(Math.max(characters * CHARACTER + 26, 72), 340));
  });
}
