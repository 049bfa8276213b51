import { z } from "zod";
import type { Session } from "../../lake/session.ts";
import { currentSnapshot } from "../../lake/snapshots.ts";
import { literal } from "../../lake/sql.ts";
import { readSnapshot } from "../../lake/transaction.ts";

export interface LakeColumn {
  name: string;
  /** As DuckDB writes it. */
  type: string;
  comment: string | null;
}

export interface LakeTable {
  schema: "main" | "staging";
  name: string;
  comment: string | null;
  columns: LakeColumn[];
}

/** The tables that the gateway shows, as they are at one snapshot. */
export interface LakeSchema {
  /** Grows with each change of the lake's schema. */
  version: number;
  tables: LakeTable[];
}

/** Reads the newest schema of the lake. @throws LotusError */
export function readLakeSchema(session: Session): Promise<LakeSchema> {
  return readSnapshot(session, async () => {
    const snapshot = await currentSnapshot(session);
    const { version } = await session.queryOne(
      versionRow,
      `SELECT schema_version AS version FROM __ducklake_metadata_lakehouse.ducklake.ducklake_snapshot
       WHERE snapshot_id = ${literal(snapshot)}`,
    );
    const rows = await session.query(columnRow, columnsSql(snapshot));
    const tables = new Map<string, LakeTable>();
    for (const { schema, table, table_comment, name, type, comment } of rows) {
      const key = JSON.stringify([schema, table]);
      const entry = tables.get(key) ?? { schema, name: table, comment: table_comment, columns: [] };
      tables.set(key, entry);
      entry.columns.push({ name, type, comment });
    }
    return { version, tables: [...tables.values()] };
  });
}

const versionRow = z.object({ version: z.coerce.number().int() });

const columnRow = z.object({
  schema: z.enum(["main", "staging"]),
  table: z.string(),
  table_comment: z.string().nullable(),
  name: z.string(),
  type: z.string(),
  comment: z.string().nullable(),
});

// Tables and their comments from the catalog's own: duckdb_tables() looks into each table, which takes a millisecond
// and more for each. Views are among duckdb_columns() too, and are not shown: they cannot be read as of a snapshot.
function columnsSql(snapshot: number): string {
  const catalog = "__ducklake_metadata_lakehouse.ducklake";
  const stands = (alias: string) =>
    `${alias}.begin_snapshot <= ${literal(snapshot)} AND (${alias}.end_snapshot IS NULL OR ${alias}.end_snapshot > ${literal(snapshot)})`;
  return `
    SELECT c.schema_name AS schema, c.table_name AS "table", g.value AS table_comment,
      c.column_name AS name, c.data_type AS type, c.comment
    FROM duckdb_columns() c
    JOIN ${catalog}.ducklake_schema s ON s.schema_name = c.schema_name AND ${stands("s")}
    JOIN ${catalog}.ducklake_table t ON t.schema_id = s.schema_id AND t.table_name = c.table_name AND ${stands("t")}
    LEFT JOIN ${catalog}.ducklake_tag g ON g.object_id = t.table_id AND g.key = 'comment' AND ${stands("g")}
    WHERE c.database_name = 'lakehouse' AND c.schema_name IN ('main', 'staging')
    ORDER BY c.schema_name, c.table_name, c.column_index`;
}
