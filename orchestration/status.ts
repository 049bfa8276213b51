import { type Client, WorkflowNotFoundError } from "@temporalio/client";
import pLimit from "p-limit";
import type { Asset, Project, Stream } from "../assets/definitions.ts";
import type { LandingGap } from "../assets/feeder/landing-gap.ts";
import { feederAssetKey } from "../assets/names.ts";
import { processedCodeChanged, readyModels, whyStale } from "../assets/staleness.ts";
import type { Lake } from "../lake/lake.ts";
import type { Session } from "../lake/session.ts";
import { readSnapshot } from "../lake/transaction.ts";
import { Backlog, type Waiting } from "../sensors/backlog.ts";
import type { ObjectStore } from "../sensors/object-store.ts";
import { type LakeView, readLake } from "./lake-view.ts";
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

/** `stale`: its turn comes; `waiting`: an upstream must settle first; `held`: rolled back, until it is released. */
export type AssetStanding = "fresh" | "stale" | "waiting" | "running" | "failed" | "held" | "disabled";

export interface AssetStatus {
  key: string;
  kind: Asset["kind"];
  rows: number | null;
  /** The last snapshot that changed it. */
  snapshot: number | null;
  updatedAt: string | null;
  state: AssetStanding;
  /** Why it is in that state; null when fresh, but for a table that goes on with rows that other code made. */
  message: string | null;
}

export interface LakeStatus {
  /** S3, listed now, holds nothing unfed, and nothing is stale or running. */
  idle: boolean;
  /** Idle, but for what failed or is held and what waits for it: nothing more happens without somebody's help. */
  settled: boolean;
  streams: StreamStatus[];
  assets: AssetStatus[];
}

/** What a look is made of. */
export interface Observed {
  view: LakeView;
  /** `SOURCE/STREAM` → what waits in S3. */
  waiting: ReadonlyMap<string, Waiting>;
  /** Assets whose writers run. */
  running: ReadonlySet<string>;
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
  const waiting = new Map(
    await Promise.all(
      project.streams.map(async ({ source, stream, feeder }) => {
        const backlog = new Backlog({ source, stream, lookbackDays: feeder.lookbackDays }, store);
        const look = (session: Session) => backlog.scan(session, { cursorKey: null, whole: true });
        return [`${source}/${stream}`, await lake.withSession(look)] as const;
      }),
    ),
  );
  return judge(project, { view, waiting, running });
}

/** Says how everything stands, by what was seen. Pure. */
export function judge(project: Project, { view, waiting, running }: Observed): LakeStatus {
  const streams = project.streams.map((stream) => streamStatus(stream, view, waiting));
  const assets = project.assets.map((asset) => assetStatus(asset, project, view, running, streams));
  const waits = streams.filter((stream) => stream.waitingFiles > 0);
  const stuck = new Set(
    assets.filter(({ state }) => state === "failed" || state === "held").map(({ key }) => key),
  );
  const moving = assets.some(({ state }) => state === "running" || state === "stale");
  const waitsForHelp = waits.every(
    ({ source, stream }) => stuck.has(`int_${source}__${stream}`) || view.paused.has(`${source}/${stream}`),
  );
  return {
    idle:
      waits.length === 0 && !moving && stuck.size === 0 && !assets.some(({ state }) => state === "waiting"),
    settled: waitsForHelp && !moving,
    streams,
    assets,
  };
}

function streamStatus(
  { source, stream }: Stream,
  view: LakeView,
  waiting: Observed["waiting"],
): StreamStatus {
  const name = `${source}/${stream}`;
  const seen = waiting.get(name);
  const fed = view.batches.get(name);
  return {
    source,
    stream,
    cursor: fed?.cursor ?? null,
    waitingFiles: seen ? seen.files + seen.misplaced + seen.lost : 0,
    quarantinedFiles: view.quarantined.get(name) ?? 0,
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
  const hold = view.states.get(key);
  if (hold?.state === "held") return { state: "held", message: hold.message };
  const observed = { last: view.last, changes: view.changes };
  const stream = project.streams.find((candidate) => candidate.processed.asset === key);
  if (stream) {
    const waiting = streams.find(
      (candidate) => candidate.source === stream.source && candidate.stream === stream.stream,
    );
    if (waiting && waiting.waitingFiles > 0 && view.paused.has(`${stream.source}/${stream.stream}`))
      return {
        state: "waiting",
        message: `${waiting.waitingFiles} files wait: the stream is ${pauseOf(stream, view)}`,
      };
    if (waiting && waiting.waitingFiles > 0)
      return { state: "stale", message: `${waiting.waitingFiles} files wait` };
    if (isUnpublished(stream, view)) return { state: "stale", message: "a generation waits to be published" };
    const gap = view.kept.get(key);
    if (gap) return { state: "fresh", message: codeChanged(stream, gap) };
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
  const held = new Set(
    [...view.states.values()].filter((entry) => entry.state === "held").map(({ asset }) => asset),
  );
  const { deferred } = readyModels(project.models, stale, failed, held);
  return { state: deferred.includes(key) ? "waiting" : "stale", message: reason };
}

/** Who paused a stream. */
function pauseOf({ source, stream }: Stream, view: LakeView): string {
  return view.states.get(feederAssetKey(source, stream))?.message ?? "paused";
}

/** What assets/feeder/unpublished.ts asks the lake, by what was read for all streams at once. */
function isUnpublished({ source, stream, processed, destinationSyncMode }: Stream, view: LakeView): boolean {
  if (destinationSyncMode !== "overwrite") return false;
  const fed = view.batches.get(`${source}/${stream}`)?.fed_epoch ?? null;
  return fed !== null && fed > (view.last.get(processed.asset)?.epoch ?? -1);
}

/** Why a table whose model changed is not rebuilt by itself. */
function codeChanged({ processed }: Stream, gap: LandingGap): string {
  const incomplete = `code changed: landing lacks ${gap.files} of the files that were fed and is complete from ${gap.from} on, so that older rows stay as they are`;
  return processed.uniqueKey.length === 0
    ? incomplete
    : `${incomplete}; \`lotus materialize ${processed.asset} --full --keep-older\` rebuilds the others`;
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
