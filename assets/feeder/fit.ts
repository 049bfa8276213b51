import { missingColumns } from "../../lake/tables.ts";
import type { Column, OnNewColumn } from "../definitions.ts";
import { isPathColumn } from "./landing.ts";
import type { InspectedFile, RejectedFile } from "./raw-files.ts";

/** A column whose values must be converted before the file can land. */
export interface Misfit {
  column: string;
  fileType: string;
  landingType: string;
}

/** How a set of files fits the landing table. */
export interface Fit {
  /** Can be registered as they are. */
  register: InspectedFile[];
  /** Could land after a conversion that loses nothing; only reading the values can tell. */
  convert: { file: InspectedFile; misfits: Misfit[] }[];
  rejected: RejectedFile[];
  /** Columns that the landing table gets because a file brings them. */
  added: Column[];
}

/** Decides for each file how it can land, from the columns alone. Pure. */
export function fitFiles(
  files: readonly InspectedFile[],
  landing: readonly Column[],
  policy: OnNewColumn,
): Fit {
  const fit: Fit = { register: [], convert: [], rejected: [], added: [] };
  const types = new Map(landing.map((column) => [column.name.toLowerCase(), column.type]));
  for (const file of files) {
    const fresh = missingColumns(file.columns, landing).filter((column) => !isPathColumn(column.name));
    if (fresh.length > 0 && policy === "fail") {
      fit.rejected.push({ ...file, reason: newColumnReason(fresh) });
      continue;
    }
    if (policy === "add") {
      for (const column of missingColumns(fresh, fit.added)) {
        const type = landingTypeFor(column.type);
        fit.added.push({ name: column.name, type });
        types.set(column.name.toLowerCase(), type);
      }
    }
    const misfits = findMisfits(file, types);
    if (misfits.length > 0) fit.convert.push({ file, misfits });
    else fit.register.push(file);
  }
  return fit;
}

function findMisfits(file: InspectedFile, types: ReadonlyMap<string, string>): Misfit[] {
  return file.columns.flatMap((column) => {
    const landingType = types.get(column.name.toLowerCase());
    // The path's value stands before one in the file.
    if (landingType === undefined || isPathColumn(column.name)) return [];
    if (isRegistrable(column.type, landingType)) return [];
    return [{ column: column.name, fileType: column.type, landingType }];
  });
}

export function misfitReason(misfit: Misfit): string {
  return (
    `column ${misfit.column} is ${misfit.fileType} in the file and ${misfit.landingType} in the landing table, ` +
    "which cannot hold it; correct the source, or declare the column's type in the stream's config"
  );
}

function newColumnReason(columns: readonly Column[]): string {
  const names = columns.map((column) => column.name).join(", ");
  return `new column ${names}, and the stream's on_new_column is "fail"; declare it in fields, or choose "add" or "ignore"`;
}

/**
 * File types that DuckLake 1.5.5 accepts for a landing column, as measured (docs/ducklake.md): a type it reads
 * without a cast, and the widenings of its own.
 */
const REGISTRABLE: Record<string, string[]> = {
  SMALLINT: ["TINYINT", "UTINYINT"],
  INTEGER: ["TINYINT", "SMALLINT", "UTINYINT", "USMALLINT"],
  BIGINT: ["TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"],
  DOUBLE: ["FLOAT"],
  TIMESTAMP: ["TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"],
};

function isRegistrable(fileType: string, landingType: string): boolean {
  if (fileType === landingType || REGISTRABLE[landingType]?.includes(fileType)) return true;
  const [from, to] = [decimalOf(fileType), decimalOf(landingType)];
  return from !== null && to !== null && from.scale === to.scale && from.width <= to.width;
}

/** Text holds anything; otherwise only types of one family, where a value either survives or is found not to. */
export function isConvertible(fileType: string, landingType: string): boolean {
  if (landingType === "VARCHAR") return true;
  const family = familyOf(landingType);
  return family !== null && family === familyOf(fileType);
}

function familyOf(type: string): "number" | "time" | "json" | null {
  if (/^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*)$/.test(type)) return "number";
  if (/^(DATE|TIMESTAMP(_S|_MS|_NS)?|TIMESTAMP WITH TIME ZONE)$/.test(type)) return "time";
  if (/^(JSON|VARCHAR)$/.test(type)) return "json";
  return null;
}

/** The landing column that a new column of a file gets: wide enough for what later files may bring. */
function landingTypeFor(fileType: string): string {
  if (/^U?(TINY|SMALL)INT$|^U?INTEGER$/.test(fileType)) return "BIGINT";
  if (fileType === "FLOAT") return "DOUBLE";
  if (/^TIMESTAMP_(S|MS|NS)$/.test(fileType)) return "TIMESTAMP";
  // Nested values land as JSON text, as Airbyte writes them; an all-NULL column says nothing of its type.
  if (/^STRUCT\(|^MAP\(|\[\d*\]$|^UNION\(|^ENUM\(|^"?NULL"?$|^JSON$|^BIT$/.test(fileType)) return "VARCHAR";
  return fileType;
}

function decimalOf(type: string): { width: number; scale: number } | null {
  const match = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type);
  return match ? { width: Number(match[1]), scale: Number(match[2]) } : null;
}
