import { PgError } from "../pg-error.ts";
import { text } from "./expression.ts";

/** DuckDB SQL that raises when it is evaluated; {@link raisedError} gives the error back from DuckDB's message. */
export function raise(sqlstate: string, message: string): string {
  return `error(${text(`[postgres ${sqlstate}] ${message}`)})`;
}

/** The error that a translated statement raised itself; null for an error of DuckDB's own. */
export function raisedError(message: string): PgError | null {
  const [, sqlstate, said] = /\[postgres ([0-9A-Z]{5})\] ([^\n]*)/.exec(message) ?? [];
  return sqlstate === undefined || said === undefined ? null : new PgError(sqlstate, said);
}
