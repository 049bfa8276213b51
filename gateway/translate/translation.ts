import type { PgCatalog } from "../catalog.ts";
import type { ShadowTable } from "../shadow/shadow-table.ts";

/** What a translation needs to know beside the statement. */
export interface TranslateContext {
  catalog: PgCatalog;
  /** Tables of the lake by their OID in the shadow database. */
  tables: ReadonlyMap<number, ShadowTable>;
  /** The FROM item, in DuckDB's SQL, that a table is read from. */
  source(table: ShadowTable): string;
  /** `$n` at n - 1: a literal in DuckDB's SQL. */
  parameters: readonly string[];
  /** The role, for `current_user` and the like. */
  user: string;
  /** Name of the database, for `current_database()`. */
  database: string;
  /** The session's; DuckDB's session has it too. */
  timeZone: string;
}

export interface OutputColumn {
  name: string;
  typeOid: number;
  typmod: number;
}

/** A statement of Postgres's in DuckDB's SQL. */
export interface Translation {
  sql: string;
  /** In the statement's order; what Postgres's RowDescription says too. */
  columns: OutputColumn[];
}
