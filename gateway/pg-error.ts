/** What a client of the gateway is told as an ErrorResponse: Postgres's fields, its SQLSTATE codes. */
export class PgError extends Error {
  override readonly name = "PgError";
  readonly sqlstate: string;
  readonly hint: string | null;
  /** 1-based character of the statement's text. */
  readonly position: number | null;

  constructor(
    sqlstate: string,
    message: string,
    options: { hint?: string; position?: number | null; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.sqlstate = sqlstate;
    this.hint = options.hint ?? null;
    this.position = options.position ?? null;
  }
}

/** A statement that Postgres takes and the gateway does not: SQLSTATE 0A000. `what`: "the function f(integer)". */
export function unsupported(what: string, hint?: string): PgError {
  return new PgError("0A000", `${what} is not supported on lake tables`, hint === undefined ? {} : { hint });
}
