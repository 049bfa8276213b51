import pg from "pg";
import { LotusError, messageOf } from "../../common/errors.ts";
import { readPostgresUrl } from "../../common/postgres-login.ts";

/**
 * How Lotus itself connects to a database of the catalog's server. Time-outs of the database are for its users; what
 * the lock guards is read anew once it is had, hence READ COMMITTED.
 */
export function connectionTo(catalogUrl: string, database: string | null = null): pg.ClientConfig {
  const login = readPostgresUrl(catalogUrl);
  return {
    ...login,
    database: database ?? login.database,
    application_name: "lotus gateway",
    connectionTimeoutMillis: 15_000,
    options: [
      "-c default_transaction_isolation=read\\ committed",
      "-c default_transaction_read_only=off",
      "-c idle_session_timeout=0",
      "-c idle_in_transaction_session_timeout=60s",
      "-c statement_timeout=120s",
      "-c client_min_messages=warning",
    ].join(" "),
  };
}

/** Runs `work` on a connection of its own. @throws LotusError */
export async function withClient<T>(
  config: pg.ClientConfig,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(config);
  // A server that goes away fails the statement that runs, too.
  client.on("error", () => {});
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw asLotusError(error);
  } finally {
    await client.end().catch(() => {});
  }
}

/** SQLSTATE of an error of Postgres's; null for any other. */
export function sqlstateOf(error: unknown): string | null {
  return error instanceof pg.DatabaseError ? (error.code ?? null) : null;
}

/** An error of Postgres, or of the way to it. */
export function asLotusError(error: unknown): LotusError {
  if (error instanceof LotusError) return error;
  const state = sqlstateOf(error);
  // 08: connection, 53: resources, 57P: operator's intervention; what has no state never reached the server.
  const away = state === null ? isConnectionFault(error) : /^(08|53|57P|28)/.test(state);
  if (!away) return new LotusError("INTERNAL", `Postgres: ${messageOf(error)}`, { cause: error });
  return new LotusError(
    "CATALOG_UNREACHABLE",
    `Postgres, which holds the catalog, does not answer: ${messageOf(error)}. Start it, or correct LOTUS_CATALOG_URL.`,
    { cause: error },
  );
}

function isConnectionFault(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return (
    /^(ECONN|EPIPE|ENOTFOUND|EHOST|ENET|ETIMEDOUT|EAI_)/.test(code ?? "") ||
    /connect|timeout/i.test(messageOf(error))
  );
}
