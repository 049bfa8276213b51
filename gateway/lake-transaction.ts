import type { PgNode } from "./analysis/tree.ts";
import type { LakeCursor, StopReason } from "./cursor.ts";
import type { KeptResults } from "./kept-results.ts";
import type { LakeQuery, LakeReader, LakeStatement } from "./lake-reader.ts";
import type { PostgresLink } from "./postgres-link.ts";
import { RECORDS_QUERY, readRecords } from "./served/records.ts";
import { readSettings, SETTINGS_QUERY, type SessionSettings } from "./session-settings.ts";
import type { PinnedSnapshot } from "./snapshots.ts";
import type { FieldDescription } from "./wire/messages.ts";

/** Of Postgres's type `oid[]`. */
const OID_ARRAY = 1028;

/** What a session reads of the lake: one snapshot a transaction, under the session's settings. */
export class LakeTransaction {
  readonly #reader: LakeReader;
  readonly #postgres: PostgresLink;
  readonly #user: string;
  #snapshot: PinnedSnapshot | null = null;
  #settings: SessionSettings | null = null;
  #running: { stop(reason: StopReason): void } | null = null;

  constructor(reader: LakeReader, postgres: PostgresLink, user: string) {
    this.#reader = reader;
    this.#postgres = postgres;
    this.#user = user;
  }

  /** The snapshot that all statements of the transaction read: the newest when the first of them asks. */
  async pin(): Promise<PinnedSnapshot> {
    this.#snapshot ??= await this.#reader.pin();
    return this.#snapshot;
  }

  /** Chooses the snapshot, and has the shadow database show its tables. */
  async begin(): Promise<PinnedSnapshot> {
    const snapshot = await this.pin();
    await this.#reader.show(snapshot);
    return snapshot;
  }

  async settings(): Promise<SessionSettings> {
    if (this.#settings === null) {
      const row = await this.#postgres.row(SETTINGS_QUERY, [], 0);
      this.#settings = readSettings(row.map((value) => value?.toString() ?? ""));
    }
    return this.#settings;
  }

  /** A statement may have changed settings. */
  forgetSettings(): void {
    this.#settings = null;
  }

  /**
   * Whether Postgres, which has the statement bound, has the rows that it is to read, and goes on to have them until the
   * transaction ends. @throws PgError 0A000 as `open` does
   */
  async isServed({ tree, tables, served }: LakeQuery, parameters: readonly string[]): Promise<boolean> {
    if (!served) return false;
    const { timeZone } = await this.settings();
    const snapshot = await this.begin();
    const oids = { type: OID_ARRAY, value: Buffer.from(`{${tables.join(",")}}`) };
    const [value] = await this.#postgres.row(RECORDS_QUERY, [oids], 0);
    const statement = { tree, parameters, user: this.#user, timeZone };
    return this.#reader.isServed(statement, tables, readRecords(value?.toString() ?? null), snapshot);
  }

  /** By what the result of a query is kept, for whoever asks the same of the same rows; null where it cannot be. */
  async resultKey(
    { tree, tables }: LakeQuery,
    parameters: readonly string[],
    fields: readonly FieldDescription[],
  ): Promise<string | null> {
    const { timeZone, extraFloatDigits } = await this.settings();
    const snapshot = await this.begin();
    const statement = { tree, parameters, user: this.#user, timeZone };
    return this.#reader.resultKey(statement, tables, snapshot, fields, extraFloatDigits);
  }

  get results(): KeptResults {
    return this.#reader.results;
  }

  /** The rows of a statement, begun. The caller closes it, and releases the snapshot that goes with it. */
  async open(
    tree: PgNode,
    parameters: readonly string[],
  ): Promise<{ cursor: LakeCursor; release: () => void }> {
    const { timeZone } = await this.settings();
    const snapshot = await this.begin();
    const statement = { tree, parameters, user: this.#user, timeZone };
    try {
      return await this.#open(statement, snapshot);
    } catch (error) {
      if (this.#reader.hasLostCopies(error)) return this.#open(statement, snapshot);
      throw this.#reader.explainFailure(error, snapshot);
    }
  }

  async #open(
    statement: LakeStatement,
    snapshot: PinnedSnapshot,
  ): Promise<{ cursor: LakeCursor; release: () => void }> {
    const cursor = this.#reader.cursor(statement, snapshot);
    const held = snapshot.again();
    const release = () => {
      cursor.close();
      held.release();
    };
    try {
      await this.limited(cursor, () => cursor.open());
      return { cursor, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** DuckDB's plan of a statement, line by line. */
  async explain(tree: PgNode, parameters: readonly string[], analyze: boolean): Promise<string[]> {
    const { timeZone } = await this.settings();
    const statement = { tree, parameters, user: this.#user, timeZone };
    const snapshot = await this.begin();
    const abort = new AbortController();
    return this.limited({ stop: () => abort.abort() }, () =>
      this.#reader.explain(statement, snapshot, analyze, abort.signal),
    );
  }

  /** Runs `work` within the session's time for a statement; what it reads from can be stopped meanwhile. */
  async limited<T>(running: { stop(reason: StopReason): void }, work: () => Promise<T>): Promise<T> {
    const { statementTimeoutMs } = await this.settings();
    this.#running = running;
    const timer =
      statementTimeoutMs === null
        ? undefined
        : setTimeout(() => running.stop("statement timeout"), statementTimeoutMs);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      this.#running = null;
    }
  }

  /** Stops what runs; false where nothing does. */
  stop(reason: StopReason): boolean {
    this.#running?.stop(reason);
    return this.#running !== null;
  }

  /** Lets go of the snapshot. */
  end(): void {
    this.#snapshot?.release();
    this.#snapshot = null;
  }
}
