import { identifier, literal } from "../../lake/sql.ts";
import { userRole } from "../roles.ts";

/**
 * What is on record of the tables that hold the lake's rows: which table of the lake, and at which snapshot its rows
 * were read. A record goes with the rows: they change in one transaction. It counts for the file that it names only:
 * TRUNCATE and ALTER TABLE show a table without rows to transactions that began before them, and those still see the
 * record.
 *
 * Users learn of records through the function alone: BI tools offer them each table that they may read.
 */
export function recordsSql(database: string): string {
  const user = identifier(userRole(database));
  return `
    CREATE TABLE IF NOT EXISTS lotus_gateway.served (
      relid oid PRIMARY KEY,
      filenode oid NOT NULL,
      table_id bigint NOT NULL,
      snapshot bigint NOT NULL,
      snapshot_time text NOT NULL);
    CREATE OR REPLACE FUNCTION lotus_gateway.served_tables(relids oid[]) RETURNS json
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
      SELECT json_agg(json_build_object('relid', relid::bigint, 'table', table_id, 'snapshot', snapshot,
        'snapshotTime', snapshot_time))
      FROM lotus_gateway.served WHERE relid = ANY (relids) AND filenode = pg_relation_filenode(relid)
    $$;
    REVOKE ALL ON FUNCTION lotus_gateway.served_tables FROM PUBLIC;
    GRANT USAGE ON SCHEMA lotus_gateway TO ${user};
    GRANT EXECUTE ON FUNCTION lotus_gateway.served_tables TO ${user};`;
}

/** Takes a table's record away. */
export function forgetServed(relid: number): string {
  return `DELETE FROM lotus_gateway.served WHERE relid = ${literal(relid)}`;
}
