import { type Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from "@temporalio/client";
import type { z } from "zod";
import type { TemporalConnection } from "../../common/settings.ts";
import { runUrl } from "../links.ts";
import type { activity } from "../schemas/assets.ts";

type Activity = z.infer<typeof activity>;

/** What a writer does at this moment; null while it rests. */
export async function activityOf(
  client: Client,
  temporal: TemporalConnection,
  workflowId: string,
): Promise<Activity | null> {
  try {
    const description = await client.workflow.getHandle(workflowId).describe();
    if (description.status.name !== "RUNNING") return null;
    const [first] = activitiesOf(description, temporal);
    return (
      first ?? {
        ...beginningOf(description, temporal),
        work: null,
        attempt: null,
        lastFailure: null,
        nextAttemptAt: null,
      }
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** The activities that a run waits for: those that run, and those that are tried again. */
export function activitiesOf(
  description: WorkflowExecutionDescription,
  temporal: TemporalConnection,
): Activity[] {
  const run = beginningOf(description, temporal);
  return (description.raw.pendingActivities ?? []).map((pending) => ({
    ...run,
    startedAt: toIso(pending.lastStartedTime) ?? run.startedAt,
    work: pending.activityType?.name ?? null,
    attempt: pending.attempt ?? null,
    lastFailure: pending.lastFailure?.message ?? null,
    nextAttemptAt: toIso(pending.nextAttemptScheduleTime),
  }));
}

function beginningOf(
  { workflowId, runId, startTime }: WorkflowExecutionDescription,
  temporal: TemporalConnection,
): Pick<Activity, "run" | "startedAt"> {
  return {
    run: { workflowId, runId, url: runUrl(temporal, workflowId, runId) },
    startedAt: startTime.toISOString(),
  };
}

function toIso(time: { seconds?: unknown; nanos?: number | null } | null | undefined): string | null {
  if (!time) return null;
  return new Date(Number(time.seconds ?? 0) * 1000 + (time.nanos ?? 0) / 1e6).toISOString();
}
