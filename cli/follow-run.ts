import { type Client, WorkflowFailedError } from "@temporalio/client";
import { LotusError, messageOf } from "../common/errors.ts";

/**
 * Waits until a writer's run has ended, following it through continue-as-new.
 * @throws LotusError MODEL_FAILED or QUERY_FAILED with the reason when the run failed.
 */
export async function followRun(client: Client, workflowId: string): Promise<void> {
  try {
    await client.workflow.getHandle(workflowId).result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    let cause: unknown = error;
    while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
    const type = (cause as { type?: string }).type;
    throw new LotusError(
      type === "MODEL_FAILED" ? "MODEL_FAILED" : "QUERY_FAILED",
      `${workflowId}: ${messageOf(cause)}`,
      {
        cause: error,
      },
    );
  }
}
