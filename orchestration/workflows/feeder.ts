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
import { fewAttempts, heartbeatTimeout, untilItSucceeds } from "./timeouts.ts";
import { Failures, notifyUpkeep, WorkQueue } from "./work-queue.ts";

export const feederWorkSignal = defineSignal<[FeederWork]>("work");

const activities = proxyActivities<Activities>({
  startToCloseTimeout: "2 hours",
  heartbeatTimeout,
  retry: untilItSucceeds,
});

/** Upkeep that does not succeed soon is left to the next maintenance run: what waits behind it is worth more. */
const upkeep = proxyActivities<Activities>({
  startToCloseTimeout: "1 hour",
  heartbeatTimeout,
  retry: fewAttempts,
});

interface FeederState extends StreamName {
  /** Work that was taken over from the run before. */
  queue?: FeederWork[];
}

/**
 * The one writer of a stream's landing and processed tables: takes work items one after another until none is
 * left. Between two batches of a long backlog, and between two pieces of a long compaction, other items have their
 * turn.
 */
export async function feeder({ source, stream, queue: carried = [] }: FeederState): Promise<void> {
  const queue = new WorkQueue<FeederWork>(carried);
  const failures = new Failures();
  setHandler(feederWorkSignal, (work) => queue.add(work));
  let batches = 0;
  for (let work = queue.take(); work !== undefined; work = queue.take()) {
    const item = work;
    upsertSearchAttributes({ [searchAttributes.trigger]: [item.trigger] });
    let again = false;
    const failure = await failures.keep(async () => {
      again = await perform(item);
    });
    if (again) queue.add(item);
    else if (item.kind === "retention" || item.kind === "compact")
      await notifyUpkeep(item.notify, `int_${source}__${stream}`, item.kind, failure);
    if (workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > 4000) {
      await continueAsNew<typeof feeder>({ source, stream, queue: queue.items });
    }
  }
  failures.throwFirst();

  /** @returns whether there is more of the same to do. */
  async function perform(work: FeederWork): Promise<boolean> {
    const asset = `int_${source}__${stream}`;
    switch (work.kind) {
      case "feed":
        return feedOnce(work);
      case "rebuild":
        await activities.rebuildProcessed({
          source,
          stream,
          reason: work.reason,
          keepOlder: work.keepOlder,
        });
        return false;
      case "quarantine":
        await activities.changeQuarantine({ source, stream, action: work.action, key: work.key });
        if (work.action === "retry") queue.add({ kind: "feed", trigger: work.trigger });
        return false;
      case "retention":
        return (await upkeep.retainLanding({ source, stream })).remaining > 0;
      case "compact":
        return (await upkeep.compactTable({ asset })).remaining;
      case "rollback":
        await activities.rollBack({ asset, snapshot: work.snapshot });
        return false;
      case "release":
        await activities.release({ asset });
        queue.add({ kind: "feed", trigger: work.trigger });
        return false;
    }
  }

  async function feedOnce(work: FeederWork & { kind: "feed" }): Promise<boolean> {
    batches += 1;
    const batchId = `${source}/${stream}/${workflowInfo().runId}/${batches}`;
    const batch = await activities.feedBatch({ source, stream, batchId, trigger: work.trigger });
    if (batch.remaining > 0) return true;
    if (batch.publish) await activities.publishGeneration({ source, stream });
    return false;
  }
}
