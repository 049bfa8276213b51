import type { EnrichedModel, ProcessedModel } from "./definitions.ts";
import type { LastMaterialization } from "./materializations.ts";

/** What is known of the tables when staleness is judged. */
export interface Observed {
  last: ReadonlyMap<string, LastMaterialization>;
  /** Table → the last snapshot that changed it, of the snapshots looked at. */
  changes: ReadonlyMap<string, number>;
}

/** Why an enriched table is not up to date, or null when it is. Pure. */
export function whyStale(model: EnrichedModel, observed: Observed): string | null {
  const last = observed.last.get(model.asset);
  if (!last) return "never materialized";
  if (last.codeHash !== model.codeHash && model.head.on_code_change !== "keep") return "the model changed";
  for (const upstream of model.upstream) {
    const read = last.upstreamSnapshots[upstream];
    if (read === undefined) return `${upstream} was not read before`;
    if ((observed.changes.get(upstream) ?? 0) > read) return `${upstream} changed`;
  }
  return null;
}

/**
 * Whether a processed table was made by other code than the model's, and is to be rebuilt for it. It is rebuilt by
 * itself only while landing holds every file that was fed (assets/feeder/landing-gap.ts): whoever asks looks there.
 */
export function processedCodeChanged(processed: ProcessedModel, observed: Observed): boolean {
  if (processed.head.on_code_change === "keep") return false;
  const last = observed.last.get(processed.asset);
  return last !== undefined && last.codeHash !== processed.codeHash;
}

/** The snapshot after which changes matter to any of these models: the oldest that one of them read. */
export function oldestRead(models: readonly EnrichedModel[], last: Observed["last"]): number {
  const read = models.flatMap((model) => Object.values(last.get(model.asset)?.upstreamSnapshots ?? {}));
  return read.length === 0 ? 0 : Math.min(...read);
}

/**
 * Of the stale models, those whose turn it is: no upstream, near or far, is stale, unsettled or resting itself. A held
 * table is not written, so that its turn never comes, and what reads it has nothing to wait for.
 * `models` in topological order. Pure.
 */
export function readyModels(
  models: readonly EnrichedModel[],
  stale: ReadonlySet<string>,
  unsettled: ReadonlySet<string>,
  held: ReadonlySet<string> = new Set(),
): { ready: string[]; deferred: string[] } {
  const blocked = new Set([...unsettled].filter((asset) => !held.has(asset)));
  const ready: string[] = [];
  const deferred: string[] = [];
  for (const model of models) {
    if (held.has(model.asset)) continue;
    if (model.upstream.some((upstream) => blocked.has(upstream))) {
      blocked.add(model.asset);
      if (stale.has(model.asset)) deferred.push(model.asset);
    } else if (stale.has(model.asset)) {
      blocked.add(model.asset);
      if (!unsettled.has(model.asset)) ready.push(model.asset);
    }
  }
  return { ready, deferred };
}
