import { z } from "zod";
import type { Column, Project } from "../assets/definitions.ts";
import type { Session } from "../lake/session.ts";
import { currentSnapshot, tableAt } from "../lake/snapshots.ts";
import { literal } from "../lake/sql.ts";
import type { TableName } from "../lake/tables.ts";
import type { ObjectStore } from "../sensors/object-store.ts";
import { CULPRITS, type Fault } from "./check.ts";
import type { FindingCode } from "./finding-codes.ts";
import { loadListing } from "./listing.ts";
import { CATALOG, lookTablesSql } from "./look-tables.ts";

/** What a look is taken at. */
export interface Looked {
  session: Session;
  store: ObjectStore;
  project: Project;
  /** What of the bucket is listed. */
  prefixes: readonly string[];
}

const culpritRow = z.object({
  name: z.string(),
  detail: z.string().nullable(),
  total: z.coerce.number(),
});
const keptRow = z.object({ kept: z.boolean() });
const presentRow = z.object({ present: z.boolean() });

/** A look whose snapshot expires under it is taken anew, this often at most. */
export const LOOKS = 3;

/**
 * The lake at one snapshot, and the bucket as it was listed right after: what the checks compare. Tables are read as
 * of the snapshot (`at`), each statement in a transaction of its own: what cannot be read would abort a longer one,
 * and an idle one is ended by Postgres. What many checks read is in temporary tables (look-tables.ts).
 */
export class Look {
  readonly snapshot: number;
  readonly session: Session;
  readonly store: ObjectStore;
  readonly project: Project;

  private constructor(looked: Looked, snapshot: number) {
    this.session = looked.session;
    this.store = looked.store;
    this.project = looked.project;
    this.snapshot = snapshot;
  }

  /** Notes the snapshot first and lists the bucket then: what landed in between merely waits. */
  static async take(looked: Looked): Promise<Look> {
    const { session, store, prefixes } = looked;
    // Nothing but what is named reaches the lake: functions and the models' own names need no catalog.
    await session.execute("USE memory.main");
    for (let attempt = 1; ; attempt += 1) {
      const look = new Look(looked, await inTransaction(session, () => currentSnapshot(session)));
      try {
        await loadListing(session, store, prefixes);
        await look.run(...lookTablesSql(look.snapshot, store.url("")));
        return look;
      } catch (error) {
        if (attempt === LOOKS || (await look.isKept())) throw error;
      }
    }
  }

  /** A table at the look's snapshot, or at an earlier one: a FROM item. */
  at(table: TableName, snapshot: number = this.snapshot): string {
    return tableAt(table, snapshot);
  }

  /** The columns of a table at the look's snapshot or an earlier one, or null when it did not exist. */
  async columns(table: TableName, snapshot: number = this.snapshot): Promise<Column[] | null> {
    const { present } = await this.one(
      presentRow,
      `SELECT count(*) > 0 AS present FROM audit_tables WHERE schema_name = ${literal(table.schema)}
         AND table_name = ${literal(table.name)} AND begin_snapshot <= ${literal(snapshot)}
         AND (end_snapshot IS NULL OR end_snapshot > ${literal(snapshot)})`,
    );
    if (!present) return null;
    return this.inTransaction(() => this.session.describe(`SELECT * FROM ${this.at(table, snapshot)}`));
  }

  query<T>(schema: z.ZodType<T>, sql: string): Promise<T[]> {
    return this.inTransaction(() => this.session.query(schema, sql));
  }

  one<T>(schema: z.ZodType<T>, sql: string): Promise<T> {
    return this.inTransaction(() => this.session.queryOne(schema, sql));
  }

  /** Runs statements for their effect on temporary tables and views. */
  run(...statements: string[]): Promise<void> {
    return this.inTransaction(async () => {
      for (const statement of statements) await this.session.execute(statement);
    });
  }

  /** A fault of every row of a SELECT of `name` and `detail`; of none when there is none. */
  async fault(code: FindingCode, culprits: string): Promise<Fault> {
    const rows = await this.query(
      culpritRow,
      `WITH culprits AS MATERIALIZED (${culprits})
       SELECT coalesce(name::VARCHAR, 'NULL') AS name, detail::VARCHAR AS detail, (SELECT count(*) FROM culprits) AS total
       FROM culprits ORDER BY 1, 2 LIMIT ${literal(CULPRITS)}`,
    );
    return {
      code,
      count: rows[0]?.total ?? 0,
      culprits: rows.map(({ name, detail }) => ({ name, detail })),
    };
  }

  /** Whether the look's snapshot is still kept: what it saw may be gone otherwise. */
  async isKept(): Promise<boolean> {
    const { kept } = await this.one(
      keptRow,
      `SELECT count(*) > 0 AS kept FROM ${CATALOG}.ducklake_snapshot WHERE snapshot_id = ${literal(this.snapshot)}`,
    );
    return kept;
  }

  /** Runs `work` in a transaction of its own; it may leave temporary tables. */
  inTransaction<T>(work: () => Promise<T>): Promise<T> {
    return inTransaction(this.session, work);
  }
}

async function inTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.execute("BEGIN TRANSACTION");
  try {
    const result = await work();
    await session.execute("COMMIT");
    return result;
  } catch (error) {
    await session.rollback().catch(() => {});
    throw error;
  }
}
