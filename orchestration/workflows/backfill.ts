import {
  condition,
  continueAsNew,
  defineSignal,
  proxyActivities,
  setHandler,
  workflowInfo,
} from "@temporalio/workflow";
import type { BackfillRequest } from "../../assets/backfill/request.ts";
import type { Activities } from "../activity-types.ts";
import type { BackfillControl } from "../messages.ts";
import { heartbeatTimeout, untilItSucceeds } from "./timeouts.ts";

export const backfillControlSignal = defineSignal<[BackfillControl]>("control");
/** A chunk has ended, one way or another: the lake says how. */
export const chunkEndedSignal = defineSignal("chunkEnded");

const { beginBackfill, controlBackfill, advanceBackfill } = proxyActivities<Activities>({
  startToCloseTimeout: "1 hour",
  heartbeatTimeout,
  retry: untilItSucceeds,
});

/** Looks again then, whatever was heard: news may be lost with the workflow that should have sent it. */
const LONGEST_WAIT = "5 minutes";

interface BackfillInput {
  id: string;
  /** Null where it is in the lake already. */
  asked: { request: BackfillRequest; requestedBy: string } | null;
}

/**
 * Steers a backfill: hands its chunks to the writers of their tables, so many at a time, and ends when none is left.
 * All that it knows is in the lake; a signal only makes it look.
 */
export async function backfill({ id, asked }: BackfillInput): Promise<void> {
  const controls: BackfillControl[] = [];
  let look = false;
  setHandler(backfillControlSignal, (control) => {
    controls.push(control);
  });
  setHandler(chunkEndedSignal, () => {
    look = true;
  });
  if (asked) await beginBackfill({ id, ...asked });
  let waited = false;
  while (!workflowInfo().continueAsNewSuggested && workflowInfo().historyLength < 4000) {
    for (let control = controls.shift(); control; control = controls.shift())
      await controlBackfill({ id, control });
    look = false;
    const { ended } = await advanceBackfill({ id, again: waited });
    if (ended && controls.length === 0) return;
    waited = !(await condition(() => look || controls.length > 0, LONGEST_WAIT));
  }
  for (const control of controls) await controlBackfill({ id, control });
  await continueAsNew<typeof backfill>({ id, asked: null });
}
