import { type Client, WorkflowFailedError } from "@temporalio/client";
import { type ErrorCode, errorCatalogue, LotusError, messageOf } from "../common/errors.ts";

/**
 * Waits until a run has ended, following it through continue-as-new.
 * @returns what the workflow returned.
 * @throws LotusError with the reason and its code when the run failed; QUERY_FAILED where it has none.
 */
export async function followRun<T = unknown>(client: Client, workflowId: string): Promise<T> {
  try {
    return (await client.workflow.getHandle(workflowId).result()) as T;
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { code, cause } = reasonOf(error);
    throw new LotusError(code, `${workflowId}: ${messageOf(cause)}`, { cause: error });
  }
}

/** The failure in the chain of causes that carries one of Lotus's codes as its type, or the innermost one. */
function reasonOf(failure: Error): { code: ErrorCode; cause: Error } {
  let cause = failure;
  for (;;) {
    const { type } = cause as { type?: unknown };
    if (typeof type === "string" && type in errorCatalogue) return { code: type as ErrorCode, cause };
    if (!(cause.cause instanceof Error)) return { code: "QUERY_FAILED", cause };
    cause = cause.cause;
  }
}
