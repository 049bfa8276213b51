import type { DuckDBDataChunk } from "@duckdb/node-api";
import { LotusError, messageOf } from "../common/errors.ts";
import { firstLine } from "../lake/faults.ts";
import type { Lake } from "../lake/lake.ts";
import type { RowStream, Session } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import { isRepeatable } from "./kept-results.ts";
import { PgError } from "./pg-error.ts";
import { raisedError } from "./translate/raised.ts";
import type { Translation } from "./translate/translation.ts";

/** Rows that are read as they are asked for. */
export interface RowSource {
  /** Whether it would give the same rows again while its tables hold the same. */
  readonly isRepeatable: boolean;
  /** The next rows, `most` or fewer; null at the end. @throws PgError */
  next(most: number): Promise<Rows | null>;
  /** Makes what runs fail with 57014. */
  stop(reason: StopReason): void;
}

/** Rows of one chunk. */
export interface Rows {
  chunk: DuckDBDataChunk;
  from: number;
  to: number;
}

export interface CursorOptions {
  lake: Lake;
  translation: Translation;
  /** Whether it reads the lake itself, and not only copies in memory. */
  readsLake: boolean;
  timeZone: string;
}

/** Why a running statement is to stop. */
export type StopReason = "user request" | "statement timeout" | "administrator command" | "client gone";

/**
 * The rows of one statement, read from DuckDB as they are asked for, in a session and a transaction of its own. A
 * stream of DuckDB's ends in the same way when it is through and when it failed: the last row says that it is whole.
 */
export class LakeCursor implements RowSource {
  readonly #abort = new AbortController();
  readonly #options: CursorOptions;
  readonly #ended: Promise<void>;
  readonly #end: () => void;
  #stream: RowStream | null = null;
  #session: Session | null = null;
  #rest: Rows | null = null;
  #whole = false;
  #stopped: StopReason | null = null;

  constructor(options: CursorOptions) {
    this.#options = options;
    let end = () => {};
    this.#ended = new Promise((resolve) => {
      end = resolve;
    });
    this.#end = end;
  }

  get isRepeatable(): boolean {
    return isRepeatable(this.#options.translation.sql);
  }

  /** Begins to run the statement. @throws PgError */
  open(): Promise<void> {
    const { lake, translation, readsLake, timeZone } = this.#options;
    return new Promise((resolve, reject) => {
      const work = async (session: Session) => {
        this.#session = session;
        await setTimeZone(session, timeZone);
        // What reads the lake without one leaves a session of Postgres idle in its transaction.
        if (readsLake) await session.execute("BEGIN TRANSACTION");
        const sql = withEndMarker(translation);
        // Planning takes longer than a small table; what reads the lake names another snapshot the next time.
        this.#stream = await session.stream(sql, readsLake ? null : `${timeZone} ${sql}`);
        resolve();
        await this.#ended;
        this.#session = null;
        if (readsLake) await session.execute("ROLLBACK");
        else if (!this.#whole) await session.execute(END_OF_STREAM);
      };
      lake.withSession(work, this.#abort.signal).catch((error) => reject(this.#failure(error)));
    });
  }

  async next(most: number): Promise<Rows | null> {
    if (this.#stopped) throw stopped(this.#stopped);
    if (!this.#rest) this.#rest = await this.#fetch();
    const rest = this.#rest;
    if (!rest) return null;
    const to = Math.min(rest.to, rest.from + most);
    this.#rest = to === rest.to ? null : { ...rest, from: to };
    return { chunk: rest.chunk, from: rest.from, to };
  }

  stop(reason: StopReason): void {
    this.#stopped ??= reason;
    this.#abort.abort();
  }

  close(): void {
    this.#end();
  }

  async #fetch(): Promise<Rows | null> {
    if (this.#whole) return null;
    const chunk = await this.#stream?.next().catch((error) => {
      throw this.#failure(error);
    });
    if (!chunk) throw await this.#whyEnded();
    const last = chunk.rowCount - 1;
    this.#whole = chunk.getColumnVector(chunk.columnCount - 1).getItem(last) === true;
    const to = this.#whole ? last : last + 1;
    if (to === 0) {
      this.close();
      return null;
    }
    return { chunk, from: 0, to };
  }

  /** It is run once more, as far as it takes to hear what it fails over; its rows go nowhere. */
  async #whyEnded(): Promise<PgError> {
    if (this.#stopped) return stopped(this.#stopped);
    try {
      if (this.#options.readsLake) await this.#beginAgain();
      await this.#session?.queryRaw(
        `SELECT bit_xor(hash(row)) FROM (${this.#options.translation.sql}) AS row`,
      );
    } catch (error) {
      return this.#failure(error);
    }
    return new PgError("58000", "the statement ended before all of its rows had come", {
      hint: "Run it again.",
    });
  }

  /** After some failures, those of S3 among them, DuckDB's transaction runs nothing more. */
  async #beginAgain(): Promise<void> {
    await this.#session?.rollback();
    await this.#session?.execute("BEGIN TRANSACTION");
  }

  #failure(error: unknown): PgError {
    if (this.#stopped) return stopped(this.#stopped);
    return postgresError(error);
  }
}

/** A result that is not read to its end goes on until something else is run. */
const END_OF_STREAM = "SELECT NULL";

const timeZones = new WeakMap<Session, string>();

/** Sessions are used again, by clients in other places. */
export async function setTimeZone(session: Session, timeZone: string): Promise<void> {
  if (timeZones.get(session) === timeZone) return;
  await session.execute(`SET TimeZone = ${literal(timeZone)}`);
  timeZones.set(session, timeZone);
}

function withEndMarker({ sql, columns }: Translation): string {
  const nulls = columns.map(() => "NULL, ").join("");
  return `SELECT *, FALSE FROM (${sql}\n) UNION ALL SELECT ${nulls}TRUE`;
}

function stopped(reason: StopReason): PgError {
  return new PgError("57014", `canceling statement due to ${reason}`);
}

/** What DuckDB or the lake failed over, in Postgres's terms. */
export function postgresError(error: unknown): PgError {
  if (error instanceof PgError) return error;
  const raised = raisedError(messageOf(error));
  if (raised) return raised;
  const code = error instanceof LotusError ? error.code : null;
  const message = firstLine(error);
  const known = STATES.find(({ pattern }) => pattern.test(message));
  if (known) return new PgError(known.sqlstate, known.message ?? message, { cause: error });
  if (code === "OUT_OF_MEMORY")
    return new PgError("53200", "out of memory: the statement needs more than the gateway may take", {
      hint: "Ask for less at once, or raise LOTUS_GATEWAY_MEMORY.",
      cause: error,
    });
  if (code === "CATALOG_UNREACHABLE" || code === "S3_UNREACHABLE")
    return new PgError("58030", `the lake cannot be read now [${code}]`, { cause: error });
  return new PgError("XX000", message, { cause: error });
}

const STATES: readonly { pattern: RegExp; sqlstate: string; message?: string }[] = [
  { pattern: /^Conversion Error: /, sqlstate: "22P02" },
  { pattern: /^Out of Range Error: /, sqlstate: "22003" },
  {
    pattern: /More than one row returned by a subquery/i,
    sqlstate: "21000",
    message: "more than one row returned by a subquery used as an expression",
  },
];
