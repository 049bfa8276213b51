import { continueAsNew, defineSignal, setHandler } from "@temporalio/workflow";
import type { MaterializeWork } from "../messages.ts";
import { activities, notifyUpkeep, takeInTurn, upkeep, WorkQueue } from "./work-queue.ts";

export const materializeWorkSignal = defineSignal<[MaterializeWork]>("work");

interface MaterializeState {
  asset: string;
  /** Work that was taken over from the run before. */
  queue?: MaterializeWork[];
}

/** The one writer of an enriched table. However many asked for the same while it ran, it is done once for all of them. */
export async function materialize({ asset, queue: carried = [] }: MaterializeState): Promise<void> {
  const queue = new WorkQueue<MaterializeWork>(carried);
  setHandler(materializeWorkSignal, (work) => queue.add(work));
  await takeInTurn(queue, {
    perform,
    ended: async (work, failure) => {
      if (work.kind === "compact" || work.kind === "advance")
        await notifyUpkeep(work.notify, asset, work.kind, failure);
    },
    startAfresh: (items) => continueAsNew<typeof materialize>({ asset, queue: items }),
  });

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
      case "chunk":
        await activities.runChunk({ backfill: work.backfill, chunk: work.chunk });
        return false;
    }
  }
}
