import { z } from "zod";
import type { Session } from "./session.ts";
import { literal } from "./sql.ts";

/**
 * What every transaction that is open in the catalog sees. A DuckLake transaction is one of Postgres, with isolation
 * REPEATABLE READ, from its first look at the catalog to its end, so that Postgres knows which rows are visible to
 * all of them. Only what all of them see as gone may go: a reader reads the files that it saw, and a writer learns at
 * its commit from the snapshots after the one that it saw whether somebody was faster. With those expired it would
 * commit in spite of a conflict, and the fence would be broken.
 *
 * Another role's transactions can only be seen by a catalog user who may read all statistics (pg_read_all_stats).
 */

/** A condition on rows of a catalog table, in Postgres's SQL: every open transaction sees the row. */
export const SEEN_BY_ALL = `age(xmin) > (SELECT coalesce(max(age(backend_xmin)), 0) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid())`;

/** A FROM item: a SELECT in Postgres's SQL, run in the catalog's database. */
export function inCatalog(select: string): string {
  return `postgres_query('__ducklake_metadata_lakehouse', ${literal(select)})`;
}

const idRow = z.object({ id: z.coerce.number() });

/** The newest snapshot that every open transaction sees: each of them reads that one or a later one. */
export async function newestSeenByAll(session: Session): Promise<number> {
  const select = `SELECT coalesce(max(snapshot_id), -1) AS id FROM ducklake.ducklake_snapshot WHERE ${SEEN_BY_ALL}`;
  return (await session.queryOne(idRow, `SELECT id FROM ${inCatalog(select)}`)).id;
}
