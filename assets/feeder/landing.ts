import type { Session } from "../../lake/session.ts";
import { identifier, literal } from "../../lake/sql.ts";
import { addColumns, createTable, lakeTable, missingColumns, tableColumns } from "../../lake/tables.ts";
import type { Column, Stream } from "../definitions.ts";
import { PATH_COLUMNS, sameName } from "../names.ts";
import type { InspectedFile } from "./raw-files.ts";

/**
 * Brings the landing table up to its declaration and to the columns that `added` brings, inside the caller's
 * transaction: creates it where it is missing, adds what it lacks. Never drops or retypes.
 * @returns the table's columns afterwards.
 */
export async function reconcileLanding(
  session: Session,
  stream: Stream,
  added: readonly Column[] = [],
): Promise<Column[]> {
  const table = { schema: "staging", name: stream.landing.table } as const;
  const present = await tableColumns(session, table);
  if (present === null) {
    const columns = [...stream.landing.columns, ...missingColumns(added, stream.landing.columns)];
    await createTable(session, table, columns);
    return columns;
  }
  const wanted = [...stream.landing.columns, ...missingColumns(added, stream.landing.columns)];
  const missing = missingColumns(wanted, present);
  await addColumns(session, table, missing);
  return [...present, ...missing];
}

/** Registers files in the landing table, in one call: the files stay where they are, the lake owns them from now on. */
export async function registerFiles(
  session: Session,
  stream: Stream,
  paths: readonly string[],
): Promise<void> {
  if (paths.length === 0) return;
  await session.execute(
    `CALL ducklake_add_data_files('lakehouse', ${literal(stream.landing.table)}, ${literal(paths)},
      schema => 'staging', hive_partitioning => true, allow_missing => true, ignore_extra_columns => true)`,
  );
}

/**
 * A SELECT of exactly the rows and columns that the landing table shows for these files. Reads the files
 * themselves: through the table, planning would cost 50 ms for every thousand files fed before. Files of unlike
 * columns are read apart: a type in which all of them have room may have none for the values of one.
 */
export function readFilesSql(files: readonly InspectedFile[], landing: readonly Column[]): string {
  const alike = new Map<string, InspectedFile[]>();
  for (const file of files) {
    const columns = JSON.stringify(file.columns);
    const group = alike.get(columns);
    if (group) group.push(file);
    else alike.set(columns, [file]);
  }
  return [...alike.values()].map((group) => readAlikeSql(group, landing)).join(" UNION ALL ");
}

function readAlikeSql(files: readonly InspectedFile[], landing: readonly Column[]): string {
  const inFiles = new Set(files.flatMap((file) => file.columns.map((column) => column.name.toLowerCase())));
  const columns = landing.map((column) => {
    const present = inFiles.has(column.name.toLowerCase()) || isPathColumn(column.name);
    const value = present ? identifier(column.name) : "NULL";
    return `${value}::${column.type} AS ${identifier(column.name)}`;
  });
  const hiveTypes = PATH_COLUMNS.map((name) => `${literal(name)}: BIGINT`).join(", ");
  return `SELECT ${columns.join(", ")} FROM read_parquet(${literal(files.map((file) => file.path))},
    union_by_name = true, hive_partitioning = true, hive_types = {${hiveTypes}})`;
}

/** A SELECT of everything in the landing table. */
export function readLandingSql(stream: Stream, landing: readonly Column[]): string {
  const columns = landing.map((column) => identifier(column.name)).join(", ");
  return `SELECT ${columns} FROM ${lakeTable({ schema: "staging", name: stream.landing.table })}`;
}

/** Whether a column comes from the path rather than from the file. */
export function isPathColumn(name: string): boolean {
  return PATH_COLUMNS.some((path) => sameName(path, name));
}
