import { z } from "zod";
import type { Session } from "../../lake/session.ts";
import { changedTables } from "../../lake/snapshots.ts";
import { literal } from "../../lake/sql.ts";
import type { Column, EnrichedModel } from "../definitions.ts";
import type { LastMaterialization } from "../materializations.ts";

/** How this run brings the table up to date. `changed`: upstream → the snapshot after which its changes count. */
export type Mode =
  | { mode: "rebuild"; reason: string }
  | { mode: "incremental"; reason: null; changed: Map<string, number> };

interface Standing {
  full: boolean;
  last: LastMaterialization | null;
  /** The table's columns; null when it does not exist. */
  present: Column[] | null;
  output: Column[];
  /** The snapshot that this run reads. */
  read: number;
}

/** Increments only where they are known to give the same rows as a rebuild; otherwise a rebuild, and why. */
export async function chooseMode(session: Session, model: EnrichedModel, standing: Standing): Promise<Mode> {
  const { last, present, output } = standing;
  const rebuild = (reason: string): Mode => ({ mode: "rebuild", reason });
  if (present === null) return rebuild("first run");
  if (standing.full) return rebuild("asked for");
  if (last === null) return rebuild("no earlier run is recorded");
  if (last.codeHash !== model.codeHash && model.head.on_code_change !== "keep")
    return rebuild("the model changed");
  if (!sameColumns(present, output)) return rebuild("the model's columns changed");
  if (model.upkeep.mode === "rebuild")
    return rebuild(model.upkeep.reasons[0] ?? "increments are not known to be right");

  const recorded = Object.values(last.upstreamSnapshots);
  const changes = await changedTables(session, recorded.length === 0 ? 0 : Math.min(...recorded));
  const changed = new Map<string, number>();
  for (const upstream of model.upstream) {
    const since = last.upstreamSnapshots[upstream];
    if (since === undefined) return rebuild(`${upstream} was not read before`);
    if ((changes.get(upstream) ?? 0) <= since) continue;
    const rule = model.upkeep.upstreams[upstream];
    if (!rule || rule.keys === null)
      return rebuild(`${upstream} changed: ${rule?.reason ?? "it is a look-up"}`);
    const obstacle = await feedObstacle(session, upstream, since, standing.read);
    if (obstacle) return rebuild(`${upstream} ${obstacle}`);
    changed.set(upstream, since);
  }
  return { mode: "incremental", reason: null, changed };
}

function sameColumns(left: readonly Column[], right: readonly Column[]): boolean {
  const text = (columns: readonly Column[]) =>
    columns
      .map((column) => `${column.name.toLowerCase()} ${column.type}`)
      .sort()
      .join(",");
  return text(left) === text(right);
}

const obstacleRow = z.object({
  recreated: z.coerce.number(),
  retyped: z.coerce.number(),
  kept: z.coerce.number(),
});

/** Why the change feed of a table cannot be trusted from `since` to `until`, or null. */
async function feedObstacle(
  session: Session,
  table: string,
  since: number,
  until: number,
): Promise<string | null> {
  const row = await session.queryOne(obstacleRow, feedObstacleSql(table, since, until));
  if (row.recreated > 0) return "was created anew";
  if (row.retyped > 0) return "lost or retyped a column";
  if (row.kept < until - since + 1) return "has changes whose snapshots have expired";
  return null;
}

// A table that was re-created shows only its new rows' inserts in the feed; a column that was dropped reads as NULL
// in old images; an expired snapshot is an error where a part of the feed begins. Snapshot `since` itself must be
// there, too: what it was the last to see went with it, and the feed does not show that as deleted.
function feedObstacleSql(table: string, since: number, until: number): string {
  const catalog = "__ducklake_metadata_lakehouse.ducklake";
  return `
    WITH upstream AS (
      SELECT t.table_id, t.begin_snapshot FROM ${catalog}.ducklake_table t
      JOIN ${catalog}.ducklake_schema s ON s.schema_id = t.schema_id AND s.schema_name = 'main' AND s.end_snapshot IS NULL
      WHERE t.table_name = ${literal(table)} AND t.end_snapshot IS NULL)
    SELECT
      (SELECT count(*) FROM upstream WHERE begin_snapshot > ${literal(since)}) AS recreated,
      (SELECT count(*) FROM ${catalog}.ducklake_column c JOIN upstream USING (table_id)
       WHERE c.end_snapshot > ${literal(since)}) AS retyped,
      (SELECT count(*) FROM ${catalog}.ducklake_snapshot
       WHERE snapshot_id >= ${literal(since)} AND snapshot_id <= ${literal(until)}) AS kept`;
}
