import { z } from "zod";
import { assetStates } from "../assets/asset-states.ts";
import type { Project } from "../assets/definitions.ts";
import type { LandingGap } from "../assets/feeder/landing-gap.ts";
import { rebuildGap } from "../assets/feeder/rebuild.ts";
import { lastMaterializations } from "../assets/materializations.ts";
import { feederAssetKey } from "../assets/names.ts";
import { type Observed, processedCodeChanged } from "../assets/staleness.ts";
import type { Session } from "../lake/session.ts";
import { changedTables } from "../lake/snapshots.ts";
import { literal } from "../lake/sql.ts";
import { lakeTable } from "../lake/tables.ts";

/** What the lake says of itself, all of it at one snapshot. */
export interface LakeView {
  changes: Map<string, number>;
  times: Map<number, string>;
  rows: Map<string, number>;
  /** Table → bytes of its Parquet files. */
  bytes: Map<string, number>;
  last: Awaited<ReturnType<typeof lastMaterializations>>;
  states: Awaited<ReturnType<typeof assetStates>>;
  /** `SOURCE/STREAM` of those that are paused. */
  paused: Set<string>;
  /** Processed tables that other code made, and what landing lacks to rebuild them. */
  kept: Map<string, LandingGap>;
  batches: Map<string, z.infer<typeof batchesRow>>;
  quarantined: Map<string, number>;
}

const batchesRow = z.object({
  source: z.string(),
  stream: z.string(),
  batches: z.coerce.number(),
  rows: z.coerce.number(),
  cursor: z.string().nullable(),
  changed_at: z.string().nullable(),
  /** Of the last batch that fed files. */
  fed_epoch: z.coerce.number().nullable(),
});
const countRow = z.object({ source: z.string(), stream: z.string(), files: z.coerce.number() });
const timeRow = z.object({ id: z.coerce.number(), time: z.string() });
const rowsRow = z.object({ name: z.string(), rows: z.coerce.number() });
const nameRow = z.object({ table_name: z.string() });

export async function readLake(session: Session, project: Project): Promise<LakeView> {
  const changes = await changedTables(session, 0);
  const batches = await session.query(
    batchesRow,
    `SELECT source, stream, count(*) AS batches, sum(rows)::BIGINT AS rows, arg_max(cursor_path, epoch) AS cursor,
       strftime(max(committed_at), '%Y-%m-%dT%H:%M:%S.%gZ') AS changed_at,
       max(epoch) FILTER (files > 0) AS fed_epoch
     FROM lakehouse.meta.feeder_batches GROUP BY source, stream`,
  );
  const quarantined = await session.query(
    countRow,
    "SELECT source, stream, count(*) AS files FROM lakehouse.meta.quarantine GROUP BY source, stream",
  );
  const key = (row: { source: string; stream: string }) => `${row.source}/${row.stream}`;
  const last = await lastMaterializations(session);
  const states = await assetStates(session);
  const isPausedNow = ({ source, stream }: { source: string; stream: string }) =>
    states.get(feederAssetKey(source, stream))?.state === "paused";
  return {
    changes,
    times: await snapshotTimes(session, [...changes.values()]),
    rows: await tableRows(session, project),
    bytes: await tableBytes(session),
    last,
    kept: await keptTables(session, project, { last, changes }),
    states,
    paused: new Set(project.streams.filter(isPausedNow).map(key)),
    batches: new Map(batches.map((row) => [key(row), row])),
    quarantined: new Map(quarantined.map((row) => [key(row), row.files])),
  };
}

/** Tables that other code made, and that cannot be rebuilt from landing without losing rows. */
async function keptTables(
  session: Session,
  project: Project,
  observed: Observed,
): Promise<Map<string, LandingGap>> {
  const kept = new Map<string, LandingGap>();
  for (const stream of project.streams) {
    if (!processedCodeChanged(stream.processed, observed)) continue;
    const gap = await rebuildGap(session, stream);
    if (gap) kept.set(stream.processed.asset, gap);
  }
  return kept;
}

async function snapshotTimes(session: Session, snapshots: number[]): Promise<Map<number, string>> {
  if (snapshots.length === 0) return new Map();
  const rows = await session.query(
    timeRow,
    `SELECT snapshot_id AS id, strftime(snapshot_time AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ') AS time
     FROM __ducklake_metadata_lakehouse.ducklake.ducklake_snapshot
     WHERE snapshot_id IN (${snapshots.map((id) => literal(id)).join(", ")})`,
  );
  return new Map(rows.map((row) => [row.id, row.time]));
}

const bytesRow = z.object({ name: z.string(), bytes: z.coerce.number() });

async function tableBytes(session: Session): Promise<Map<string, number>> {
  const catalog = "__ducklake_metadata_lakehouse.ducklake";
  const rows = await session.query(
    bytesRow,
    `SELECT table_name AS name, sum(file_size_bytes)::BIGINT AS bytes
     FROM ${catalog}.ducklake_data_file JOIN ${catalog}.ducklake_table AS t USING (table_id)
     JOIN ${catalog}.ducklake_schema AS s ON s.schema_id = t.schema_id AND s.schema_name = 'main'
     WHERE ducklake_data_file.end_snapshot IS NULL AND t.end_snapshot IS NULL GROUP BY table_name`,
  );
  return new Map(rows.map((row) => [row.name, row.bytes]));
}

async function tableRows(session: Session, project: Project): Promise<Map<string, number>> {
  const present = await session.query(
    nameRow,
    "SELECT table_name FROM duckdb_tables() WHERE database_name = 'lakehouse' AND schema_name = 'main'",
  );
  const names = new Set(present.map((row) => row.table_name));
  const counted = project.assets.filter((asset) => names.has(asset.key));
  if (counted.length === 0) return new Map();
  const selects = counted.map(
    ({ key }) =>
      `SELECT ${literal(key)} AS name, count(*) AS rows FROM ${lakeTable({ schema: "main", name: key })}`,
  );
  const rows = await session.query(rowsRow, selects.join(" UNION ALL "));
  return new Map(rows.map((row) => [row.name, row.rows]));
}
