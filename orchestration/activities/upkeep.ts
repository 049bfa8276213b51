import type { Project } from "../../assets/definitions.ts";
import { advancePosition } from "../../assets/enriched/advance.ts";
import { retainLanding } from "../../assets/feeder/retention.ts";
import { heldAssets } from "../../assets/holds.ts";
import { assetsBehind, oldestNeeded } from "../../assets/positions.ts";
import { cleanUpFiles } from "../../lake/clean-up.ts";
import { compactTable } from "../../lake/compaction.ts";
import { expireSnapshots } from "../../lake/expiry.ts";
import { flushMeta } from "../../lake/flush.ts";
import { deleteOrphans } from "../../lake/orphans.ts";
import type { Activities } from "../activity-types.ts";
import { wakeFeeder, wakeMaterialize } from "../wake.ts";
import type { WorkerContext } from "../worker-context.ts";
import { findModel } from "./enriching.ts";
import { runActivity, runId } from "./run-activity.ts";

/** What keeps the lake small: pieces of work for the tables' writers, and the steps that concern no table. */
export function upkeepActivities(
  worker: WorkerContext,
): Pick<
  Activities,
  | "retainLanding"
  | "compactTable"
  | "advance"
  | "wakeUpkeep"
  | "flushMeta"
  | "expireSnapshots"
  | "cleanUpFiles"
  | "deleteOrphans"
> {
  const { lake, store, project, client } = worker;
  const isHeld = async (asset: string) => (await lake.withSession(heldAssets)).has(asset);

  return {
    retainLanding: ({ source, stream }) =>
      runActivity(async (signal) => {
        const context = await worker.feeders.get(source, stream);
        if (await isHeld(context.stream.processed.asset)) return { files: 0, remaining: 0 };
        const { files, remaining } = await retainLanding(context, { runId: runId(), signal });
        return { files, remaining };
      }),

    compactTable: ({ asset }) =>
      runActivity(async (signal) => {
        const table = { schema: "main", name: asset } as const;
        return compactTable(lake, table, { asset, runId: runId(), signal });
      }),

    advance: ({ asset }) =>
      runActivity(async (signal) => {
        if (await isHeld(asset)) return { advanced: false };
        return advancePosition(lake, findModel(worker, asset), { runId: runId(), signal });
      }),

    wakeUpkeep: ({ kind, notify, keepMs }) =>
      runActivity(async () => {
        const trigger = "maintenance";
        // Half-way to the end of the keep time, so that a table is moved on before it holds the expiry back.
        const behind = new Date(Date.now() - keepMs / 2);
        const assets =
          kind === "advance"
            ? await lake.withSession((session) => assetsBehind(session, project, behind))
            : writersOf(project, kind);
        for (const asset of assets) {
          const stream = project.streams.find((candidate) => candidate.processed.asset === asset);
          if (stream && kind !== "advance") await wakeFeeder(client, stream, { kind, trigger, notify });
          else if (kind !== "retention") await wakeMaterialize(client, asset, { kind, trigger, notify });
        }
        return { assets };
      }),

    flushMeta: () =>
      runActivity(async (signal) => {
        const flushed = await flushMeta(lake, { runId: runId(), signal });
        return { outcome: flushed.length === 0 ? "nothing to do" : flushed.join(", ") };
      }),

    expireSnapshots: ({ keepMs }) =>
      runActivity(async (signal) => {
        const keepFrom = await lake.withSession((session) => oldestNeeded(session, project));
        const before = new Date(Date.now() - keepMs);
        const { expired, oldestKept, keptBecause } = await expireSnapshots(lake, {
          keepFrom,
          before,
          signal,
        });
        return { outcome: `${expired} snapshots; ${oldestKept} is the oldest now: ${keptBecause}` };
      }),

    cleanUpFiles: ({ scheduledBefore }) =>
      runActivity(async (signal) => {
        const { own, raw } = await cleanUpFiles(lake, store, {
          scheduledBefore: new Date(scheduledBefore),
          signal,
        });
        return { outcome: `${own} files of the lake's own, ${raw} raw files` };
      }),

    deleteOrphans: ({ orphanAgeMs }) =>
      runActivity(async (signal) => {
        const olderThan = new Date(Date.now() - orphanAgeMs);
        const { orphans } = await deleteOrphans(lake, store, { olderThan, signal });
        return { outcome: `${orphans.length} files` };
      }),
  };
}

/** The assets whose writers are asked for a kind of upkeep. */
function writersOf({ streams, models }: Project, kind: "retention" | "compact"): string[] {
  const asked = kind === "compact" ? streams : streams.filter(({ feeder }) => feeder.retentionMs !== null);
  const processed = asked.map((stream) => stream.processed.asset);
  return kind === "compact" ? [...processed, ...models.map((model) => model.asset)] : processed;
}
