/** Postgres roles that go with a shadow database. Roles are the whole server's, so their names begin with the database's. */

/** May read what stands in schema `main`. */
export function viewerRole(database: string): string {
  return `${database}_viewer`;
}

/** Whoever is a member was made by Lotus and is let in by the gateway. */
export function userRole(database: string): string {
  return `${database}_user`;
}
