import { randomUUID } from "node:crypto";
import { type FeederContext, feedBatch } from "./feed-batch.ts";
import { findChangedObjects, mayBeUnreadable } from "./replace.ts";

/**
 * To be called when work that reads landing has failed: looks whether objects changed after they were fed, and deals
 * with them.
 * @returns whether there were any, so that the work may be tried again.
 */
export async function mendLanding(
  context: FeederContext,
  error: unknown,
  { runId, signal }: { runId: string; signal?: AbortSignal },
): Promise<boolean> {
  if (!mayBeUnreadable(error)) return false;
  let changed = await findChangedObjects(context);
  let mended = false;
  while (changed.overwritten.length + changed.lost.length > 0) {
    const outcome = await feedBatch(context, {
      batchId: randomUUID(),
      runId,
      mending: true,
      ...(signal ? { signal } : {}),
    });
    if (outcome.snapshot === null) break;
    mended = true;
    changed = await context.backlog.changed();
  }
  return mended;
}
