import { type Client, WorkflowNotFoundError } from "@temporalio/client";
import pLimit from "p-limit";
import { z } from "zod";
import { assetStates } from "../assets/asset-states.ts";
import type { Asset, Project, Stream } from "../assets/definitions.ts";
import { lastMaterializations } from "../assets/materializations.ts";
import { processedCodeChanged, readyModels, whyStale } from "../assets/staleness.ts";
import type { Lake } from "../lake/lake.ts";
import type { Session } from "../lake/session.ts";
import { changedTables } from "../lake/snapshots.ts";
import { literal } from "../lake/sql.ts";
import { lakeTable } from "../lake/tables.ts";
import { readSnapshot } from "../lake/transaction.ts";
import { Backlog } from "../sensors/backlog.ts";
import type { ObjectStore } from "../sensors/object-store.ts";
import { feederId, materializeId } from "./names.ts";

export interface StreamStatus {
  source: string;
  stream: string;
  /** s3:// path of the furthest file that was fed. */
  cursor: string | null;
  waitingFiles: number;
  quarantinedFiles: number;
  /** Rows fed. */
  rows: number;
  batches: number;
}

/** `stale`: its turn comes; `waiting`: an upstream must settle first. */
export type AssetStanding = "fresh" | "stale" | "waiting" | "running" | "failed" | "disabled";

export interface AssetStatus {
  key: string;
  kind: Asset["kind"];
  rows: number | null;
  /** The last snapshot that changed it. */
  snapshot: number | null;
  updatedAt: string | null;
  state: AssetStanding;
  /** Why it is in that state; null when fresh. */
  message: string | null;
}

export interface LakeStatus {
  /** S3, listed now, holds nothing unfed, and nothing is stale or running. */
  idle: boolean;
  /** Idle, but for what failed and what waits for it: nothing more happens without somebody's help. */
  settled: boolean;
  streams: StreamStatus[];
  assets: AssetStatus[];
}

/** Looks at S3, the lake and Temporal as they are now. */
export async function collectStatus(parts: {
  lake: Lake;
  store: ObjectStore;
  client: Client;
  project: Project;
}): Promise<LakeStatus> {
  const { lake, store, client, project } = parts;
  // Temporal first: what a writer finishes in the meantime is then seen in the lake.
  const running = await runningWriters(client, project);
  const view = await lake.withSession((session) => readSnapshot(session, () => readLake(session, project)));
  const streams = await Promise.all(
    project.streams.map((stream) =>
      lake.withSession((session) => streamStatus(session, store, stream, view)),
    ),
  );
  const assets = project.assets.map((asset) => assetStatus(asset, project, view, running, streams));
  const waits = streams.filter((stream) => stream.waitingFiles > 0);
  const failed = new Set(assets.filter((asset) => asset.state === "failed").map((asset) => asset.key));
  const moving = assets.some((asset) => asset.state === "running" || asset.state === "stale");
  const held = waits.every((stream) => failed.has(`int_${stream.source}__${stream.stream}`));
  return {
    idle:
      waits.length === 0 &&
      !moving &&
      failed.size === 0 &&
      !assets.some((asset) => asset.state === "waiting"),
    settled: held && !moving,
    streams,
    assets,
  };
}

interface LakeView {
  changes: Map<string, number>;
  times: Map<number, string>;
  rows: Map<string, number>;
  last: Awaited<ReturnType<typeof lastMaterializations>>;
  states: Awaited<ReturnType<typeof assetStates>>;
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
});
const countRow = z.object({ source: z.string(), stream: z.string(), files: z.coerce.number() });
const timeRow = z.object({ id: z.coerce.number(), time: z.string() });
const rowsRow = z.object({ name: z.string(), rows: z.coerce.number() });
const nameRow = z.object({ table_name: z.string() });

