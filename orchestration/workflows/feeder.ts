import {
  continueAsNew,
  defineSignal,
  proxyActivities,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from "@temporalio/workflow";
import type { Activities } from "../activity-types.ts";
import type { FeederWork, StreamName } from "../messages.ts";
import { searchAttributes } from "../names.ts";

export const feederWorkSignal = defineSignal<[FeederWork]>("work");

const { feedBatch, publishGeneration, rebuildProcessed } = proxyActivities<Activities>({
  startToCloseTimeout: "2 hours",
  heartbeatTimeout: "30 seconds",
  retry: { initialInterval: "1 second", maximumInterval: "30 seconds" },
});

interface FeederState extends StreamName {
  /** Work that was taken over from the run before. */
  queue?: FeederWork[];
}

/**
 * The one writer of a stream's landing and processed tables: takes work items one after another until none is
 * left. Between two batches of a long backlog other items have their turn.
 */
export async function feeder({ source, stream, queue: carried = [] }: FeederState): Promise<void> {
  const queue: FeederWork[] = [...carried];
  setHandler(feederWorkSignal, (work) => enqueue(queue, work));
  let batches = 0;
  for (let work = queue.shift(); work !== undefined; work = queue.shift()) {
    upsertSearchAttributes({ [searchAttributes.trigger]: [work.trigger] });
    if (work.kind === "rebuild") {
      await rebuildProcessed({ source, stream, reason: work.reason });
    } else {
      batches += 1;
      const batchId = `${source}/${stream}/${workflowInfo().runId}/${batches}`;
      const batch = await feedBatch({ source, stream, batchId, trigger: work.trigger });
      if (batch.remaining > 0) enqueue(queue, work);
      else if (batch.publish) await publishGeneration({ source, stream });
    }
    if (workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > 4000) {
      await continueAsNew<typeof feeder>({ source, stream, queue });
    }
  }
}

/** The same work twice in the queue is done once. */
function enqueue(queue: FeederWork[], work: FeederWork): void {
  if (!queue.some((queued) => queued.kind === work.kind)) queue.push(work);
}
