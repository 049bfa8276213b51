/**
 * The one catalogue of errors. Each has a stable code that scripts can match on, and a message that says
 * what happened and what to do next.
 */
export const errorCatalogue = {
  SETTINGS_INVALID: { retryable: false, about: "A setting in the environment is missing or malformed." },
  PROJECT_INVALID: { retryable: false, about: "The project folder cannot be loaded." },
  NOT_FOUND: { retryable: false, about: "The named asset, stream, file or snapshot does not exist." },
  PROVISION_FAILED: { retryable: false, about: "A program that Lotus needs could not be had." },
  STATE_LOCKED: { retryable: false, about: "Another Lotus runs with the same state folder." },
  NOT_RUNNING: { retryable: false, about: "No lake runs with this state folder." },
  CATALOG_UNREACHABLE: { retryable: true, about: "Postgres, which holds the catalog, does not answer." },
  S3_UNREACHABLE: { retryable: true, about: "The S3 endpoint does not answer." },
  TEMPORAL_UNREACHABLE: { retryable: true, about: "The Temporal server does not answer." },
  LAKE_CONFLICT: {
    retryable: true,
    about: "Another transaction changed the same table; nothing was written.",
  },
  FENCE_LOST: {
    retryable: true,
    about: "Another writer of the same table committed first; nothing was written.",
  },
  LAKE_INCOMPATIBLE: {
    retryable: false,
    about: "The catalog holds a lake that this version must not write.",
  },
  LANDING_INCOMPLETE: {
    retryable: false,
    about: "Landing no longer holds every file that was fed, so that a rebuild would lose rows.",
  },
  ROLLBACK_REFUSED: { retryable: false, about: "A table cannot be taken back to that snapshot." },
  ASSET_HELD: { retryable: false, about: "The table was rolled back and waits to be released." },
  STREAM_PAUSED: { retryable: false, about: "The stream is paused and waits to be resumed." },
  NOT_CONFIRMED: { retryable: false, about: "Nobody confirmed what a command was about to do." },
  OUT_OF_MEMORY: {
    retryable: true,
    about: "The work needs more memory or spill space than there is; nothing was written.",
  },
  ENGINE_FAILED: { retryable: true, about: "DuckDB failed in itself; it is opened anew." },
  MODEL_FAILED: { retryable: false, about: "A model's SQL failed; nothing was written." },
  FILE_UNREADABLE: { retryable: false, about: "A raw file cannot be read." },
  BACKFILL_REFUSED: { retryable: false, about: "A backfill cannot do what it was asked for." },
  QUERY_TIMEOUT: { retryable: false, about: "A query took longer than it may." },
  REQUEST_INVALID: { retryable: false, about: "A request to the API is not as it should be." },
  REQUEST_TOO_LARGE: { retryable: false, about: "A request to the API is larger than it may be." },
  UNAUTHENTICATED: { retryable: false, about: "A request to the API came without a token that is known." },
  FORBIDDEN: { retryable: false, about: "A request to the API is not for this caller to make." },
  RATE_LIMITED: { retryable: true, about: "A caller asks the API too often." },
  INTERNAL: { retryable: false, about: "Lotus failed in a way that nobody foresaw." },
  QUERY_FAILED: { retryable: false, about: "A statement failed." },
  CANCELLED: { retryable: false, about: "The work was cancelled." },
} as const satisfies Record<string, { retryable: boolean; about: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

/** An error that Lotus raises on purpose. `message` is one line and ends with what to do next. */
export class LotusError extends Error {
  override readonly name = "LotusError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  get retryable(): boolean {
    return errorCatalogue[this.code].retryable;
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
