import { join } from "node:path";
import { expect } from "vitest";
import type { Column, EnrichedModel } from "../../assets/definitions.ts";
import { type MaterializeOutcome, materialize } from "../../assets/enriched/materialize.ts";
import { bindEnrichedModel, parseEnrichedModel, resolveReferences } from "../../assets/enriched-model.ts";
import { type FunctionCatalog, loadFunctionCatalog } from "../../assets/function-catalog.ts";
import { createScratchTable, openScratchLake } from "../../assets/scratch-lake.ts";
import { TOMBSTONE_COLUMN } from "../../assets/version-columns.ts";
import { Lake } from "../../lake/lake.ts";
import type { Session } from "../../lake/session.ts";
import { changeFeed } from "../../lake/snapshots.ts";
import { identifier } from "../../lake/sql.ts";
import { type Isolation, isolate } from "./isolation.ts";

type Row = Awaited<ReturnType<Session["queryRaw"]>>[number];

let functions: FunctionCatalog | null = null;

/** A lake of its own, written through plain SQL, and enriched models over it: no feeder, no Temporal. */
export class EnrichedLake {
  readonly lake: Lake;
  readonly isolation: Isolation;

  private constructor(lake: Lake, isolation: Isolation) {
    this.lake = lake;
    this.isolation = isolation;
  }

  static async open(): Promise<EnrichedLake> {
    const isolation = await isolate();
    return new EnrichedLake(await openLake(isolation), isolation);
  }

  close(): void {
    this.lake.close();
    this.isolation.dispose();
  }

  /** Runs statements in one transaction, one snapshot. */
  async write(...statements: string[]): Promise<void> {
    await this.lake.withSession(async (session) => {
      await session.execute("BEGIN TRANSACTION");
      for (const statement of statements) await session.execute(statement);
      await session.execute("COMMIT");
    });
  }

  /** Runs statements one by one, each a transaction: DDL and maintenance calls. */
  async run(...statements: string[]): Promise<void> {
    await this.lake.withSession(async (session) => {
      for (const statement of statements) await session.execute(statement);
    });
  }

  rows(select: string): Promise<Row[]> {
    return this.lake.withSession((session) => session.queryRaw(select));
  }

  /** Rows as one text each, `a|b|NULL`, sorted. */
  async list(select: string): Promise<string[]> {
    const rows = await this.rows(select);
    return rows.map((row) => Object.values(row).map(show).join("|")).sort();
  }

  /** A model from its file's text over the lake's tables as they are now: what `loadProject` would make of it. */
  async model(asset: string, text: string): Promise<EnrichedModel> {
    const tables = await this.lake.withSession(readTables);
    const scratch = await openScratchLake();
    try {
      functions ??= await loadFunctionCatalog(scratch);
      for (const [name, columns] of tables) {
        if (name !== asset) await createScratchTable(scratch, "main", name, columns);
      }
      const file = { path: `enriched/test/${asset}.sql`, folder: "test", name: asset, text };
      const parsed = await parseEnrichedModel(scratch, file);
      const resolved = resolveReferences(parsed, {
        assets: new Map([...tables.keys()].map((name) => [name.toLowerCase(), name])),
        views: new Map(),
        absent: new Map(),
      });
      if (resolved.faults.length > 0 || !parsed.tree) throw new Error(JSON.stringify(resolved.faults));
      const upstreams = Object.fromEntries(resolved.upstream.map((name) => [name, tables.get(name) ?? []]));
      const bound = await bindEnrichedModel(
        scratch,
        functions,
        { ...resolved, tree: parsed.tree },
        upstreams,
      );
      if (!bound.model) throw new Error(JSON.stringify(bound.faults));
      return bound.model;
    } finally {
      scratch.close();
    }
  }

  materialize(model: EnrichedModel, options: { full?: boolean; runId?: string } = {}) {
    return materialize(this.lake, model, { runId: "test", full: false, ...options });
  }

