import { CancelledFailure, type Info } from "@temporalio/activity";
import { type Client, WorkflowNotFoundError } from "@temporalio/client";
import type { ActivityInterceptorsFactory } from "@temporalio/worker";

/**
 * Keeps activities from beginning when their turn is over. A process that stood still (stopped, swapped out, on a
 * machine that was paused) finds work on waking that has long been given to another. The fence keeps it from writing
 * what the other wrote; but what comes late must not be done at all: a table that was rolled back and released again
 * must not be rolled back once more.
 */
export function refuseOvertaken(client: Client): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        if (await isOvertaken(client, info)) throw new CancelledFailure("another attempt has this work");
        return next(input);
      },
    },
  });
}

/** Whether Temporal has given an attempt up. Asked only of one that begins late: an answer costs some milliseconds. */
export async function isOvertaken(client: Client, info: Info): Promise<boolean> {
  const execution = info.workflowExecution;
  const patience = info.heartbeatTimeoutMs ?? info.startToCloseTimeoutMs;
  if (!execution || Date.now() - info.currentAttemptScheduledTimestampMs < patience / 2) return false;
  try {
    const { raw } = await client.workflow.getHandle(execution.workflowId, execution.runId).describe();
    const pending = raw.pendingActivities?.find(({ activityId }) => activityId === info.activityId);
    return pending?.attempt !== info.attempt;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return true;
    throw error;
  }
}
