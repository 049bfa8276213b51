/**
 * Takes what Postgres's clients read (PGHOST, PGSSLMODE, PGSERVICE, PGOPTIONS, PGTZ ...) out of the environment. Both of
 * ours do, libpq within DuckDB and `pg`, and what somebody has set for psql would lead them elsewhere, or change how
 * their sessions are. Where the catalog is stands in LOTUS_CATALOG_URL, or the embedded platform knows it.
 */
export function forgetPostgresEnvironment(environment: NodeJS.ProcessEnv = process.env): void {
  for (const name of Object.keys(environment)) if (/^PG[A-Z]/.test(name)) delete environment[name];
}
