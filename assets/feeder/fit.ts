import { missingColumns } from "../../lake/tables.ts";
import type { Column, OnNewColumn } from "../definitions.ts";
import { isFileNameColumn, isLakeColumn, PATH_COLUMNS } from "../names.ts";
import { isPathColumn } from "./landing.ts";
import type { InspectedFile, RejectedFile } from "./raw-files.ts";
import { columnTypeFor, type TypeFit, typeFit } from "./type-fit.ts";

/** A column whose values must be looked at, or converted, before the file can land. */
export interface Misfit {
  column: string;
  fileType: string;
  landingType: string;
  /** `left-out`: the file's column must not be seen beside the path's. */
  fit: Exclude<TypeFit, "as-is"> | "left-out";
}

/** How a set of files fits the landing table. */
export interface Fit {
  /** Can be registered as they are. */
  register: InspectedFile[];
  /** Could land if nothing is lost; only reading the values can tell. */
  convert: { file: InspectedFile; misfits: Misfit[] }[];
  rejected: RejectedFile[];
  /** Columns that the landing table gets because a file brings them. */
  added: Column[];
}

/**
 * Decides for each file how it can land, from the columns alone. A new column without a value in it says nothing of
 * its type, and is not added until a file brings a value. Pure.
 */
export function fitFiles(
  files: readonly InspectedFile[],
  landing: readonly Column[],
  policy: OnNewColumn,
): Fit {
  const fit: Fit = { register: [], convert: [], rejected: [], added: [] };
  const types = new Map(landing.map((column) => [column.name.toLowerCase(), column.type]));
  const accepted: InspectedFile[] = [];
  for (const file of files) {
    const fresh = missingColumns(file.columns, landing).filter((column) => !isPathColumn(column.name));
    const reason = policy === "fail" ? failReason(fresh) : policy === "add" ? addReason(fresh) : null;
    if (reason !== null) {
      fit.rejected.push({ ...file, reason });
      continue;
    }
    accepted.push(file);
    if (policy !== "add") continue;
    const brought = fresh.filter((column) => !file.footer?.valueless.has(column.name.toLowerCase()));
    for (const column of missingColumns(brought, fit.added)) {
      const type = columnTypeFor(column.type);
      fit.added.push({ name: column.name, type });
      types.set(column.name.toLowerCase(), type);
    }
  }
  // Only now is known which columns the table will have for all of them.
  for (const file of accepted) {
    const misfits = findMisfits(file, types);
    if (misfits.length > 0) fit.convert.push({ file, misfits });
    else fit.register.push(file);
  }
  return fit;
}

function findMisfits(file: InspectedFile, types: ReadonlyMap<string, string>): Misfit[] {
  return file.columns.flatMap((column): Misfit[] => {
    const landingType = types.get(column.name.toLowerCase());
    if (landingType === undefined) return [];
    const misfit = { column: column.name, fileType: column.type, landingType };
    // The path's value stands before the file's; to DuckLake only where both are spelt alike.
    if (isPathColumn(column.name))
      return PATH_COLUMNS.some((name) => name === column.name) ? [] : [{ ...misfit, fit: "left-out" }];
    const fit = typeFit(column.type, landingType);
    return fit === "as-is" ? [] : [{ ...misfit, fit }];
  });
}

export function misfitReason(misfit: Misfit): string {
  return (
    `column ${misfit.column} is ${misfit.fileType} in the file and ${misfit.landingType} in the landing table, ` +
    "which cannot hold it; correct the source, or declare the column's type in the stream's config"
  );
}

function addReason(columns: readonly Column[]): string | null {
  const reserved = columns.find(({ name }) => isFileNameColumn(name) || isLakeColumn(name));
  if (!reserved) return null;
  return (
    `new column ${reserved.name} has a name that the lake needs for itself; rename it at the source, or set the ` +
    'stream\'s on_new_column to "ignore" to feed the file without it'
  );
}

function failReason(columns: readonly Column[]): string | null {
  if (columns.length === 0) return null;
  const names = columns.map((column) => column.name).join(", ");
  return `new column ${names}, and the stream's on_new_column is "fail"; declare it in fields, or choose "add" or "ignore"`;
}