async function readLake(session: Session, project: Project): Promise<LakeView> {
  const changes = await changedTables(session, 0);
  const batches = await session.query(
    batchesRow,
    `SELECT source, stream, count(*) AS batches, sum(rows)::BIGINT AS rows, arg_max(cursor_path, epoch) AS cursor,
       strftime(max(committed_at), '%Y-%m-%dT%H:%M:%S.%gZ') AS changed_at
     FROM lakehouse.meta.feeder_batches GROUP BY source, stream`,
  );
  const quarantined = await session.query(
    countRow,
    "SELECT source, stream, count(*) AS files FROM lakehouse.meta.quarantine GROUP BY source, stream",
  );
  const key = (row: { source: string; stream: string }) => `${row.source}/${row.stream}`;
  return {
    changes,
    times: await snapshotTimes(session, [...changes.values()]),
    rows: await tableRows(session, project),
    last: await lastMaterializations(session),
    states: await assetStates(session),
    batches: new Map(batches.map((row) => [key(row), row])),
    quarantined: new Map(quarantined.map((row) => [key(row), row.files])),
  };
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

async function streamStatus(
  session: Session,
  store: ObjectStore,
  { source, stream, feeder }: Stream,
  view: LakeView,
): Promise<StreamStatus> {
  const backlog = new Backlog({ source, stream, lookbackDays: feeder.lookbackDays }, store);
  const waiting = await backlog.scan(session, { cursorKey: null, whole: true });
  const fed = view.batches.get(`${source}/${stream}`);
  return {
    source,
    stream,
    cursor: fed?.cursor ?? null,
    waitingFiles: waiting.files + waiting.misplaced,
    quarantinedFiles: view.quarantined.get(`${source}/${stream}`) ?? 0,
    rows: fed?.rows ?? 0,
    batches: fed?.batches ?? 0,
  };
}

/** Assets whose writer runs at this moment. Asked one by one: Temporal's visibility lags behind. */
async function runningWriters(client: Client, project: Project): Promise<Set<string>> {
  const limit = pLimit(16);
  const writers = [
    ...project.streams.map(
      ({ source, stream, processed }) => [processed.asset, feederId(source, stream)] as const,
    ),
    ...project.models.map(({ asset }) => [asset, materializeId(asset)] as const),
  ];
  const running = await Promise.all(
    writers.map(([asset, id]) =>
      limit(async () => {
        try {
          const description = await client.workflow.getHandle(id).describe();
          return description.status.name === "RUNNING" ? [asset] : [];
        } catch (error) {
          if (error instanceof WorkflowNotFoundError) return [];
          throw error;
        }
      }),
    ),
  );
  return new Set(running.flat());
}

function assetStatus(
  asset: Asset,
  project: Project,
  view: LakeView,
  running: ReadonlySet<string>,
  streams: readonly StreamStatus[],
): AssetStatus {
  const { key, kind } = asset;
  const base = { key, kind, rows: null, snapshot: null, updatedAt: null };
  const disabled = project.disabled[key];
  if (disabled) return { ...base, state: "disabled", message: disabled };
  if (kind === "landing") return { ...base, state: "fresh", message: null };
  const stream = project.streams.find(
    (candidate) =>
      candidate.processed.asset === key || `feeder_${candidate.source}_${candidate.stream}` === key,
  );
  if (kind === "feeder" && stream) {
    const fed = view.batches.get(`${stream.source}/${stream.stream}`);
    const standing = tableStanding(stream.processed.asset, project, view, running, streams);
    return { ...base, rows: fed?.rows ?? 0, updatedAt: fed?.changed_at ?? null, ...standing };
  }
  const snapshot = view.changes.get(key) ?? null;
  return {
    key,
    kind,
    rows: view.rows.get(key) ?? null,
    snapshot,
    updatedAt: snapshot === null ? null : (view.times.get(snapshot) ?? null),
    ...tableStanding(key, project, view, running, streams),
  };
}

function tableStanding(
  key: string,
  project: Project,
  view: LakeView,
  running: ReadonlySet<string>,
  streams: readonly StreamStatus[],
): { state: AssetStanding; message: string | null } {
  const failure = failedAssets(project, view).get(key);
  if (failure) return { state: "failed", message: failure.message };
  if (running.has(key)) return { state: "running", message: "its writer runs" };
  const observed = { last: view.last, changes: view.changes };
  const stream = project.streams.find((candidate) => candidate.processed.asset === key);
  if (stream) {
    const waiting = streams.find(
      (candidate) => candidate.source === stream.source && candidate.stream === stream.stream,
    );
    if (waiting && waiting.waitingFiles > 0)
      return { state: "stale", message: `${waiting.waitingFiles} files wait` };
    if (processedCodeChanged(stream.processed, observed))
      return { state: "stale", message: "the model changed" };
    return { state: "fresh", message: null };
  }
  const model = project.models.find((candidate) => candidate.asset === key);
  const reason = model ? whyStale(model, observed) : null;
  if (!reason) return { state: "fresh", message: null };
  const failed = new Set(failedAssets(project, view).keys());
  const stale = new Set(
    project.models.filter((other) => whyStale(other, observed) !== null).map((other) => other.asset),
  );
  const { deferred } = readyModels(project.models, stale, failed);
  return { state: deferred.includes(key) ? "waiting" : "stale", message: reason };
}

/** Assets that failed with the code that they have now. */
function failedAssets(project: Project, view: LakeView): LakeView["states"] {
  const hashes = new Map([
    ...project.streams.map(({ processed }) => [processed.asset, processed.codeHash] as const),
    ...project.models.map((model) => [model.asset, model.codeHash] as const),
  ]);
  return new Map(
    [...view.states].filter(
      ([asset, entry]) => entry.state === "failed" && entry.codeHash === hashes.get(asset),
    ),
  );
}
