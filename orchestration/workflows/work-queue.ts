import {
  ActivityFailure,
  getExternalWorkflowHandle,
  isCancellation,
  proxyActivities,
  upsertSearchAttributes,
  workflowInfo,
} from "@temporalio/workflow";
import type { Activities } from "../activity-types.ts";
import type { UpkeepDone, UpkeepKind } from "../messages.ts";
import { searchAttributes, type Trigger } from "../names.ts";
import { fewAttempts, heartbeatTimeout, untilItSucceeds } from "./timeouts.ts";

/** Work that waits for a writer, in the order in which it came; the same work twice is done once. */
export class WorkQueue<Work extends object> {
  readonly items: Work[];

  constructor(carried: readonly Work[] = []) {
    this.items = [...carried];
  }

  add(work: Work): void {
    const text = identity(work);
    if (!this.items.some((queued) => identity(queued) === text)) this.items.push(work);
  }

  take(): Work | undefined {
    return this.items.shift();
  }
}

/** Who asked makes no difference to what is done. */
function identity(work: object): string {
  return JSON.stringify({ ...work, trigger: null });
}

/**
 * What a writer does while it has work: takes one item after another. What has more of the same to do goes to the end
 * of the queue, so that others have their turn in between. A failure that no retry cures does not cost the items
 * behind it theirs: the first one is thrown at the end.
 */
export async function takeInTurn<Work extends { trigger: Trigger }>(
  queue: WorkQueue<Work>,
  writer: {
    /** @returns whether there is more of the same to do. */
    perform: (work: Work) => Promise<boolean>;
    /** Called when an item is done, or failed for the reason given. */
    ended: (work: Work, failure: string | null) => Promise<void>;
    /** Continues as new with what is queued. */
    startAfresh: (queue: Work[]) => Promise<never>;
  },
): Promise<void> {
  let first: ActivityFailure | null = null;
  for (let work = queue.take(); work !== undefined; work = queue.take()) {
    upsertSearchAttributes({ [searchAttributes.trigger]: [work.trigger] });
    try {
      if (await writer.perform(work)) queue.add(work);
      else await writer.ended(work, null);
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      first ??= error;
      await writer.ended(work, error.cause?.message ?? error.message);
    }
    if (workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > 4000)
      await writer.startAfresh(queue.items);
  }
  if (first !== null) throw first;
}

/** The activities of a writer. */
export const activities = proxyActivities<Activities>({
  startToCloseTimeout: "6 hours",
  heartbeatTimeout,
  retry: untilItSucceeds,
});

/** The same for upkeep, which is left to the next maintenance run when it does not succeed soon. */
export const upkeep = proxyActivities<Activities>({
  startToCloseTimeout: "1 hour",
  heartbeatTimeout,
  retry: fewAttempts,
});

export const UPKEEP_DONE = "upkeepDone";

/** Tells the maintenance run that waits, if it still does. */
export async function notifyUpkeep(
  notify: string | null,
  asset: string,
  kind: UpkeepKind,
  failure: string | null,
): Promise<void> {
  if (notify === null) return;
  const done: UpkeepDone = { asset, kind, failure };
  // The run may have ended without waiting for this one.
  await getExternalWorkflowHandle(notify)
    .signal(UPKEEP_DONE, done)
    .catch(() => {});
}
