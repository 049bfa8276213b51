import type pg from "pg";
import { z } from "zod";
import { LotusError } from "../common/errors.ts";
import { identifier, literal, qualified } from "../lake/sql.ts";
import { GATEWAY_USERS, READING, userRole, viewerRole } from "./roles.ts";
import { scramVerifier } from "./scram.ts";
import { connectionTo, sqlstateOf, withClient } from "./shadow/connection.ts";
import { FORGET_GRANTS, REMEMBER_GRANT } from "./shadow/grants.ts";
import { GATEWAY_LOCK, prepareDatabase } from "./shadow/prepare.ts";

export type UserSchema = "main" | "staging";

/** What a user may read. */
export interface Access {
  /** Whole schemas, tables to come too. */
  schemas: readonly UserSchema[];
  /** `table` or `schema.table`, as the lake calls it. */
  tables: readonly string[];
}

export interface GatewayUser {
  name: string;
  schemas: UserSchema[];
  /** Tables granted one by one: `schema.table`. One that is not there is read when it comes. */
  tables: string[];
  /** The most sessions at once. */
  connectionLimit: number;
  /** Sessions now. */
  sessions: number;
}

/** Sessions that a user may have at once, unless told otherwise. */
export const DEFAULT_CONNECTIONS = 20;

/**
 * The gateway's users: roles of the catalog's Postgres that are members of the database's user group. Other roles of
 * that server are never touched, and never let in.
 */
export class GatewayUsers {
  readonly #catalogUrl: string;
  readonly #database: string;

  constructor(catalogUrl: string, database: string) {
    this.#catalogUrl = catalogUrl;
    this.#database = database;
  }

  /**
   * Makes a user. @throws LotusError REQUEST_INVALID when the name is taken or cannot be one, SETTINGS_INVALID for the
   * password, NOT_FOUND for a table
   */
  async add(
    name: string,
    password: string,
    access: Access,
    connections = DEFAULT_CONNECTIONS,
  ): Promise<void> {
    const verifier = scramVerifier(password);
    checkName(name);
    await this.#inTransaction(async (client) => {
      await createUser(client, name, verifier, connections);
      await this.#letIn(client, name);
      await grant(client, this.#database, name, access);
    });
  }

  /** Lets a user read more. @throws LotusError NOT_FOUND for the user or a table */
  async grant(name: string, access: Access): Promise<void> {
    await this.#ofUser(name, (client) => grant(client, this.#database, name, access));
  }

  /**
   * Takes away what was granted, tables that are not there any more too. @throws LotusError NOT_FOUND for the user or a
   * table; REQUEST_INVALID for a table that the user reads as one of a schema
   */
  async revoke(name: string, access: Access): Promise<void> {
    await this.#ofUser(name, (client) => revoke(client, this.#database, name, access));
  }

  /** @throws LotusError NOT_FOUND, SETTINGS_INVALID */
  async setPassword(name: string, password: string): Promise<void> {
    const verifier = scramVerifier(password);
    await this.#ofUser(name, async (client) => {
      await client.query(`ALTER ROLE ${identifier(name)} PASSWORD ${literal(verifier)}`);
    });
  }

  /**
   * Makes the user, who reads schema `main`, or gives a role that is there what it lacks. For the embedded platform's own
   * user, on a server that is nobody else's.
   */
  async ensure(name: string, password: string): Promise<void> {
    const verifier = scramVerifier(password);
    await this.#inTransaction(async (client) => {
      const { rowCount } = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [name]);
      if (rowCount === 0) await createUser(client, name, verifier, DEFAULT_CONNECTIONS);
      else await client.query(`ALTER ROLE ${identifier(name)} PASSWORD ${literal(verifier)}`);
      await this.#letIn(client, name);
      await grant(client, this.#database, name, { schemas: ["main"], tables: [] });
    });
  }

  /** Takes a user's rights, ends its sessions and drops it. @throws LotusError NOT_FOUND */
  async remove(name: string): Promise<void> {
    await this.#ofUser(name, async (client) => {
      const role = identifier(name);
      for (const schema of ["main", "staging"] as const) {
        await client.query(`REVOKE ALL ON ALL TABLES IN SCHEMA ${identifier(schema)} FROM ${role}`);
        await client.query(`REVOKE ALL ON SCHEMA ${identifier(schema)} FROM ${role}`);
        await client.query(
          `ALTER DEFAULT PRIVILEGES IN SCHEMA ${identifier(schema)} REVOKE ALL ON TABLES FROM ${role}`,
        );
      }
      await client.query(FORGET_GRANTS, [name, null, null]);
      // Who made a role may join it, and a member may end its sessions.
      await client.query(`GRANT ${role} TO CURRENT_USER`);
      await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", [name]);
      await client.query(`DROP ROLE ${role}`);
    });
  }

  /** By name. */
  async list(): Promise<GatewayUser[]> {
    return this.#connected(async (client) => {
      const { rows } = await client.query(USERS, [userRole(this.#database), viewerRole(this.#database)]);
      return z.array(userSchema).parse(rows);
    });
  }

  async #letIn(client: pg.Client, name: string): Promise<void> {
    await client.query(`GRANT ${identifier(userRole(this.#database))} TO ${identifier(name)}`);
  }

  async #ofUser(name: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
    await this.#inTransaction(async (client) => {
      const { rowCount } = await client.query(`SELECT FROM (${GATEWAY_USERS}) u WHERE u.rolname = $2`, [
        userRole(this.#database),
        name,
      ]);
      if (rowCount === 0)
        throw new LotusError(
          "NOT_FOUND",
          `The gateway has no user ${name}. \`lotus user list\` shows those there are.`,
        );
      await work(client);
    });
  }

  async #inTransaction(work: (client: pg.Client) => Promise<void>): Promise<void> {
    await this.#connected(async (client) => {
      await client.query("BEGIN");
      // A gateway that makes a table meanwhile would grant what is just being revoked.
      await client.query(`SELECT pg_advisory_xact_lock(${GATEWAY_LOCK})`);
      await work(client);
      await client.query("COMMIT");
    });
  }

  /** Works before a gateway has ever run, too. */
  async #connected<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    await prepareDatabase(this.#catalogUrl, this.#database);
    return withClient(connectionTo(this.#catalogUrl, this.#database), work);
  }
}

