import { defineSignal, proxyActivities, setHandler, upsertSearchAttributes } from "@temporalio/workflow";
import type { Activities } from "../activity-types.ts";
import type { MaterializeWork } from "../messages.ts";
import { searchAttributes } from "../names.ts";

export const materializeWorkSignal = defineSignal<[MaterializeWork]>("work");

const activities = proxyActivities<Activities>({
  startToCloseTimeout: "6 hours",
  heartbeatTimeout: "30 seconds",
  retry: { initialInterval: "1 second", maximumInterval: "30 seconds" },
});

/** The one writer of an enriched table. However many asked while it ran, it runs once more for all of them. */
export async function materialize({ asset }: { asset: string }): Promise<void> {
  let next: MaterializeWork | null = null;
  setHandler(materializeWorkSignal, (work) => {
    next = { trigger: work.trigger, full: work.full || (next?.full ?? false) };
  });
  for (let work = take(); work !== null; work = take()) {
    upsertSearchAttributes({ [searchAttributes.trigger]: [work.trigger] });
    await activities.materialize({ asset, full: work.full });
  }

  function take(): MaterializeWork | null {
    const work = next;
    next = null;
    return work;
  }
}
