import {
  continueAsNew,
  defineSignal,
  proxyActivities,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from "@temporalio/workflow";
import type { Activities } from "../activity-types.ts";
import type { MaterializeWork } from "../messages.ts";
import { searchAttributes } from "../names.ts";
import { fewAttempts, heartbeatTimeout, untilItSucceeds } from "./timeouts.ts";
import { Failures, notifyUpkeep, WorkQueue } from "./work-queue.ts";

export const materializeWorkSignal = defineSignal<[MaterializeWork]>("work");

const activities = proxyActivities<Activities>({
  startToCloseTimeout: "6 hours",
  heartbeatTimeout,
  retry: untilItSucceeds,
});

/** Upkeep that does not succeed soon is left to the next maintenance run. */
const upkeep = proxyActivities<Activities>({
  startToCloseTimeout: "1 hour",
  heartbeatTimeout,
  retry: fewAttempts,
});

interface MaterializeState {
  asset: string;
  /** Work that was taken over from the run before. */
  queue?: MaterializeWork[];
}

/** The one writer of an enriched table. However many asked for the same while it ran, it is done once for all of them. */
export async function materialize({ asset, queue: carried = [] }: MaterializeState): Promise<void> {
  const queue = new WorkQueue<MaterializeWork>(carried);
  const failures = new Failures();
  setHandler(materializeWorkSignal, (work) => queue.add(work));
  for (let work = queue.take(); work !== undefined; work = queue.take()) {
    const item = work;
    upsertSearchAttributes({ [searchAttributes.trigger]: [item.trigger] });
    let again = false;
    const failure = await failures.keep(async () => {
      again = await perform(item);
    });
    if (again) queue.add(item);
    else if (item.kind === "compact" || item.kind === "advance")
      await notifyUpkeep(item.notify, asset, item.kind, failure);
    if (workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > 4000) {
      await continueAsNew<typeof materialize>({ asset, queue: queue.items });
    }
  }
  failures.throwFirst();

  /** @returns whether there is more of the same to do. */
  async function perform(work: MaterializeWork): Promise<boolean> {
    switch (work.kind) {
      case "materialize":
        await activities.materialize({ asset, full: work.full });
        return false;
      case "compact":
        return (await upkeep.compactTable({ asset })).remaining;
      case "advance":
        await upkeep.advance({ asset });
        return false;
      case "rollback":
        await activities.rollBack({ asset, snapshot: work.snapshot });
        return false;
      case "release":
        await activities.release({ asset });
        return false;
    }
  }
}
