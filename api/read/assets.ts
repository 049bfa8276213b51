import type { z } from "zod";
import type { Asset, EnrichedModel, Project, Stream } from "../../assets/definitions.ts";
import { landingDdl } from "../../assets/landing-table.ts";
import { feederAssetKey } from "../../assets/names.ts";
import { processedCodeChanged } from "../../assets/staleness.ts";
import { processedTableColumns } from "../../assets/version-columns.ts";
import { parseDuration } from "../../common/units.ts";
import type { Observation } from "../../orchestration/observer.ts";
import type { AssetStatus } from "../../orchestration/status.ts";
import type { assetDetail, assetSummary } from "../schemas/assets.ts";

type Summary = z.infer<typeof assetSummary>;
type Detail = z.infer<typeof assetDetail>;

/** What is behind an asset: its stream, or its model; neither for `landing_tables` and what is disabled. */
interface Definition {
  stream: Stream | null;
  model: EnrichedModel | null;
}

/** Every asset as it stands, in the project's order. Pure. */
export function summarise(project: Project, seen: Observation): Summary[] {
  const downstream = new Map<string, string[]>();
  for (const { key, upstream } of project.assets)
    for (const name of upstream) downstream.set(name, [...(downstream.get(name) ?? []), key]);
  return project.assets.flatMap((asset) => {
    const status = seen.status.assets.find(({ key }) => key === asset.key);
    return status ? [summaryOf(project, asset, status, seen, downstream.get(asset.key) ?? [])] : [];
  });
}

function summaryOf(
  project: Project,
  asset: Asset,
  status: AssetStatus,
  seen: Observation,
  downstream: string[],
): Summary {
  const definition = definitionOf(project, asset.key);
  const head =
    definition.model?.head ?? (asset.kind === "processed" ? definition.stream?.processed.head : undefined);
  const late = lateBy(definition, status, seen.at);
  const changed = isCodeChanged(definition, asset, seen);
  return {
    key: asset.key,
    kind: asset.kind,
    group: definition.model?.domain ?? definition.stream?.source ?? null,
    description: head?.description ?? null,
    owner: head?.owner ?? null,
    tags: head?.tags ?? [],
    ...standing(status, { late, changed }),
    rows: status.rows,
    bytes: seen.view.bytes.get(asset.key) ?? null,
    snapshot: status.snapshot,
    updatedAt: status.updatedAt,
    upstream: asset.upstream,
    downstream,
  };
}

/** What is said of a fresh one that is late, or was made by other code. */
function standing(
  { state, message }: AssetStatus,
  { late, changed }: { late: number | null; changed: boolean },
): Pick<Summary, "state" | "reason"> {
  if (late !== null && late > 0 && (state === "fresh" || state === "stale" || state === "waiting")) {
    const told = `it should have been updated ${Math.ceil(late / 60)} min ago`;
    return { state: "late", reason: message === null ? told : `${told}; ${message}` };
  }
  if (state === "fresh" && changed)
    return { state: "changed", reason: message ?? "its rows were made by other code" };
  return { state, reason: message };
}

export function definitionOf(project: Project, key: string): Definition {
  const stream = project.streams.find(
    (candidate) =>
      candidate.processed.asset === key || feederAssetKey(candidate.source, candidate.stream) === key,
  );
  return { stream: stream ?? null, model: project.models.find(({ asset }) => asset === key) ?? null };
}

/** Seconds beyond what the model's `freshness` allows; negative before that; null without one. */
function lateBy({ stream, model }: Definition, { updatedAt }: AssetStatus, now: Date): number | null {
  const freshness = (model?.head ?? stream?.processed.head)?.freshness;
  const limit = freshness === undefined ? null : parseDuration(freshness);
  if (limit === null || updatedAt === null) return null;
  return (now.getTime() - Date.parse(updatedAt) - limit) / 1000;
}

function isCodeChanged({ stream, model }: Definition, { key, kind }: Asset, { view }: Observation): boolean {
  if (kind === "processed" && stream) return processedCodeChanged(stream.processed, view);
  const last = view.last.get(key);
  return model !== null && last !== undefined && last.codeHash !== model.codeHash;
}

/** What an asset is, without what has to be read for it alone. Pure. */
export function describeAsset(
  project: Project,
  summary: Summary,
  seen: Observation,
): Omit<Detail, "activity" | "materializations"> {
  const definition = definitionOf(project, summary.key);
  const { stream, model } = definition;
  const status = seen.status.assets.find(({ key }) => key === summary.key) as AssetStatus;
  const processed = summary.kind === "processed" ? stream?.processed : undefined;
  const head = model?.head ?? processed?.head;
  const columns =
    model?.columns ?? (processed && stream ? processedTableColumns(stream) : (stream?.landing.columns ?? []));
  const limit = head?.freshness;
  const late = lateBy(definition, status, seen.at);
  return {
    ...summary,
    file: model?.file ?? processed?.file ?? (summary.kind === "feeder" ? (stream?.file ?? null) : null),
    sql: model?.sql ?? processed?.sql ?? null,
    ddl:
      summary.kind === "feeder" && stream ? landingDdl(stream.landing.table, stream.landing.columns) : null,
    columns: columns.map(({ name, type }) => ({
      name,
      type,
      description: head?.columns?.[name]?.description ?? null,
      checks: head?.columns?.[name]?.checks ?? [],
    })),
    uniqueKey: model?.uniqueKey ?? processed?.uniqueKey ?? [],
    upkeep: model
      ? { mode: model.upkeep.mode, reasons: model.upkeep.mode === "rebuild" ? model.upkeep.reasons : [] }
      : null,
    codeHash: model?.codeHash ?? processed?.codeHash ?? null,
    codeChanged: isCodeChanged(definition, { key: summary.key, kind: summary.kind, upstream: [] }, seen),
    freshness:
      limit === undefined ? null : { limit, lateBySeconds: late === null ? null : Math.max(0, late) },
  };
}