async function createUser(
  client: pg.Client,
  name: string,
  verifier: string,
  connections: number,
): Promise<void> {
  try {
    await client.query(
      `CREATE ROLE ${identifier(name)} LOGIN INHERIT CONNECTION LIMIT ${literal(connections)} PASSWORD ${literal(verifier)}`,
    );
  } catch (error) {
    if (sqlstateOf(error) === "42710")
      throw refused(
        `There is a role ${name} already. Choose another name; \`lotus user list\` shows the gateway's users.`,
      );
    if (sqlstateOf(error) === "42501")
      throw refused(
        "The catalog's role may not make users. As a superuser, run ALTER ROLE ... CREATEROLE for it.",
      );
    throw error;
  }
}

async function grant(client: pg.Client, database: string, name: string, access: Access): Promise<void> {
  const role = identifier(name);
  for (const schema of access.schemas) {
    if (schema === "main") {
      await client.query(`GRANT ${identifier(viewerRole(database))} TO ${role}`);
      continue;
    }
    await client.query(`GRANT USAGE ON SCHEMA ${identifier(schema)} TO ${role}`);
    await client.query(`GRANT ${READING} ON ALL TABLES IN SCHEMA ${identifier(schema)} TO ${role}`);
    await client.query(
      `ALTER DEFAULT PRIVILEGES IN SCHEMA ${identifier(schema)} GRANT ${READING} ON TABLES TO ${role}`,
    );
  }
  for (const table of access.tables) {
    const { schema, name: found } = await presentTable(client, table);
    await client.query(`GRANT USAGE ON SCHEMA ${identifier(schema)} TO ${role}`);
    await client.query(`GRANT ${READING} ON ${qualified(schema, found)} TO ${role}`);
    await client.query(REMEMBER_GRANT, [name, schema, found]);
  }
}

