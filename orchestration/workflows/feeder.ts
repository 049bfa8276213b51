import { continueAsNew, defineSignal, setHandler, workflowInfo } from "@temporalio/workflow";
import type { FeederWork, StreamName } from "../messages.ts";
import { activities, notifyUpkeep, takeInTurn, upkeep, WorkQueue } from "./work-queue.ts";

export const feederWorkSignal = defineSignal<[FeederWork]>("work");

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
  setHandler(feederWorkSignal, (work) => queue.add(work));
  const asset = `int_${source}__${stream}`;
  let batches = 0;
  await takeInTurn(queue, {
    perform,
    ended: async (work, failure) => {
      if (work.kind === "retention" || work.kind === "compact")
        await notifyUpkeep(work.notify, asset, work.kind, failure);
    },
    startAfresh: (items) => continueAsNew<typeof feeder>({ source, stream, queue: items }),
  });

  /** @returns whether there is more of the same to do. */
  async function perform(work: FeederWork): Promise<boolean> {
    switch (work.kind) {
      case "feed":
        return feedOnce(work);
      case "pause":
      case "resume":
        await activities.setPaused({ source, stream, paused: work.kind === "pause", by: work.by });
        if (work.kind === "resume") queue.add({ kind: "feed", trigger: work.trigger });
        return false;
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
      case "chunk":
        await activities.runChunk({ backfill: work.backfill, chunk: work.chunk });
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
