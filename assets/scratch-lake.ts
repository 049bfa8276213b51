import { openScratch, type Session } from "../lake/session.ts";
import { identifier, qualified } from "../lake/sql.ts";
import type { Column } from "./definitions.ts";

/**
 * An empty in-memory copy of the lake, in which definitions are tried: same catalog and schema names, no data, no
 * way to the outside.
 */
export async function openScratchLake(): Promise<Session> {
  const scratch = await openScratch();
  await scratch.execute(`
    ATTACH ':memory:' AS lakehouse;
    CREATE SCHEMA lakehouse.staging;
    SET enable_external_access = false;
    USE lakehouse.main;
  `);
  return scratch;
}

/** Creates an empty table with these columns. */
export async function createScratchTable(
  scratch: Session,
  schema: "main" | "staging",
  table: string,
  columns: readonly Column[],
): Promise<void> {
  const list = columns.map((column) => `${identifier(column.name)} ${column.type}`).join(", ");
  await scratch.execute(`CREATE TABLE ${qualified("lakehouse", schema, table)} (${list})`);
}

/** The output columns of a SELECT, bound and not run. @throws LotusError with DuckDB's message and its `LINE n:`. */
export async function bindSelect(scratch: Session, select: string): Promise<Column[]> {
  return scratch.describe(select.replace(/^\uFEFF/, ""));
}
