import type { PgCatalog } from "./catalog.ts";
import { PgError } from "./pg-error.ts";

/**
 * Functions that the gateway's clients may not call where Postgres itself answers: what changes something, waits for
 * others, reads the server's files, or runs a text as SQL. All volatile ones that are not known to be harmless are
 * among them; what a function does inside of a system view is the view's business.
 */
const HARMLESS =
  /^(clock_timestamp|timeofday|random|random_normal|gen_random_uuid|uuidv[47]|set_config|pg_sleep|pg_sleep_for|pg_sleep_until|pg_advisory_unlock_all|pg_is_in_recovery|pg_is_wal_replay_paused|pg_relation_size|pg_table_size|pg_total_relation_size|pg_indexes_size|pg_database_size|pg_tablespace_size|pg_notification_queue_usage|pg_blocking_pids|pg_stat_get_\w+|pg_listening_channels|txid_current_if_assigned|pg_current_xact_id_if_assigned)$/;

/** Drivers call the second's too: pgjdbc finds primary keys with one. */
const POSTGRES_OWN = new Set(["pg_catalog", "information_schema"]);

const RUNS_SQL = /^(query|table|cursor|schema|database)_to_xml/;

/** The name of one of these functions that is barred; null where none is. */
export function barredAmong(functions: Iterable<number>, catalog: PgCatalog): string | null {
  for (const oid of functions) {
    const found = catalog.functions.get(oid);
    const allowed =
      found !== undefined &&
      POSTGRES_OWN.has(found.schema) &&
      !RUNS_SQL.test(found.name) &&
      (found.volatility !== "volatile" || HARMLESS.test(found.name));
    if (!allowed) return found?.name ?? String(oid);
  }
  return null;
}

/** @throws PgError 42501 when one of these functions is barred. */
export function refuseBarred(functions: Iterable<number>, catalog: PgCatalog): void {
  const barred = barredAmong(functions, catalog);
  if (barred !== null)
    throw new PgError("42501", `permission denied for function ${barred}`, {
      hint: "The gateway lets its clients read; this function does more.",
    });
}