async function revoke(client: pg.Client, database: string, name: string, access: Access): Promise<void> {
  const role = identifier(name);
  for (const schema of access.schemas) {
    if (schema === "main") await client.query(`REVOKE ${identifier(viewerRole(database))} FROM ${role}`);
    await client.query(`REVOKE ALL ON ALL TABLES IN SCHEMA ${identifier(schema)} FROM ${role}`);
    await client.query(`REVOKE ALL ON SCHEMA ${identifier(schema)} FROM ${role}`);
    await client.query(
      `ALTER DEFAULT PRIVILEGES IN SCHEMA ${identifier(schema)} REVOKE ALL ON TABLES FROM ${role}`,
    );
    await client.query(FORGET_GRANTS, [name, schema, null]);
  }
  for (const table of access.tables) {
    const { rowCount } = await client.query(FORGET_GRANTS, [name, ...parsed(table)]);
    if (rowCount !== 0 && (await findTable(client, table)) === null) continue;
    const { schema, name: found } = await presentTable(client, table);
    await client.query(`REVOKE ALL ON ${qualified(schema, found)} FROM ${role}`);
    const { rows } = await client.query<{ reads: boolean }>(
      "SELECT has_table_privilege($1, $2::regclass, 'SELECT') AS reads",
      [name, qualified(schema, found)],
    );
    if (rows[0]?.reads)
      throw refused(
        `${name} reads ${table} as a table of schema ${schema}. Revoke the schema and grant its other tables.`,
      );
  }
}

interface TableName {
  schema: UserSchema;
  name: string;
}

/** @throws LotusError NOT_FOUND */
async function presentTable(client: pg.Client, table: string): Promise<TableName> {
  const found = await findTable(client, table);
  if (found !== null) return found;
  throw new LotusError(
    "NOT_FOUND",
    `The gateway shows no table ${parsed(table).join(".")}. Start \`lotus gateway\` once after it was made, or correct the name.`,
  );
}

/** A table of the shadow database, by its name in the lake, where case does not tell names apart. */
async function findTable(client: pg.Client, table: string): Promise<TableName | null> {
  const [schema, name] = parsed(table);
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r' AND lower(relname) = lower($2)`,
    [schema, name],
  );
  return rows[0] === undefined ? null : { schema, name: rows[0].name };
}

/** `table` or `schema.table`. */
function parsed(table: string): [schema: UserSchema, name: string] {
  const dot = /^(main|staging)\./.exec(table);
  return [(dot?.[1] ?? "main") as UserSchema, dot ? table.slice(dot[0].length) : table];
}

function checkName(name: string): void {
  if (
    name === "" ||
    Buffer.byteLength(name) > 63 ||
    name.includes("\0") ||
    /^(pg_|public$|none$)/i.test(name)
  )
    throw refused(
      `${JSON.stringify(name)} cannot be a user's name. Choose one of at most 63 bytes that does not begin with pg_.`,
    );
}

function refused(message: string): LotusError {
  return new LotusError("REQUEST_INVALID", message);
}

const userSchema = z.object({
  name: z.string(),
  schemas: z.array(z.enum(["main", "staging"])),
  tables: z.array(z.string()),
  connectionLimit: z.number().int(),
  sessions: z.number().int(),
});

const USERS = `
  WITH users AS (${GATEWAY_USERS}),
  schemas AS (
    SELECT m.member AS role, 'main' AS schema FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
    WHERE g.rolname = $2
    UNION
    SELECT acl.grantee, d.defaclnamespace::regnamespace::text FROM pg_default_acl d, aclexplode(d.defaclacl) acl
    WHERE d.defaclobjtype = 'r' AND d.defaclnamespace = to_regnamespace('staging'))
  SELECT rolname AS name, rolconnlimit AS "connectionLimit",
    ARRAY(SELECT schema FROM schemas WHERE role = users.oid ORDER BY 1) AS schemas,
    ARRAY(
      SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
        aclexplode(c.relacl) acl
      WHERE c.relkind = 'r' AND acl.grantee = users.oid AND acl.privilege_type = 'SELECT'
        AND n.nspname NOT IN (SELECT schema FROM schemas WHERE role = users.oid)
      UNION
      SELECT g.schema || '.' || g.name FROM lotus_gateway.granted g
      WHERE g.role = users.oid AND g.schema NOT IN (SELECT schema FROM schemas WHERE role = users.oid)
        AND NOT EXISTS (
          SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = g.schema AND c.relkind = 'r' AND lower(c.relname) = g.name)
      ORDER BY 1) AS tables,
    (SELECT count(*)::int FROM pg_stat_activity a WHERE a.usename = users.rolname) AS sessions
  FROM users ORDER BY rolname`;
