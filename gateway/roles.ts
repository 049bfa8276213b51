import type pg from "pg";

/** Postgres roles that go with a shadow database. Roles are the whole server's, so their names begin with the database's. */

/** May read what stands in schema `main`. */
export function viewerRole(database: string): string {
  return `${database}_viewer`;
}

/** Whoever is a member was made by Lotus and is let in by the gateway. */
export function userRole(database: string): string {
  return `${database}_user`;
}

/** Whether a role is one of the gateway's users. No superuser is, nor is the catalog's role, which administers them. */
export async function isGatewayUser(client: pg.ClientBase, database: string, name: string): Promise<boolean> {
  const { rowCount } = await client.query(`SELECT FROM (${GATEWAY_USERS}) u WHERE u.rolname = $2`, [
    userRole(database),
    name,
  ]);
  return rowCount !== 0;
}

/**
 * The roles (`pg_roles`) of the gateway's users, where $1 is their group. Since Postgres 16, whoever makes a role becomes
 * a member with the right to administer it.
 */
export const GATEWAY_USERS = `
  SELECT r.oid, r.rolname, r.rolconnlimit FROM pg_roles r
  WHERE r.rolcanlogin AND NOT r.rolsuper AND EXISTS (
    SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
    WHERE m.member = r.oid AND g.rolname = $1 AND NOT m.admin_option)`;
