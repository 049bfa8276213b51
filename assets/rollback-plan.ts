import { z } from "zod";
import type { Session } from "../lake/session.ts";
import { tableAt } from "../lake/snapshots.ts";
import { identifier, identifiers, literal } from "../lake/sql.ts";
import { lakeTable, type TableName, tableColumns } from "../lake/tables.ts";
import { findColumn } from "./columns.ts";
import type { Column, Project, Stream } from "./definitions.ts";
import { downstreamOf } from "./graph.ts";
import { heldAssets } from "./holds.ts";
import { columnsAt, rollBackTarget } from "./rollback.ts";

/** What rolling a table back would do. */
export interface RollBackPlan {
  asset: string;
  snapshot: number;
  rowsNow: number;
  rowsThen: number;
  /** Rows that came since: they go. Of a table without a key an update counts as one that goes and one that returns. */
  goes: number;
  /** Rows that were deleted since: they return. */
  returns: number;
  /** Rows that were updated since: they get the values that they had. */
  reverts: number;
  /** Columns that are there now and were not then, or had another type. */
  columnsGoing: string[];
  /** Columns that were there then and are not now, or have another type. */
  columnsReturning: string[];
  /** What reads it, directly or not, and is not held itself: brought up to date from the rolled back table. */
  follows: string[];
  /** Files fed since that landing no longer holds: their rows do not return when the table is released. */
  filesLost: number;
}

type Difference = Pick<RollBackPlan, "rowsNow" | "rowsThen" | "goes" | "returns" | "reverts">;

const differenceRow = z.object({
  goes: z.coerce.number(),
  returns: z.coerce.number(),
  reverts: z.coerce.number(),
});
const countsRow = z.object({ now: z.coerce.number(), past: z.coerce.number() });
const filesRow = z.object({ files: z.coerce.number() });

/** Writes nothing. @throws LotusError what rollBack throws of the asset and the snapshot. */
export async function planRollBack(
  session: Session,
  project: Project,
  asset: string,
  snapshot: number,
): Promise<RollBackPlan> {
  const target = rollBackTarget(project, asset);
  const then = await columnsAt(session, target, snapshot);
  const now = (await tableColumns(session, target.table)) ?? [];
  const held = await heldAssets(session);
  const graph = new Map(project.assets.map(({ key, upstream }) => [key, upstream]));
  return {
    asset,
    snapshot,
    ...(await difference(session, target.table, snapshot, target.key, shared(now, then))),
    columnsGoing: unlike(now, then),
    columnsReturning: unlike(then, now),
    follows: downstreamOf(graph, [asset]).filter((name) => !held.has(name)),
    filesLost: target.stream ? await filesLostSince(session, target.stream, snapshot) : 0,
  };
}

/** What a roll-back means, for the person who asks for it; lines that belong to the first are indented. */
export function describeRollBack(plan: RollBackPlan, project: Project): string[] {
  const { asset, snapshot } = plan;
  const processed = project.streams.some((stream) => stream.processed.asset === asset);
  const lines = [
    `${asset}, as it was at snapshot ${snapshot}: ${count(plan.rowsThen)} rows; now it has ${count(plan.rowsNow)}`,
    `  ${count(plan.goes)} rows that came since go, ${count(plan.returns)} that were deleted return, ` +
      `${count(plan.reverts)} get the values that they had`,
  ];
  if (plan.columnsGoing.length > 0)
    lines.push(`  columns that go: ${plan.columnsGoing.join(", ")}; what reads them fails until the release`);
  if (plan.columnsReturning.length > 0)
    lines.push(`  columns that return: ${plan.columnsReturning.join(", ")}`);
  lines.push(
    plan.follows.length > 0
      ? `  ${plan.follows.join(", ")} lie downstream and follow at their next update`
      : "  nothing that is kept up to date reads it",
    processed
      ? `  it is held: files that land wait until \`lotus release ${asset}\` rebuilds it from landing`
      : `  it is held: what changes upstream waits until \`lotus release ${asset}\` rebuilds it`,
  );
  if (plan.filesLost > 0) {
    lines.push(
      `  WARNING: ${count(plan.filesLost)} files that were fed since are not in landing any more: ` +
        "what only they brought does not return with the release",
    );
  }
  return lines;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function same(left: Column, right: Column | undefined): boolean {
  return right !== undefined && left.type === right.type;
}

function shared(now: readonly Column[], then: readonly Column[]): string[] {
  return now.filter((column) => same(column, findColumn(then, column.name))).map(({ name }) => name);
}

function unlike(columns: readonly Column[], others: readonly Column[]): string[] {
  return columns.filter((column) => !same(column, findColumn(others, column.name))).map(({ name }) => name);
}

async function difference(
  session: Session,
  table: TableName,
  snapshot: number,
  key: readonly string[],
  columns: readonly string[],
): Promise<Difference> {
  const [present, past] = [lakeTable(table), tableAt(table, snapshot)];
  const counts = await session.queryOne(
    countsRow,
    `SELECT (SELECT count(*) FROM ${present}) AS now, (SELECT count(*) FROM ${past}) AS past`,
  );
  const names = new Set(columns.map((name) => name.toLowerCase()));
  const keyed = key.length > 0 && key.every((name) => names.has(name.toLowerCase()));
  const row = await session.queryOne(
    differenceRow,
    keyed ? byKeySql(present, past, key, columns) : byRowSql(present, past, columns),
  );
  return { rowsNow: counts.now, rowsThen: counts.past, ...row };
}

function byKeySql(present: string, past: string, key: readonly string[], columns: readonly string[]): string {
  const list = identifiers(columns);
  const on = key.map((name) => `n.${identifier(name)} IS NOT DISTINCT FROM p.${identifier(name)}`);
  const differs = columns.map((name) => `n.${identifier(name)} IS DISTINCT FROM p.${identifier(name)}`);
  return `
    SELECT count(*) FILTER (WHERE lotus_past IS NULL) AS goes,
      count(*) FILTER (WHERE lotus_now IS NULL) AS returns,
      count(*) FILTER (WHERE lotus_past AND lotus_now AND (${differs.join(" OR ")})) AS reverts
    FROM (SELECT ${list}, TRUE AS lotus_now FROM ${present}) AS n
    FULL JOIN (SELECT ${list}, TRUE AS lotus_past FROM ${past}) AS p ON (${on.join(" AND ")})`;
}

function byRowSql(present: string, past: string, columns: readonly string[]): string {
  const list = columns.length > 0 ? identifiers(columns) : "TRUE";
  const only = (left: string, right: string) =>
    `(SELECT count(*) FROM (SELECT ${list} FROM ${left} EXCEPT ALL SELECT ${list} FROM ${right}))`;
  return `SELECT ${only(present, past)} AS goes, ${only(past, present)} AS returns, 0 AS reverts`;
}

/** The fence at that snapshot tells which batches came later. */
async function filesLostSince(
  session: Session,
  { source, stream, processed }: Stream,
  snapshot: number,
): Promise<number> {
  const fence = tableAt({ schema: "meta", name: `fence_${processed.asset}` }, snapshot);
  const { files } = await session.queryOne(
    filesRow,
    `SELECT count(DISTINCT key) AS files FROM lakehouse.meta.feeder_file_log AS fed
     JOIN lakehouse.meta.feeder_files AS entry USING (source, stream, key)
     WHERE source = ${literal(source)} AND stream = ${literal(stream)} AND fed.state = 'fed'
       AND fed.epoch > (SELECT epoch FROM ${fence}) AND entry.state IN ('removed', 'lost')`,
  );
  return files;
}
