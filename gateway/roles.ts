/** Postgres roles that go with a shadow database. Roles are the whole server's, so their names begin with the database's. */

/** May read what stands in schema `main`. */
export function viewerRole(database: string): string {
  return `${database}_viewer`;
}

/** Whoever is a member was made by Lotus and is let in by the gateway. */
export function userRole(database: string): string {
  return `${database}_user`;
}

/**
 * What reads a table. `information_schema` shows keys to those only who may do more than SELECT: REFERENCES lets nobody
 * do anything who may make no tables.
 */
export const READING = "SELECT, REFERENCES";

/**
 * The roles (`pg_roles`) of the gateway's users, where $1 is their group: those that it lets in, and no others that
 * commands touch. Nobody is who may do more than read, nor is the catalog's role: since Postgres 16, whoever makes a role
 * becomes a member with the right to administer it.
 */
export const GATEWAY_USERS = `
  SELECT r.oid, r.rolname, r.rolconnlimit FROM pg_catalog.pg_roles r
  WHERE r.rolcanlogin
    AND NOT (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls)
    AND EXISTS (
      SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
      WHERE m.member = r.oid AND g.rolname = $1 AND NOT m.admin_option)`;
