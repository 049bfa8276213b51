import { literal } from "../../lake/sql.ts";
import { READING } from "../roles.ts";

/**
 * What is on record of tables that were granted one by one. Postgres forgets grants with the table; people think in
 * names, and tables are made anew without them. Whoever was granted a table by name therefore reads the one of the same
 * name that comes after it, until it is revoked, which works while there is none, too.
 *
 * A role that is dropped and made again is another one, even under its name: records name roles by their OID, which a
 * dump of the database writes as a name.
 */
export const GRANTS_SQL = `
    CREATE TABLE IF NOT EXISTS lotus_gateway.granted (
      role regrole NOT NULL,
      schema text NOT NULL,
      name text NOT NULL,
      PRIMARY KEY (role, schema, name));
    DELETE FROM lotus_gateway.granted g WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = g.role);
    CREATE OR REPLACE FUNCTION lotus_gateway.grant_again(relid regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    DECLARE role_name name;
    BEGIN
      FOR role_name IN
        SELECT r.rolname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN lotus_gateway.granted g ON g.schema = n.nspname AND g.name = lower(c.relname)
        JOIN pg_roles r ON r.oid = g.role
        WHERE c.oid = relid
      LOOP
        EXECUTE format('GRANT ${READING} ON %s TO %I', relid, role_name);
      END LOOP;
    END $$;
    REVOKE ALL ON FUNCTION lotus_gateway.grant_again FROM PUBLIC;`;

/** Lets those read a table that has just been made who were granted one of its name. */
export function grantAgain(quotedTable: string): string {
  return `SELECT lotus_gateway.grant_again(${literal(quotedTable)}::regclass)`;
}

/** $1: the role's name, $2: schema, $3: table; case does not tell names apart. */
export const REMEMBER_GRANT = `
  INSERT INTO lotus_gateway.granted SELECT oid, $2, lower($3) FROM pg_roles WHERE rolname = $1
  ON CONFLICT DO NOTHING`;

/** The same; without $3, all of the schema, without $2, all of the role. */
export const FORGET_GRANTS = `
  DELETE FROM lotus_gateway.granted WHERE role = (SELECT oid FROM pg_roles WHERE rolname = $1)
    AND schema = coalesce($2, schema) AND name = coalesce(lower($3), name)`;
