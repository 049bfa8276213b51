import { LotusError, messageOf } from "../common/errors.ts";

/** Turns what DuckDB throws into a typed error. The one place that knows DuckDB's and DuckLake's error texts. */
export function translateError(error: unknown): LotusError {
  if (error instanceof LotusError) return error;
  const message = messageOf(error);
  const rule = RULES.find(({ pattern }) => pattern.test(message));
  return new LotusError(rule?.code ?? "QUERY_FAILED", message, { cause: error });
}

const RULES = [
  { code: "CANCELLED", pattern: /^INTERRUPT Error|Interrupted!/ },
  {
    code: "LAKE_CONFLICT",
    pattern: /Transaction conflict|Failed to commit DuckLake transaction|write-write conflict|Conflict on/i,
  },
  {
    code: "CATALOG_UNREACHABLE",
    pattern:
      /connection to server at|server closed the connection|terminating connection|could not connect to server|Unable to connect to Postgres|the database system is (starting|shutting)/i,
  },
  {
    code: "S3_UNREACHABLE",
    pattern:
      /Could not establish connection|Could not connect to server|Connection error for HTTP|HTTP 5\d\d|Timeout was reached/i,
  },
] as const;
