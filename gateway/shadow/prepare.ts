import type pg from "pg";
import { LotusError } from "../../common/errors.ts";
import { identifier, literal } from "../../lake/sql.ts";
import { READING, userRole, viewerRole } from "../roles.ts";
import { connectionTo, sqlstateOf, withClient } from "./connection.ts";
import { GRANTS_SQL } from "./grants.ts";
import { recordsSql } from "./records.ts";
import { REFUSAL } from "./refusal.ts";
import { serverVersion } from "./server-version.ts";

/** Any number will do, as long as it is nobody else's. */
export const GATEWAY_LOCK = 7_201_406;

/** What sessions begin with. Those below are set again at each start, these only where nobody set another value. */
const DEFAULTS: Readonly<Record<string, string>> = {
  statement_timeout: "10min",
  // What an open transaction sees is kept for as long as it is open.
  idle_in_transaction_session_timeout: "30min",
  idle_session_timeout: "1d",
  TimeZone: "UTC",
  DateStyle: "ISO, MDY",
};

const FIXED: Readonly<Record<string, string>> = {
  search_path: "main",
  default_transaction_isolation: "repeatable read",
  // Users may reach Postgres itself, where nothing keeps them from what every role may do, such as large objects.
  default_transaction_read_only: "on",
};

/**
 * Makes the shadow database with its roles, schemas and settings, or completes what is there of it.
 * @returns whether the server will keep what the gateway asks Postgres to print (each statement's tree) out of its log.
 * @throws LotusError SETTINGS_INVALID when Postgres is too old, the catalog's role may not do what is needed, or the
 * database holds something else; CATALOG_UNREACHABLE
 */
export async function prepareDatabase(catalogUrl: string, database: string): Promise<{ quietLog: boolean }> {
  return withClient(connectionTo(catalogUrl), async (server) => {
    const version = await serverVersion(server);
    if ((await single(server, "SELECT current_database()")) === database) {
      throw new LotusError(
        "SETTINGS_INVALID",
        `LOTUS_GATEWAY_DATABASE names the database of the catalog itself, ${database}. Give another name.`,
      );
    }
    // Advisory locks are a database's own: the one that every gateway of this catalog reaches.
    await server.query(`SELECT pg_advisory_lock(${GATEWAY_LOCK})`);
    await createDatabase(server, database, version);
    for (const role of [viewerRole(database), userRole(database)]) await createRole(server, role);
    await withClient(connectionTo(catalogUrl, database), (client) => furnish(client, database));
    return { quietLog: await configure(server, database) };
  });
}

async function createDatabase(server: pg.Client, database: string, version: number): Promise<void> {
  const { rowCount } = await server.query("SELECT FROM pg_database WHERE datname = $1", [database]);
  if (rowCount !== 0) return;
  // Text is compared by code point, as DuckDB does.
  const locale =
    version >= 170_000
      ? "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
      : "LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'";
  await allowed(
    server.query(`CREATE DATABASE ${identifier(database)} TEMPLATE template0 ENCODING 'UTF8' ${locale}`),
    `create the database ${database}`,
    "CREATEDB",
  );
}

async function createRole(server: pg.Client, role: string): Promise<void> {
  const { rowCount } = await server.query("SELECT FROM pg_roles WHERE rolname = $1", [role]);
  if (rowCount !== 0) return;
  await allowed(
    server.query(`CREATE ROLE ${identifier(role)} NOLOGIN`),
    `create the role ${role}`,
    "CREATEROLE",
  );
}

/** @throws LotusError SETTINGS_INVALID where the catalog's role lacks the attribute. */
async function allowed(work: Promise<unknown>, what: string, attribute: string): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (sqlstateOf(error) !== "42501") throw error;
    throw new LotusError(
      "SETTINGS_INVALID",
      `The catalog's role may not ${what}. As a superuser, run ALTER ROLE ... ${attribute} for it, or create it yourself.`,
      { cause: error },
    );
  }
}

/** Schemas and privileges inside. */
async function furnish(client: pg.Client, database: string): Promise<void> {
  const ours = await single(client, "SELECT to_regnamespace('lotus_gateway') IS NOT NULL");
  const strangers = await single(
    client,
    `SELECT count(*)::int FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`,
  );
  if (ours !== true && strangers !== 0) {
    throw new LotusError(
      "SETTINGS_INVALID",
      `The database ${database} exists and holds tables that are not the gateway's. Name another with LOTUS_GATEWAY_DATABASE.`,
    );
  }
  const viewer = identifier(viewerRole(database));
  const user = identifier(userRole(database));
  await client.query(`
    BEGIN;
    CREATE SCHEMA IF NOT EXISTS main;
    CREATE SCHEMA IF NOT EXISTS staging;
    CREATE SCHEMA IF NOT EXISTS lotus_gateway;
    ${REFUSAL.sql}
    ${recordsSql(database)}
    ${GRANTS_SQL}
    REVOKE ALL ON DATABASE ${identifier(database)} FROM PUBLIC;
    GRANT CONNECT ON DATABASE ${identifier(database)} TO ${viewer}, ${user};
    GRANT USAGE ON SCHEMA main TO ${viewer};
    ALTER DEFAULT PRIVILEGES IN SCHEMA main GRANT ${READING} ON TABLES TO ${viewer};
    COMMIT;`);
  await dropPublicSchema(client);
}

/** Unless somebody put something there. */
async function dropPublicSchema(client: pg.Client): Promise<void> {
  try {
    await client.query("DROP SCHEMA IF EXISTS public RESTRICT");
  } catch {
    await client.query("REVOKE ALL ON SCHEMA public FROM PUBLIC");
  }
}

/** The database's settings. @returns whether its sessions may keep quiet in the server's log. */
async function configure(server: pg.Client, database: string): Promise<boolean> {
  const { rows } = await server.query<{ entry: string }>(
    `SELECT unnest(s.setconfig) AS entry FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
     WHERE d.datname = $1 AND s.setrole = 0`,
    [database],
  );
  const present = new Map(
    rows.map(({ entry }) => [
      entry.slice(0, entry.indexOf("=")).toLowerCase(),
      entry.slice(entry.indexOf("=") + 1),
    ]),
  );
  const set = (name: string, value: string) =>
    server.query(`ALTER DATABASE ${identifier(database)} SET ${name} = ${literal(value)}`);
  for (const [name, value] of Object.entries(FIXED)) if (present.get(name) !== value) await set(name, value);
  for (const [name, value] of Object.entries(DEFAULTS))
    if (!present.has(name.toLowerCase())) await set(name, value);
  if (present.get("log_min_messages") === "fatal") return true;
  try {
    await set("log_min_messages", "fatal");
    return true;
  } catch (error) {
    if (sqlstateOf(error) !== "42501") throw error;
    return false;
  }
}

/** The one value of the one row of a query. */
async function single(client: pg.Client, sql: string): Promise<unknown> {
  const { rows } = await client.query<unknown[]>({ text: sql, rowMode: "array" });
  return rows[0]?.[0];
}
