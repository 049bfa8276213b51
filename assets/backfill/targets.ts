import { LotusError } from "../../common/errors.ts";
import type { EnrichedModel, Project, Stream } from "../definitions.ts";
import { downstreamOf } from "../graph.ts";
import { feederAssetKey } from "../names.ts";
import type { BackfillRequest } from "./request.ts";

/** What a backfill works on. */
export interface BackfillTargets {
  streams: Stream[];
  /** Upstream first; only where tables are rebuilt. */
  models: EnrichedModel[];
  /** What follows by itself. */
  downstream: string[];
}

/**
 * Finds what a request means. Pure.
 * @throws LotusError BACKFILL_REFUSED with what cannot be done and what can; NOT_FOUND for a name that is not there.
 */
export function resolveTargets(project: Project, request: BackfillRequest): BackfillTargets {
  const graph = new Map(project.assets.map((asset) => [asset.key, asset.upstream]));
  const named = [
    ...request.streams.map((name) => streamAsset(project, name)),
    ...request.assets.map((key) => knownAsset(project, key)),
  ];
  const below = downstreamOf(
    graph,
    request.downstreamOf.map((key) => knownAsset(project, key)),
  );
  const keys = new Set([...named, ...below]);
  if (keys.size === 0)
    throw refused("Nothing is named. Name streams, assets, or what everything downstream of is meant");
  const streams = project.streams.filter(
    ({ source, stream, processed }) => keys.has(processed.asset) || keys.has(feederAssetKey(source, stream)),
  );
  const models = project.models.filter(({ asset }) => keys.has(asset));
  const follows = (targets: readonly string[]) =>
    downstreamOf(graph, targets).filter((key) => !targets.includes(key));
  const tables = streams.map(({ processed }) => processed.asset);
  if (request.mode === "rebuild") {
    return { streams, models, downstream: follows([...tables, ...models.map(({ asset }) => asset)]) };
  }
  // Named themselves, not reached from above: those follow by themselves.
  const enriched = models.filter(({ asset }) => named.includes(asset)).map(({ asset }) => asset);
  if (enriched.length > 0)
    throw refused(
      `${enriched.join(", ")}: enriched tables have no partition days, and follow by themselves. Ask for rebuild`,
    );
  if (streams.length === 0) throw refused("No stream is among what is named. Name one, or ask for rebuild");
  if (request.mode === "refeed") for (const stream of streams) refuseRefeed(stream);
  return { streams, models: [], downstream: follows(tables) };
}

function refuseRefeed({ source, stream, destinationSyncMode, processed }: Stream): void {
  const name = `${source}/${stream}`;
  if (destinationSyncMode === "overwrite")
    throw refused(`${name} shows its newest generation as a whole, not days of it. Ask for rebuild`);
  if (processed.uniqueKey.length === 0)
    throw refused(
      `${name} has no key: its rows, fed once more, would count twice. Give the stream a primary_key`,
    );
}

/**
 * Why a stream's table is made anew as a whole although days of it are asked for; null where its days can be told
 * from others, or no days are asked for. Pure.
 */
export function whyWhole(
  { destinationSyncMode, processed }: Stream,
  { mode, from, to }: BackfillRequest,
): string | null {
  const all = "its whole table is rebuilt; rows that are right already stay as they are";
  if (mode === "rebuild") return from === null && to === null ? null : `whatever the days, ${all}`;
  if (mode === "refeed") return null;
  if (destinationSyncMode === "overwrite") return `it shows its newest generation, not days of it: ${all}`;
  if (processed.uniqueKey.length > 0) return null;
  return `it has no key, by which rows of a range could be told from others: ${all}`;
}

function streamAsset(project: Project, name: string): string {
  const found = project.streams.find(({ source, stream }) => `${source}/${stream}` === name);
  if (found) return found.processed.asset;
  const names = project.streams.map(({ source, stream }) => `${source}/${stream}`).join(", ");
  throw new LotusError("NOT_FOUND", `No stream ${name} in this project. There are: ${names || "none"}.`);
}

function knownAsset(project: Project, key: string): string {
  if (project.assets.some((asset) => asset.key === key)) return key;
  throw new LotusError(
    "NOT_FOUND",
    `No asset ${key} in this project. There are: ${project.assets.map((asset) => asset.key).join(", ")}.`,
  );
}

function refused(reason: string): LotusError {
  return new LotusError("BACKFILL_REFUSED", `${reason}.`);
}