  /** Materializes, and compares the table with its SELECT run from scratch. */
  async materializeRight(
    model: EnrichedModel,
    options: { full?: boolean } = {},
  ): Promise<MaterializeOutcome> {
    const outcome = await this.materialize(model, options);
    await this.expectRight(model);
    return outcome;
  }

  /** The table holds the rows of its SELECT over what its upstreams show now, each as many times. */
  async expectRight(model: EnrichedModel): Promise<void> {
    expect(await this.differences(model), model.sql).toEqual([]);
  }

  /** Rows that only the table (`-`) or only its SELECT run from scratch (`+`) has. */
  async differences(model: EnrichedModel): Promise<string[]> {
    return this.lake.withSession(async (session) => {
      const tables = await readTables(session);
      const views = model.upstream.map((name) => {
        const tombstones = (tables.get(name) ?? []).some((column) => column.name === TOMBSTONE_COLUMN);
        const where = tombstones ? `WHERE ${TOMBSTONE_COLUMN} IS NULL` : "";
        return `CREATE OR REPLACE TEMP VIEW ${identifier(name)} AS SELECT * FROM lakehouse.main.${identifier(name)} ${where}`;
      });
      for (const view of views) await session.execute(view);
      await session.execute(`CREATE OR REPLACE TEMP VIEW wanted AS ${model.sql}`);
      const columns = model.columns.map((column) => identifier(column.name)).join(", ");
      const [held, wanted] = [
        `SELECT ${columns} FROM lakehouse.main.${identifier(model.asset)}`,
        `SELECT ${columns} FROM wanted`,
      ];
      const rows = await session.queryRaw(
        `SELECT '-' AS side, * FROM (${held} EXCEPT ALL ${wanted})
         UNION ALL SELECT '+' AS side, * FROM (${wanted} EXCEPT ALL ${held})`,
      );
      await session.execute("DROP VIEW temp.wanted");
      for (const name of model.upstream) await session.execute(`DROP VIEW temp.${identifier(name)}`);
      return rows.map((row) => Object.values(row).map(show).join("|"));
    });
  }

  /**
   * What one snapshot did to a table, from its change feed: `delete a|b`, `insert a|b`, and for an update
   * `update_preimage` and `update_postimage`; sorted.
   */
  async feedOf(asset: string, snapshot: number | null): Promise<string[]> {
    if (snapshot === null) throw new Error("no snapshot");
    const feed = changeFeed({ schema: "main", name: asset }, snapshot - 1, snapshot);
    const rows = await this.rows(
      `SELECT change_type, * EXCLUDE (snapshot_id, rowid, change_type) FROM ${feed}`,
    );
    return rows
      .map(({ change_type, ...row }) => `${change_type} ${Object.values(row).map(show).join("|")}`)
      .sort();
  }

  async currentSnapshot(): Promise<number> {
    const [row] = await this.rows("SELECT id FROM ducklake_current_snapshot('lakehouse')");
    return Number(row?.id);
  }
}

/** Another process's door to the same lake, as far as DuckDB can tell. */
export function openLake(isolation: Isolation): Promise<Lake> {
  return Lake.open({
    connections: isolation.connections,
    engine: { memoryLimit: "2GB", threads: 2 },
    extensions: isolation.tools.extensions,
    spillDir: join(isolation.folder, "spill"),
  });
}

async function readTables(session: Session): Promise<Map<string, Column[]>> {
  const rows = await session.queryRaw(
    `SELECT table_name FROM duckdb_tables() WHERE database_name = 'lakehouse' AND schema_name = 'main'`,
  );
  const tables = new Map<string, Column[]>();
  for (const { table_name } of rows) {
    const name = String(table_name);
    tables.set(name, await session.describe(`lakehouse.main.${identifier(name)}`));
  }
  return tables;
}

function show(value: unknown): string {
  if (value === null) return "NULL";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
