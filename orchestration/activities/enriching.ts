import { assetStates, isResting, recordAssetState } from "../../assets/asset-states.ts";
import type { EnrichedModel } from "../../assets/definitions.ts";
import { materialize } from "../../assets/enriched/materialize.ts";
import { rebuildGap } from "../../assets/feeder/rebuild.ts";
import { lastMaterializations } from "../../assets/materializations.ts";
import { oldestRead, processedCodeChanged, readyModels, whyStale } from "../../assets/staleness.ts";
import { LotusError } from "../../common/errors.ts";
import { changedTables } from "../../lake/snapshots.ts";
import { readSnapshot } from "../../lake/transaction.ts";
import type { Activities } from "../activity-types.ts";
import { tellAutomation, wakeFeeder, wakeMaterialize } from "../wake.ts";
import type { WorkerContext } from "../worker-context.ts";
import { countsAsFailure, runActivity, runId } from "./run-activity.ts";

/** The activities of enriched tables and of the automation that wakes their writers. */
export function enrichingActivities(worker: WorkerContext): Pick<Activities, "materialize" | "wakeStale"> {
  return {
    materialize: ({ asset, full }) =>
      runActivity((signal) => materializeTable(worker, asset, { full, signal })),

    wakeStale: ({ busy, running }) =>
      runActivity(async () => {
        const { streams, models } = worker.project;
        const { stale, changed, resting, held } = await findStale(worker);
        for (const stream of streams.filter((candidate) => changed.has(candidate.processed.asset))) {
          await wakeFeeder(worker.client, stream, {
            kind: "rebuild",
            trigger: "code-change",
            reason: "the model changed",
            keepOlder: false,
          });
        }
        const unsettled = new Set([...busy, ...running, ...changed, ...resting]);
        const { ready, deferred } = readyModels(models, stale, unsettled, held);
        for (const asset of ready)
          await wakeMaterialize(worker.client, asset, {
            kind: "materialize",
            trigger: "automation",
            full: false,
          });
        return { woken: ready, deferred };
      }),
  };
}

/**
 * Brings an enriched table up to date, tells who watches, and records that its model is at fault where it is.
 * @throws what materialize throws
 */
export async function materializeTable(
  worker: WorkerContext,
  asset: string,
  { full, signal }: { full: boolean; signal: AbortSignal },
): Promise<{ mode: string; rows: number; changedRows: number }> {
  const model = findModel(worker, asset);
  const { failed, events } = worker;
  const started = Date.now();
  try {
    const outcome = await materialize(worker.lake, model, { runId: runId(), full, signal });
    if (failed.delete(asset)) await record("ok", null);
    events.emit({ kind: "materialization", ...outcome, milliseconds: Date.now() - started });
    return { mode: outcome.mode, rows: outcome.rows, changedRows: outcome.changedRows };
  } catch (error) {
    if (countsAsFailure(error)) {
      failed.add(asset);
      await record("failed", error.message);
      events.emit({ kind: "failure", asset, message: error.message });
    }
    throw error;
  } finally {
    await tellAutomation(worker.client, { kind: "settled", asset });
  }

  async function record(state: "ok" | "failed", message: string | null): Promise<void> {
    const { codeHash } = model;
    await worker.lake.withSession((session) =>
      recordAssetState(session, { asset, state, message, codeHash, run: runId() }),
    );
  }
}

/**
 * Which enriched tables are stale, which processed tables are to be rebuilt by other code, what rests after a failure,
 * and what is held.
 */
async function findStale(worker: WorkerContext) {
  const { streams, models } = worker.project;
  return worker.lake.withSession((session) =>
    readSnapshot(session, async () => {
      const last = await lastMaterializations(session);
      const states = await assetStates(session);
      const changes = await changedTables(session, oldestRead(models, last));
      const observed = { last, changes };
      const stale = new Set(
        models.filter((model) => whyStale(model, observed) !== null).map((model) => model.asset),
      );
      const held = new Set(
        [...states.values()].filter(({ state }) => state === "held").map(({ asset }) => asset),
      );
      const changed = new Set<string>();
      for (const stream of streams) {
        const { processed } = stream;
        if (!processedCodeChanged(processed, observed) || held.has(processed.asset)) continue;
        if (isResting(states.get(processed.asset), processed.codeHash, worker.startedAt)) continue;
        if ((await rebuildGap(session, stream)) === null) changed.add(processed.asset);
      }
      const resting = new Set(
        models
          .filter((model) => isResting(states.get(model.asset), model.codeHash, worker.startedAt))
          .map((model) => model.asset),
      );
      return { stale, changed, resting, held };
    }),
  );
}

/** @throws LotusError NOT_FOUND with the models that there are. */
export function findModel(worker: WorkerContext, asset: string): EnrichedModel {
  const found = worker.project.models.find((model) => model.asset === asset);
  if (found) return found;
  const names = worker.project.models.map((model) => model.asset).join(", ");
  throw new LotusError(
    "NOT_FOUND",
    `No enriched model ${asset} in this project${worker.project.disabled[asset] ? ` (disabled: ${worker.project.disabled[asset]})` : ""}. There are: ${names || "none"}.`,
  );
}
