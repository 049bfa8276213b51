import { type ErrorCode, LotusError, messageOf } from "../common/errors.ts";

/** Turns what DuckDB throws into a typed error. The one place that knows DuckDB's and DuckLake's error texts. */
export function translateError(error: unknown): LotusError {
  if (error instanceof LotusError) return error;
  const told = messageOf(error).replace(PENDING, "");
  const message = withoutPasswords(told);
  const rule = ABOUT_DATA.test(message) ? undefined : RULES.find(({ pattern }) => pattern.test(message));
  const code = rule?.code ?? "QUERY_FAILED";
  return new LotusError(code, code === "OUT_OF_MEMORY" ? withAdvice(message) : message, {
    ...(message === told ? { cause: error } : {}),
  });
}

/**
 * DuckDB quotes how it was told to reach a Postgres server. The lake's own is reached by a secret, which it does not
 * quote.
 */
function withoutPasswords(message: string): string {
  return message.replace(/(:\/\/[^\s:/@"']*:)[^\s@"']+(?=@)/g, "$1***").replace(PASSWORD_SETTING, "$1***");
}

/** DuckDB's own advice is about settings of a session that nobody but Lotus has. */
function withAdvice(message: string): string {
  const reason = (message.split("\n")[0] ?? "").trim().replace(/\.$/, "");
  return (
    `${reason}. Raise LOTUS_MEMORY_LIMIT, make room for the spill folder (spill/ in the state folder), ` +
    "or lower feeder.batch in the stream's config."
  );
}

/**
 * Whether an error, raised while one Parquet file was read or registered, is about what the file holds. Everything
 * else (memory, disk, network, catalog) says nothing about the file.
 */
export function isContentFault(error: unknown): boolean {
  if (!(error instanceof LotusError) || error.code !== "QUERY_FAILED") return false;
  if (CONTENT.test(error.message)) return true;
  // What stands in quotes is the file's name or its data, and may say anything.
  return error.message.startsWith("IO Error: ") && !AROUND.test(error.message.replace(/(["'`]).*?\1/g, ""));
}

/** Whether the DuckDB instance answers nothing any more, whichever statement it failed over. */
export function isEngineLost(error: unknown): boolean {
  return error instanceof LotusError && error.code === "ENGINE_FAILED";
}

/** Whether DuckDB failed in itself over this very statement: the instance is lost. */
export function isInternalFault(error: unknown): boolean {
  return error instanceof LotusError && error.message.startsWith("INTERNAL Error: ");
}

/** How much memory a statement asked for at once when it ran out of it: as DuckDB writes it, `2.0 GiB`. Else null. */
export function refusedAllocation(error: unknown): string | null {
  if (!(error instanceof LotusError) || error.code !== "OUT_OF_MEMORY") return null;
  return /failed to allocate data of size ([\d.]+ \w+)/.exec(error.message)?.[1] ?? null;
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

// What DuckDB says of a statement that failed before its first row, or on the way to it, in front of the reason.
const PENDING =
  /^Invalid Input Error: Attempting to (?:execute an unsuccessful or closed pending|fetch from an unsuccessful) query result\s+Error: /;

const PASSWORD_SETTING = /\b(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s'"]+)/gi;

// These quote the data, or a file's name, which may say anything.
const ABOUT_DATA = /^(Conversion|Invalid Input|Out of Range|Parser|Constraint) Error: /;

const PASSING = /^(IO|TransactionContext|Connection) Error: /;

const CONTENT =
  /^(Invalid|Invalid Input|Conversion|Out of Range|Serialization|Not implemented|Binder) Error: /;

// The Parquet reader calls much of what it finds in a footer an IO error; this is what others call one.
const AROUND =
  /\b(HTTP|curl|connect\w*|SSL|timed? ?out|socket|network|host\w*|postgres|temp\w*|space|disk|quota|permission|lock\w*|open|write)\b/i;

const RULES: readonly { code: ErrorCode; pattern: RegExp }[] = [
  // After either, every statement on the same instance fails with the second text.
  {
    code: "ENGINE_FAILED",
    pattern:
      /^(FATAL|INTERNAL) Error: |database has been invalidated because of a previous fatal|^Failed to connect: /,
  },
  // The only local files that the lake's DuckDB may write are those of its spill folder.
  {
    code: "OUT_OF_MEMORY",
    pattern:
      /Out of Memory Error: |std::bad_alloc|^IO Error: .*(No space left on device|Disk quota exceeded|duckdb_temp_storage|Failed to create directory)/,
  },
  { code: "CANCELLED", pattern: /^INTERRUPT Error|Interrupted!/ },
  {
    code: "LAKE_CONFLICT",
    pattern:
      /Transaction conflict|Failed to commit DuckLake transaction|write-write conflict|Conflict on|could not serialize access/i,
  },
  // An object that changed since DuckDB or the lake first saw it is not there any more either, nor is one that got
  // shorter: S3 refuses to read from beyond its end (416), and gives less than was asked for up to it.
  {
    code: "NOT_FOUND",
    pattern:
      /^HTTP Error: (.*HTTP (404|416)|ETag on reading file|Content-Length from server mismatches requested range)|^IO Error: No files found/,
  },
  // Before the catalog's: "Could not connect to server error for HTTP HEAD to ..." is about S3.
  { code: "S3_UNREACHABLE", pattern: /^HTTP Error: |^IO Error: .* for HTTP [A-Z]+ to / },
  // What the server itself refuses, it refuses with an `ERROR: `; all else means that it was not reached.
  {
    code: "CATALOG_UNREACHABLE",
    pattern:
      /connection to server at|server closed the connection|terminating connection|could not connect to server|Unable to connect to Postgres|the database system is (starting|shutting)|no connection to the server|could not (send|receive) data|Failed to (prepare|execute|fetch|read|copy) (query|COPY|data)\b(?!.*ERROR: )/is,
  },
  // Whether it was committed is not known, as after a conflict: the batch's id tells.
  { code: "LAKE_CONFLICT", pattern: /^TransactionContext Error: Failed to commit/ },
];
