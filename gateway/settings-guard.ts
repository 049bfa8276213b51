import { PgError } from "./pg-error.ts";

/** How the gateway's session with Postgres has to be: what it needs to see, and what nobody is to do in it. */
export const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  client_min_messages: "log",
  debug_print_parse: "on",
  debug_pretty_print: "off",
  default_transaction_read_only: "on",
};

/**
 * Settings that are not the client's: who it is, what the server tells the gateway, and how Postgres plans what it
 * never runs.
 */
const GUARDED =
  /^(role|session_authorization|debug_.*|log_.*|client_min_messages|row_security|session_replication_role|session_preload_libraries|local_preload_libraries|event_triggers|plpgsql\..*|lotus_gateway\..*)$/i;

/** @throws PgError 42501 for a setting that clients may not change. */
export function refuseGuardedSetting(name: string): void {
  if (GUARDED.test(name)) {
    throw new PgError("42501", `permission denied to set parameter "${name}"`, {
      hint: "It belongs to the gateway.",
    });
  }
}
