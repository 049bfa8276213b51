import { messageOf } from "../common/errors.ts";
import { Recent } from "../common/recent.ts";
import type { Lake } from "../lake/lake.ts";
import type { Session } from "../lake/session.ts";
import { literal, qualified } from "../lake/sql.ts";
import { mentioned, type PgNode, readTree } from "./analysis/tree.ts";
import { barredAmong, refuseBarred } from "./barred-functions.ts";
import type { PgCatalog } from "./catalog.ts";
import { LakeCursor, setTimeZone } from "./cursor.ts";
import type { HotTables } from "./hot-tables.ts";
import { KeptResults } from "./kept-results.ts";
import { PgError } from "./pg-error.ts";
import type { ServedRecord } from "./served/records.ts";
import type { ServedTables } from "./served/served-tables.ts";
import type { ShadowDatabase } from "./shadow/shadow-database.ts";
import type { ShadowState, ShadowTable } from "./shadow/shadow-table.ts";
import type { PinnedSnapshot, Snapshots } from "./snapshots.ts";
import type { Translation } from "./translate/translation.ts";
import { Translations } from "./translations.ts";
import type { FieldDescription } from "./wire/messages.ts";

/** What all sessions share. */
export interface LakeParts {
  lake: Lake;
  hot: HotTables;
  served: Pick<ServedTables, "areCurrent">;
  snapshots: Snapshots;
  shadow: Pick<ShadowDatabase, "sync">;
  catalog: PgCatalog;
  database: string;
}

/** What a statement means that Postgres runs. */
export interface PostgresRun {
  by: "postgres";
  /** Whether the session's settings may be others afterwards. */
  setsSettings: boolean;
}

/** What a statement means that reads the lake. */
export interface LakeQuery {
  by: "lake";
  tree: PgNode;
  /** Characters of its text. */
  size: number;
  /** The tables that it reads, by OID. */
  tables: readonly number[];
  /** Whether Postgres keeps the rows of all of them, and may run it. */
  served: boolean;
}

/** A statement as it is run. */
export interface LakeStatement {
  tree: PgNode;
  /** Literals in DuckDB's SQL. */
  parameters: readonly string[];
  user: string;
  timeZone: string;
}

/** How soon a table that somebody's transaction kept is tried again. */
const RETRY_MS = 1000;

/** Characters of the texts of all trees that are kept. */
const MOST_OF_TREES = 4 * 1024 * 1024;

/** Objects with a lower OID are Postgres's own. */
const FIRST_OF_USERS = 16_384;

