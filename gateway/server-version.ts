import type pg from "pg";
import { LotusError } from "../common/errors.ts";

/** The oldest Postgres whose analysed trees are understood: the differential statements pass on 16, 17 and 18. */
export const OLDEST_POSTGRES = 16;

/** @throws LotusError PROVISION_FAILED when the catalog's server is older than the gateway needs. */
export async function requireServerVersion(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ number: string; version: string }>(
    "SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version",
  );
  const [found] = rows;
  if (found === undefined || Number(found.number) >= OLDEST_POSTGRES * 10_000) return;
  throw new LotusError(
    "PROVISION_FAILED",
    `The gateway needs Postgres ${OLDEST_POSTGRES} or newer to read statements with, and the catalog's server is ${found.version}. Upgrade that server, or run the lake without \`lotus gateway\`.`,
  );
}
