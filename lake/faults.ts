import { type ErrorCode, LotusError, messageOf } from "../common/errors.ts";

/** Turns what DuckDB throws into a typed error. The one place that knows DuckDB's and DuckLake's error texts. */
export function translateError(error: unknown): LotusError {
  if (error instanceof LotusError) return error;
  const message = messageOf(error).replace(PENDING, "");
  const rule = ABOUT_DATA.test(message) ? undefined : RULES.find(({ pattern }) => pattern.test(message));
  return new LotusError(rule?.code ?? "QUERY_FAILED", message, { cause: error });
}

/**
 * Whether an error, raised while one Parquet file was read or registered, is about what the file holds. Everything
 * else (memory, disk, network, catalog) says nothing about the file.
 */
export function isContentFault(error: unknown): boolean {
  return error instanceof LotusError && error.code === "QUERY_FAILED" && CONTENT.test(error.message);
}

/** DuckDB's first line, without the statement that it failed in. */
export function firstLine(error: unknown): string {
  return (messageOf(error).split("\n")[0] ?? "").trim();
}

/**
 * Whether an error, raised while a model ran, is about the model or the rows that it met, and comes again whenever it
 * is tried again. Memory, disk, network, catalog and DuckDB's own bugs are not.
 */
export function isModelFault(error: unknown): boolean {
  return error instanceof LotusError && error.code === "QUERY_FAILED" && !PASSING.test(error.message);
}

// What DuckDB says of a statement that failed before its first row, in front of the reason.
const PENDING =
  /^Invalid Input Error: Attempting to execute an unsuccessful or closed pending query result\s+Error: /;

// These quote the data, or a file's name, which may say anything.
const ABOUT_DATA = /^(Conversion|Invalid Input|Out of Range|Parser|Constraint) Error: /;

const PASSING = /^(INTERNAL|FATAL|IO|Out of Memory|TransactionContext|Connection) Error: /;

const CONTENT =
  /^(Invalid|Invalid Input|Conversion|Out of Range|Serialization|Not implemented|Binder) Error: /;

const RULES: readonly { code: ErrorCode; pattern: RegExp }[] = [
  { code: "CANCELLED", pattern: /^INTERRUPT Error|Interrupted!/ },
  {
    code: "LAKE_CONFLICT",
    pattern: /Transaction conflict|Failed to commit DuckLake transaction|write-write conflict|Conflict on/i,
  },
  // An object that changed since DuckDB first saw it is not there any more either.
  { code: "NOT_FOUND", pattern: /^HTTP Error: (.*HTTP 404|ETag on reading file)|^IO Error: No files found/ },
  // Before the catalog's: "Could not connect to server error for HTTP HEAD to ..." is about S3.
  { code: "S3_UNREACHABLE", pattern: /^HTTP Error: |^IO Error: .* for HTTP [A-Z]+ to / },
  {
    code: "CATALOG_UNREACHABLE",
    pattern:
      /connection to server at|server closed the connection|terminating connection|could not connect to server|Unable to connect to Postgres|the database system is (starting|shutting)/i,
  },
  // Whether it was committed is not known, as after a conflict: the batch's id tells.
  { code: "LAKE_CONFLICT", pattern: /^TransactionContext Error: Failed to commit/ },
];
