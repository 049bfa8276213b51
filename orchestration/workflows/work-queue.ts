import { ActivityFailure, getExternalWorkflowHandle, isCancellation } from "@temporalio/workflow";
import type { UpkeepDone, UpkeepKind } from "../messages.ts";

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

/** A failure that no retry cures must not cost the items behind it their turn: it is kept, and thrown at the end. */
export class Failures {
  #first: unknown = null;

  /** Runs one item. @returns why it failed, or null. */
  async keep(work: () => Promise<void>): Promise<string | null> {
    try {
      await work();
      return null;
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      this.#first ??= error;
      return error.cause?.message ?? error.message;
    }
  }

  /** Ends the run as failed when something failed. */
  throwFirst(): void {
    if (this.#first !== null) throw this.#first;
  }
}

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
