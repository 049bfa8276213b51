/** A column of a lake table, as the shadow database declares it. */
export interface ShadowColumn {
  /** Its name in the lake; Postgres's may be shorter. */
  name: string;
  /** Its type in the lake, in DuckDB's words. */
  duckdbType: string;
  /** Its type in the shadow database. */
  typeOid: number;
  typmod: number;
  /** Makes of a DuckDB expression that is this column one of the DuckDB type that stands for the Postgres type. */
  read(expression: string): string;
}

/** A lake table and the table of the shadow database that stands for it. */
export interface ShadowTable {
  /** Its OID in the shadow database. */
  relid: number;
  /** Its names in the lake. */
  schema: "main" | "staging";
  name: string;
  /**
   * By attribute number. Of a table that could not be brought in line (see `behind`), only the columns that are in the
   * lake as they are declared.
   */
  columns: ReadonlyMap<number, ShadowColumn>;
  /** Whether it may hold the lake's rows; which ones, and whether it does, is on record (gateway/served). */
  served: boolean;
}

/** The shadow database as it stands. */
export interface ShadowState {
  /** The lake's schema that it shows: `schema_version` of the catalog's snapshots. */
  schemaVersion: number;
  /** By OID. */
  tables: ReadonlyMap<number, ShadowTable>;
  /**
   * Tables, by `schema.name` in the lake, that still stand as they did in an earlier schema, because an open
   * transaction uses them: another sync brings them in line once it has ended.
   */
  behind: ReadonlySet<string>;
}
