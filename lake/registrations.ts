import { z } from "zod";
import type { Session } from "./session.ts";
import { literal } from "./sql.ts";

/**
 * The catalog's own list of data files, read and corrected behind DuckLake's back, in Postgres itself. Only for raw
 * files whose object changed: see docs/decisions/unregister-changed-files.md.
 */

const METADATA = "__ducklake_metadata_lakehouse";
const pathRow = z.object({ path: z.string() });

/** The paths under `prefix` that live tables have registered. */
export async function registeredPaths(session: Session, prefix: string): Promise<Set<string>> {
  const sql = `SELECT path FROM ducklake.ducklake_data_file
    WHERE end_snapshot IS NULL AND starts_with(path, ${literal(prefix)})`;
  const rows = await session.query(
    pathRow,
    `SELECT path FROM postgres_query(${literal(METADATA)}, ${literal(sql)})`,
  );
  return new Set(rows.map((row) => row.path));
}

/**
 * Takes files out of the catalog as if they had never been registered, out of every snapshot, whether a table still
 * shows them or a clean-up waits to delete them. Their objects stay as they are: whatever lies under the path is the
 * user's, and no clean-up may delete it. One Postgres statement, in a transaction of its own; a path that is not
 * registered is left alone, so that it may be repeated.
 */
export async function unregisterFiles(session: Session, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  await session.execute(`CALL postgres_execute(${literal(METADATA)}, ${literal(unregisterSql(paths))})`);
}

// What DuckLake itself deletes when it expires a file, but for the entry in its list of objects to delete.
function unregisterSql(paths: readonly string[]): string {
  const list = paths.map((path) => literal(path)).join(", ");
  const dependants = [
    "ducklake_file_column_stats",
    "ducklake_file_variant_stats",
    "ducklake_file_partition_value",
    "ducklake_delete_file",
  ];
  const deletions = dependants.map(
    (table) =>
      `${table}_gone AS (DELETE FROM ducklake.${table} WHERE data_file_id IN (SELECT data_file_id FROM gone))`,
  );
  return `WITH gone AS (DELETE FROM ducklake.ducklake_data_file WHERE path IN (${list}) RETURNING data_file_id),
    ${deletions.join(", ")}
    DELETE FROM ducklake.ducklake_files_scheduled_for_deletion WHERE path IN (${list})`;
}
