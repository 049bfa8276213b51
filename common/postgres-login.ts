/** Where a Postgres database is, and who logs in to it. */
export interface PostgresLogin {
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
}

/** Reads `postgres://user:password@host:port/database`, whose parts are percent-encoded. */
export function readPostgresUrl(text: string): PostgresLogin {
  const { hostname, port, pathname, username, password } = new URL(text);
  return {
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || 5432),
    database: decodeURIComponent(pathname.slice(1)),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
}
