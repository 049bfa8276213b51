import type pg from "pg";
import { LotusError } from "../../common/errors.ts";

/** The oldest Postgres whose analysed trees are understood: the differential statements pass on 16, 17 and 18. */
export const OLDEST_POSTGRES = 16;

/**
 * The version of a catalog's server, as `server_version_num` says it.
 * @throws LotusError SETTINGS_INVALID when it is older than the gateway needs
 */
export async function serverVersion(client: Pick<pg.ClientBase, "query">): Promise<number> {
  const { rows } = await client.query<{ number: string; version: string }>(
    "SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version",
  );
  const [found] = rows;
  if (Number(found?.number) >= OLDEST_POSTGRES * 10_000) return Number(found?.number);
  throw new LotusError(
    "SETTINGS_INVALID",
    `The gateway needs Postgres ${OLDEST_POSTGRES} or later to read statements with, and the catalog's server is ${found?.version}. Upgrade that server, or let LOTUS_CATALOG_URL name a newer one.`,
  );
}
