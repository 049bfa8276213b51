import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Logger } from "pino";
import { messageOf } from "../../common/errors.ts";
import type { Lake } from "../../lake/lake.ts";
import { connectionTo } from "../shadow/connection.ts";
import type { ShadowState, ShadowTable } from "../shadow/shadow-table.ts";
import type { PinnedSnapshot, Snapshots } from "../snapshots.ts";
import { isCurrent, KnownRecords, type ServedRecord } from "./records.ts";
import { updateTable } from "./update-table.ts";

export interface ServedOptions {
  /** postgres:// URL of the catalog; the shadow database is on the same server. */
  catalogUrl: string;
  database: string;
  lake: Lake;
  snapshots: Snapshots;
  logger: Logger;
}

/** Who knows what the shadow database shows. */
export interface Showing {
  readonly shown: ShadowState;
  show(snapshot: PinnedSnapshot): Promise<void>;
}

/** How often the lake is looked at. */
const LOOK_MS = 1000;
/** How soon a table that failed is tried again. */
const PAUSE_MS = 60_000;

/**
 * Tables whose rows are kept in Postgres, too (`serve: postgres`), and who keeps them there: within a second or so of
 * each change of the lake. Until then the record says that they are older, and DuckDB answers.
 */
export class ServedTables {
  readonly #options: ServedOptions;
  readonly #pool: pg.Pool;
  readonly #end = new AbortController();
  readonly #known = new KnownRecords();
  readonly #paused = new Map<number, number>();
  #looked: { snapshot: number; shown: ShadowState } | null = null;
  #work: Promise<void> = Promise.resolve();

  constructor(options: ServedOptions) {
    this.#options = options;
    this.#pool = new pg.Pool({
      ...connectionTo(options.catalogUrl, options.database),
      max: 1,
      idleTimeoutMillis: 60_000,
    });
    this.#pool.on("error", () => {});
  }

  /** Keeps the rows up to date from now on. */
  start(showing: Showing): void {
    this.#work = this.#go(showing);
  }

  /** Whether the recorded rows of these tables are those of a snapshot. */
  areCurrent(
    tables: readonly ShadowTable[],
    records: readonly ServedRecord[],
    snapshot: PinnedSnapshot,
  ): boolean {
    return tables.every((table) => {
      const record = records.find(({ relid }) => relid === table.relid);
      return this.#known.has(record) && isCurrent(record, table, snapshot);
    });
  }

  async close(): Promise<void> {
    this.#end.abort();
    await this.#work;
    await this.#pool.end();
  }

  async #go(showing: Showing): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      const began = performance.now();
      // What fails is done again the next time; until then the lake answers.
      await this.#look(showing).catch((error) => {
        this.#options.logger.warn(`tables served from Postgres are not looked after: ${messageOf(error)}`);
      });
      // Never more than half of the time.
      const pause = Math.max(LOOK_MS, performance.now() - began);
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
  }

  async #look(showing: Showing): Promise<void> {
    const { snapshots } = this.#options;
    if (servedOf(showing.shown).length === 0 && showing.shown.behind.size === 0) return;
    const { id } = await snapshots.newest();
    if (this.#looked?.snapshot === id && this.#looked.shown === showing.shown) return;
    const snapshot = await snapshots.pin();
    try {
      await showing.show(snapshot);
      const { shown } = showing;
      // Of a lake whose schema has changed meanwhile the next look sees both.
      const same = shown.schemaVersion === snapshot.schemaVersion;
      let complete = same && shown.behind.size === 0;
      for (const table of same ? servedOf(shown) : []) {
        if (shown.behind.has(`${table.schema}.${table.name}`)) continue;
        complete = (await this.#update(table, snapshot)) && complete;
      }
      this.#looked = complete ? { snapshot: snapshot.id, shown } : null;
    } finally {
      snapshot.release();
    }
  }

  async #update(table: ShadowTable, snapshot: PinnedSnapshot): Promise<boolean> {
    const { lake, logger } = this.#options;
    if (this.#end.signal.aborted || performance.now() < (this.#paused.get(table.relid) ?? 0)) return false;
    try {
      const client = await this.#pool.connect();
      let failed = true;
      try {
        const update = { client, lake, known: this.#known, signal: this.#end.signal };
        const done = await updateTable(update, table, snapshot);
        failed = false;
        return done;
      } finally {
        client.release(failed);
      }
    } catch (error) {
      if (this.#end.signal.aborted) return false;
      this.#paused.set(table.relid, performance.now() + PAUSE_MS);
      const { schema, name } = table;
      logger.warn({ table: `${schema}.${name}` }, `a table is not served from Postgres: ${messageOf(error)}`);
      return false;
    }
  }
}

function servedOf(shown: ShadowState): ShadowTable[] {
  return [...shown.tables.values()].filter(({ served }) => served);
}
