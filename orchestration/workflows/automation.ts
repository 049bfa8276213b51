import {
  condition,
  continueAsNew,
  defineSignal,
  proxyActivities,
  setHandler,
  sleep,
  workflowInfo,
} from "@temporalio/workflow";
import type { Activities } from "../activity-types.ts";
import type { AutomationNews } from "../messages.ts";
import { heartbeatTimeout, untilItSucceeds } from "./timeouts.ts";

export const newsSignal = defineSignal<[AutomationNews]>("news");

const { wakeStale } = proxyActivities<Activities>({
  startToCloseTimeout: "5 minutes",
  heartbeatTimeout,
  retry: untilItSucceeds,
});

/** Under continuous load, what is deferred is brought up to date at least this often. */
const LONGEST_WAIT_MS = 5 * 60_000;

interface AutomationState {
  /** Asset → since when (ms) its burst lasts. */
  busy: Record<string, number>;
  /** Asset → when (ms) its writer was woken. */
  running: Record<string, number>;
}

/**
 * Keeps enriched tables up to date: wakes the writer of each asset that has a newer upstream, in graph order, once
 * for a burst of batches. Its state is disposable: an entry that is never taken back expires.
 */
export async function automation(carried: AutomationState = { busy: {}, running: {} }): Promise<void> {
  const busy = { ...carried.busy };
  const running = { ...carried.running };
  const settledMeanwhile = new Set<string>();
  let look = false;
  setHandler(newsSignal, (news) => {
    if (news.kind === "busy") {
      busy[news.asset] ??= Date.now();
    } else {
      delete busy[news.asset];
      delete running[news.asset];
      settledMeanwhile.add(news.asset);
      look = true;
    }
  });
  while (!workflowInfo().continueAsNewSuggested && workflowInfo().historyLength < 4000) {
    // Signals that arrive together (a start announces every stream) are taken together.
    await sleep(50);
    look = false;
    settledMeanwhile.clear();
    const { woken } = await wakeStale({ busy: unexpired(busy), running: unexpired(running) });
    // A writer that was quick, or an answer that was slow: its news may be here before it is known that it was woken.
    for (const asset of woken) if (!settledMeanwhile.has(asset)) running[asset] = Date.now();
    // The time-out looks again when a wait expires, and heals whatever news was lost.
    await condition(() => look, waitFor([busy, running]));
  }
  await continueAsNew<typeof automation>({ busy, running });
}

/** The entries that still count; older ones start a new wait, so that they count again from now on. */
function unexpired(since: Record<string, number>): string[] {
  const now = Date.now();
  const current: string[] = [];
  for (const [asset, began] of Object.entries(since)) {
    if (now - began < LONGEST_WAIT_MS) current.push(asset);
    else delete since[asset];
  }
  return current;
}

function waitFor(entries: Record<string, number>[]): number {
  const began = entries.flatMap((since) => Object.values(since));
  if (began.length === 0) return LONGEST_WAIT_MS;
  return Math.max(1000, Math.min(...began) + LONGEST_WAIT_MS - Date.now());
}
