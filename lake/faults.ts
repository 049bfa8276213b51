import { LotusError, messageOf } from "../common/errors.ts";

/** Turns what DuckDB throws into a typed error. The one place that knows DuckDB's and DuckLake's error texts. */
export function translateError(error: unknown, _sql: string): LotusError {
  if (error instanceof LotusError) return error;
  const message = messageOf(error);
  if (/^INTERRUPT Error|Interrupted!/.test(message))
    return new LotusError("CANCELLED", message, { cause: error });
  if (/Transaction conflict|conflict|Failed to commit DuckLake transaction/i.test(message)) {
    return new LotusError("LAKE_CONFLICT", message, { cause: error });
  }
  return new LotusError("QUERY_FAILED", message, { cause: error });
}
