import type { Session } from "./session.ts";
import { identifier, literal, qualified } from "./sql.ts";

/** A table of the lake, by schema and name. */
export interface TableName {
  schema: "staging" | "main" | "meta";
  name: string;
}

export interface TableColumn {
  name: string;
  type: string;
}

/** `lakehouse.schema.table`, quoted. */
export function lakeTable({ schema, name }: TableName): string {
  return qualified("lakehouse", schema, name);
}

/** The columns of a table in order, or null when there is no such table. */
export async function tableColumns(session: Session, table: TableName): Promise<TableColumn[] | null> {
  const [present] = await session.queryRaw(
    `SELECT 1 FROM duckdb_tables() WHERE database_name = 'lakehouse' AND schema_name = ${literal(table.schema)}
       AND table_name = ${literal(table.name)}`,
  );
  if (!present) return null;
  return session.describe(lakeTable(table));
}

/** Creates a table with these columns. */
export async function createTable(session: Session, table: TableName, columns: TableColumn[]): Promise<void> {
  const list = columns.map((column) => `${identifier(column.name)} ${column.type}`).join(", ");
  await session.execute(`CREATE TABLE ${lakeTable(table)} (${list})`);
}

/** Adds columns; rows that are there have NULL in them. */
export async function addColumns(session: Session, table: TableName, columns: TableColumn[]): Promise<void> {
  for (const column of columns) {
    await session.execute(
      `ALTER TABLE ${lakeTable(table)} ADD COLUMN ${identifier(column.name)} ${column.type}`,
    );
  }
}

/** Those of `wanted` that `present` lacks. Names are compared as DuckDB compares them, without case. */
export function missingColumns(
  wanted: readonly TableColumn[],
  present: readonly TableColumn[],
): TableColumn[] {
  const names = new Set(present.map((column) => column.name.toLowerCase()));
  return wanted.filter((column) => !names.has(column.name.toLowerCase()));
}