/** Where statements run, and how those on lake tables do. */
export class LakeReader {
  readonly #parts: LakeParts;
  readonly #trees = new Recent<string, { tree: PgNode; size: number }>(MOST_OF_TREES, {
    weigh: ({ size }) => size,
  });
  readonly #translations = new Translations();
  readonly results = new KeptResults();
  #shown: ShadowState;
  #syncedAt = 0;

  /** `shown`: what the shadow database shows. */
  constructor(parts: LakeParts, shown: ShadowState) {
    this.#parts = parts;
    this.#shown = shown;
  }

  get catalog(): PgCatalog {
    return this.#parts.catalog;
  }

  /** What the shadow database showed when it was last looked at. */
  get shown(): ShadowState {
    return this.#shown;
  }

  pin(): Promise<PinnedSnapshot> {
    return this.#parts.snapshots.pin();
  }

  /**
   * Who runs a statement with this tree, and what it means; `unknown` when it reads tables that the shadow database had
   * not shown when it was last looked at.
   * @throws PgError for one that reads both, or calls what it may not.
   */
  route(text: string): PostgresRun | LakeQuery | "unknown" {
    const { relations, functions } = mentioned(text);
    const users = [...relations].filter((oid) => oid >= FIRST_OF_USERS);
    if (users.length === 0) {
      refuseBarred(functions, this.#parts.catalog);
      const { functions: known } = this.#parts.catalog;
      const setsSettings = [...functions].some((oid) => known.get(oid)?.name === "set_config");
      return { by: "postgres", setsSettings };
    }
    const { tables } = this.#shown;
    if (users.some((oid) => !tables.has(oid))) return "unknown";
    if (users.length < relations.size)
      throw new PgError("0A000", "a statement reads either the lake or Postgres's catalog, not both");
    const served =
      users.every((oid) => tables.get(oid)?.served) && !barredAmong(functions, this.#parts.catalog);
    return { by: "lake", tree: this.#tree(text), size: text.length, tables: users, served };
  }

  /** Whether the statement with this tree reads more than Postgres's catalog. */
  readsTables(text: string): boolean {
    return [...mentioned(text).relations].some((oid) => oid >= FIRST_OF_USERS);
  }

  /** One tree for all sessions that ask the same. */
  #tree(text: string): PgNode {
    const known = this.#trees.get(text);
    if (known) return known.tree;
    const tree = readTree(text);
    this.#trees.set(text, { tree, size: text.length });
    return tree;
  }

  /**
   * Whether the rows that Postgres keeps of a query's tables are those of a snapshot.
   * @throws PgError 0A000 for what DuckDB would answer differently: whoever runs it, it is refused.
   */
  isServed(
    statement: LakeStatement,
    served: LakeQuery["tables"],
    records: readonly ServedRecord[],
    snapshot: PinnedSnapshot,
  ): boolean {
    const tables = served.flatMap((oid) => this.#shown.tables.get(oid) ?? []);
    if (tables.length < served.length) return false;
    if (!this.#parts.served.areCurrent(tables, records, snapshot)) return false;
    this.#translated(statement, (table) => sourceAt(table, snapshot.id));
    return true;
  }

  /** Has the shadow database show the lake's tables as they are in a snapshot, or later. */
  async show(snapshot: PinnedSnapshot): Promise<void> {
    if (this.isBehind(snapshot)) await this.sync();
  }

  /** Whether the shadow database has to be looked after before a statement can mean what it does in a snapshot. */
  isBehind({ schemaVersion }: PinnedSnapshot): boolean {
    const late = this.#shown.behind.size > 0 && performance.now() > this.#syncedAt + RETRY_MS;
    return late || this.#shown.schemaVersion < schemaVersion;
  }

  /** Makes the shadow database show the lake as it is now, but for tables that somebody's transaction keeps. */
  async sync(): Promise<void> {
    const state = await this.#parts.shadow.sync();
    this.#syncedAt = performance.now();
    if (state.schemaVersion >= this.#shown.schemaVersion) this.#shown = state;
  }

  /**
   * By what the result of a query over a snapshot is kept; null where it cannot be. `fields`: the columns as the client
   * wants them.
   */
  resultKey(
    statement: LakeStatement,
    tables: LakeQuery["tables"],
    snapshot: PinnedSnapshot,
    fields: readonly FieldDescription[],
    extraFloatDigits: number,
  ): string | null {
    const shown = this.#shown;
    const versions: string[] = [];
    for (const oid of tables) {
      const table = shown.tables.get(oid);
      const version = table && snapshot.versionOf(table);
      if (!version) return null;
      versions.push(version);
    }
    return this.results.keyOf({ statement, shown, versions, fields, extraFloatDigits });
  }

  /** The rows of a statement over a snapshot; to be opened, and closed. */
  cursor(statement: LakeStatement, snapshot: PinnedSnapshot): LakeCursor {
    const { translation, readsLake } = this.#translate(statement, snapshot);
    return new LakeCursor({ lake: this.#parts.lake, translation, readsLake, timeZone: statement.timeZone });
  }

  /** DuckDB's plan of a statement, line by line. */
  async explain(
    statement: LakeStatement,
    snapshot: PinnedSnapshot,
    analyze: boolean,
    signal: AbortSignal,
  ): Promise<string[]> {
    const { sql } = this.#translate(statement, snapshot).translation;
    const explain = async (session: Session) => {
      await setTimeZone(session, statement.timeZone);
      return session.queryRaw(`EXPLAIN ${analyze ? "ANALYZE " : ""}${sql}`);
    };
    const plans = await this.#parts.lake.withSession(explain, signal);
    return plans.flatMap(({ explain_value }) => String(explain_value).trimEnd().split("\n"));
  }

  /** Whether a statement failed over a copy that is gone with the DuckDB that held it; there is none any more then. */
  hasLostCopies(error: unknown): boolean {
    const lost = /^Catalog Error: .*\bhot\b/.test(messageOf(error));
    if (lost) this.#parts.hot.forget();
    return lost;
  }

  /** Says so where a statement failed because the lake's tables are not any more what its transaction reads. */
  explainFailure(error: unknown, { schemaVersion }: PinnedSnapshot): unknown {
    const unbound = /^(Binder|Catalog) Error: /.test(messageOf(error));
    if (!unbound || this.#shown.schemaVersion === schemaVersion) return error;
    return new PgError("40001", "the lake's tables have changed since the transaction began", {
      hint: "Begin it again.",
      cause: error,
    });
  }

  /**
   * The statement in DuckDB's SQL, and whether it reads anything but copies in memory. @throws PgError 0A000 for what
   * DuckDB would answer differently.
   */
  #translate(
    statement: LakeStatement,
    snapshot: PinnedSnapshot,
  ): { translation: Translation; readsLake: boolean } {
    const { hot } = this.#parts;
    let readsLake = false;
    const source = (table: ShadowTable) => {
      const copy = hot.find(table, snapshot);
      readsLake ||= copy === null;
      return copy ?? sourceAt(table, snapshot.id);
    };
    return { translation: this.#translated(statement, source), readsLake };
  }

  #translated(
    { tree, parameters, user, timeZone }: LakeStatement,
    source: (table: ShadowTable) => string,
  ): Translation {
    const { catalog, database } = this.#parts;
    const { tables } = this.#shown;
    return this.#translations.translate(tree, {
      catalog,
      tables,
      source,
      parameters,
      user,
      database,
      timeZone,
    });
  }
}

/** In brackets, since no alias may follow AT. */
function sourceAt({ schema, name }: ShadowTable, snapshot: number): string {
  return `(FROM ${qualified("lakehouse", schema, name)} AT (VERSION => ${literal(snapshot)}))`;
}
