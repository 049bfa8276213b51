import { materialize } from "../../assets/enriched/materialize.ts";
import { rebuildProcessed } from "../../assets/feeder/rebuild.ts";
import { rollBack } from "../../assets/rollback.ts";
import type { Activities } from "../activity-types.ts";
import { tellAutomation } from "../wake.ts";
import type { WorkerContext } from "../worker-context.ts";
import { findModel } from "./enriching.ts";
import { runActivity, runId } from "./run-activity.ts";

/** Taking a table back to an earlier snapshot, and letting it go on. */
export function holdingActivities(worker: WorkerContext): Pick<Activities, "rollBack" | "release"> {
  const { lake, project, client, events } = worker;

  return {
    rollBack: ({ asset, snapshot }) =>
      runActivity(async (signal) => {
        const started = Date.now();
        const outcome = await rollBack(lake, project, { asset, snapshot, runId: runId(), signal });
        const reason = `rolled back to snapshot ${snapshot}`;
        events.emit({ kind: "rebuild", ...outcome, reason, milliseconds: Date.now() - started });
        await tellAutomation(client, { kind: "settled", asset });
        return { rows: outcome.rows, changedRows: outcome.changedRows };
      }),

    release: ({ asset }) =>
      runActivity(async (signal) => {
        const started = Date.now();
        const stream = project.streams.find((candidate) => candidate.processed.asset === asset);
        const reason = "released";
        const request = { runId: runId(), release: true, signal };
        const { rows, changedRows } = stream
          ? await rebuildProcessed(await worker.feeders.get(stream.source, stream.stream), {
              ...request,
              reason,
              keepOlder: true,
            })
          : await materialize(lake, findModel(worker, asset), { ...request, full: true });
        events.emit({
          kind: "rebuild",
          asset,
          rows,
          changedRows,
          reason,
          milliseconds: Date.now() - started,
        });
        await tellAutomation(client, { kind: "settled", asset });
        return { rows, changedRows };
      }),
  };
}
