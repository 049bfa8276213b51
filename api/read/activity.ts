import { type Client, WorkflowNotFoundError } from "@temporalio/client";
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
    const { status, runId, startTime, raw } = await client.workflow.getHandle(workflowId).describe();
    if (status.name !== "RUNNING") return null;
    const [pending] = raw.pendingActivities ?? [];
    return {
      run: { workflowId, runId, url: runUrl(temporal, workflowId, runId) },
      startedAt: startTime.toISOString(),
      work: pending?.activityType?.name ?? null,
      attempt: pending?.attempt ?? null,
      lastFailure: pending?.lastFailure?.message ?? null,
      nextAttemptAt: toIso(pending?.scheduledTime),
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

function toIso(time: { seconds?: unknown; nanos?: number | null } | null | undefined): string | null {
  if (!time) return null;
  return new Date(Number(time.seconds ?? 0) * 1000 + (time.nanos ?? 0) / 1e6).toISOString();
}
