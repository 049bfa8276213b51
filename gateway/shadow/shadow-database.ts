import pg from "pg";
import type { Logger } from "pino";
import type { Lake } from "../../lake/lake.ts";
import { isInLine, planChanges, type TableChange, tableKey } from "./changes.ts";
import { asLotusError, connectionTo, sqlstateOf } from "./connection.ts";
import type { TableDescriptions } from "./descriptions.ts";
import { type LakeSchema, readLakeSchema } from "./lake-schema.ts";
import { GATEWAY_LOCK, prepareDatabase } from "./prepare.ts";
import { type PresentTable, readPresentTables } from "./present.ts";
import type { ShadowColumn, ShadowState, ShadowTable } from "./shadow-table.ts";
import { type Wanted, wantedTables } from "./wanted.ts";

export interface ShadowOptions {
  /** postgres:// URL of the catalog; the shadow database is on the same server, with the same owner. */
  catalogUrl: string;
  database: string;
  lake: Lake;
  /** What the project says of its tables, by `schema.name`. */
  descriptions: TableDescriptions;
  logger: Logger;
}

/** How long a table that somebody's transaction holds is waited for; whoever wants to use it waits behind us. */
const LOCK_MILLISECONDS = 200;
const UNAVAILABLE: ReadonlySet<string | null> = new Set(["55P03", "40P01"]);

/**
 * The database in which Postgres knows the lake's tables: the same names, types, comments and keys, and no rows.
 * Several gateways may keep the same one.
 */
export class ShadowDatabase {
  readonly #options: ShadowOptions;
  readonly #pool: pg.Pool;
  #running: Promise<ShadowState> | null = null;
  #next: Promise<ShadowState> | null = null;
  #leftOut = "";

  private constructor(options: ShadowOptions) {
    this.#options = options;
    this.#pool = new pg.Pool({
      ...connectionTo(options.catalogUrl, options.database),
      max: 1,
      idleTimeoutMillis: 60_000,
    });
    // A connection that breaks while nobody uses it is replaced by the next use.
    this.#pool.on("error", () => {});
  }

  /**
   * Makes the database where it is missing, with its roles, schemas and settings. It has no tables before `sync`.
   * @throws LotusError SETTINGS_INVALID or CATALOG_UNREACHABLE
   */
  static async open(options: ShadowOptions): Promise<ShadowDatabase> {
    const { quietLog } = await prepareDatabase(options.catalogUrl, options.database);
    if (!quietLog) {
      options.logger.warn(
        { database: options.database },
        "Postgres writes the tree of each statement into its own log. As a superuser, run " +
          "GRANT SET ON PARAMETER log_min_messages for the catalog's role and start the gateway again.",
      );
    }
    return new ShadowDatabase(options);
  }

  /**
   * Brings the tables in line with the lake's newest schema, as it is when this is called or later, and tells how they
   * stand. Writes nothing where nothing differs. A table that an open transaction uses is left for the next time.
   * @throws LotusError
   */
  sync(): Promise<ShadowState> {
    if (this.#running === null) return this.#start();
    // What runs may have read the lake already; everybody who comes meanwhile shares the one after it.
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = null;
        return this.#start();
      });
    return this.#next;
  }

  /** Waits for what runs, and ends the connection. */
  async close(): Promise<void> {
    await this.#running?.catch(() => {});
    await this.#pool.end();
  }

  #start(): Promise<ShadowState> {
    const running = this.#sync().finally(() => {
      if (this.#running === running) this.#running = null;
    });
    this.#running = running;
    return running;
  }

  async #sync(): Promise<ShadowState> {
    try {
      const client = await this.#pool.connect();
      try {
        const state = await this.#bringInLine(client);
        client.release();
        return state;
      } catch (error) {
        client.release(true);
        throw error;
      }
    } catch (error) {
      throw asLotusError(error);
    }
  }

  async #bringInLine(client: pg.PoolClient): Promise<ShadowState> {
    const first = await this.#look(client);
    if (first.changes.length === 0) return stateOf(first);
    // One gateway at a time, which looks again once it is its turn: what another knew later is never undone.
    await client.query(`SELECT pg_advisory_lock(${GATEWAY_LOCK})`);
    try {
      const { changes } = await this.#look(client);
      await this.#apply(client, changes);
      return stateOf(await this.#look(client));
    } finally {
      await client.query(`SELECT pg_advisory_unlock(${GATEWAY_LOCK})`);
    }
  }

  async #look(client: pg.ClientBase): Promise<Look> {
    const lake = await this.#options.lake.withSession(readLakeSchema);
    const wanted = wantedTables(lake, this.#options.descriptions);
    const present = await readPresentTables(client);
    this.#tellLeftOut(wanted.leftOut);
    return { lake, wanted, present, changes: planChanges(wanted.tables, present) };
  }

  /** All at once; where a table is in somebody's way, one by one without those. */
  async #apply(client: pg.ClientBase, changes: readonly TableChange[]): Promise<void> {
    if (await isDone(client, changes)) return;
    for (const change of changes) {
      if (await isDone(client, [change])) continue;
      this.#options.logger.info({ table: change.table }, "an open transaction keeps a table as it was");
    }
  }

  /** Once for each set of them. */
  #tellLeftOut(leftOut: ReadonlyMap<string, string>): void {
    const list = JSON.stringify([...leftOut]);
    if (list === this.#leftOut) return;
    this.#leftOut = list;
    for (const [table, reason] of leftOut)
      this.#options.logger.warn({ table }, `a table is not shown: ${reason}`);
  }
}

interface Look {
  lake: LakeSchema;
  wanted: Wanted;
  present: PresentTable[];
  changes: TableChange[];
}

/** Applies changes in one transaction; false, and nothing done, when a table is not to be had. */
async function isDone(client: pg.ClientBase, changes: readonly TableChange[]): Promise<boolean> {
  if (changes.length === 0) return true;
  await client.query(`BEGIN; SET LOCAL lock_timeout = ${LOCK_MILLISECONDS}`);
  try {
    await client.query(changes.map(({ sql }) => sql).join(""));
    await client.query("COMMIT");
    return true;
  } catch (error) {
    await client.query("ROLLBACK");
    if (UNAVAILABLE.has(sqlstateOf(error))) return false;
    throw error;
  }
}

function stateOf({ lake, wanted, present, changes }: Look): ShadowState {
  const standing = new Map(present.map((table) => [tableKey(table), table]));
  const tables = wanted.tables.flatMap((table): [number, ShadowTable][] => {
    const found = standing.get(tableKey(table));
    if (found === undefined) return [];
    const columns = new Map(
      found.columns.flatMap((column): [number, ShadowColumn][] => {
        const match = table.columns.find((candidate) => isInLine(candidate, column));
        if (match === undefined) return [];
        const { lakeName, duckdbType, type } = match;
        const { number, typeOid, typmod } = column;
        return [[number, { name: lakeName, duckdbType, typeOid, typmod, read: type.read }]];
      }),
    );
    const served = table.served && !found.guarded;
    const { schema, lakeName: name } = table;
    return [[found.relid, { relid: found.relid, schema, name, columns, served }]];
  });
  return {
    schemaVersion: lake.version,
    tables: new Map(tables),
    behind: new Set(changes.map(({ table }) => table)),
  };
}
