import { ApplicationFailure, Context } from "@temporalio/activity";
import { LotusError, messageOf } from "../../common/errors.ts";
import { isInternalFault } from "../../lake/faults.ts";

/** The run that an activity works for, as it stands in commit messages and meta tables: `{workflow id}/{run id}`. */
export function runId(): string {
  const { workflowExecution: execution, activityId } = Context.current().info;
  return execution ? `${execution.workflowId}/${execution.runId}` : `activity/${activityId}`;
}

/** Whether an attempt before this one failed, or was lost. */
export function isRepeated(): boolean {
  return Context.current().info.attempt > 1;
}

/** Codes whose cause a repeat cannot cure: a person has to change something. */
const FINAL = new Set<string>([
  "MODEL_FAILED",
  "NOT_FOUND",
  "LAKE_INCOMPATIBLE",
  "SETTINGS_INVALID",
  "PROJECT_INVALID",
  "LANDING_INCOMPLETE",
  "ROLLBACK_REFUSED",
  "ASSET_HELD",
  "BACKFILL_REFUSED",
  "FILE_UNREADABLE",
]);

/**
 * How often work is tried that runs out of memory, which the work of other tables may have had meanwhile, or that
 * DuckDB fails over in itself, which takes the work of others with it.
 */
const COSTLY_ATTEMPTS = 3;
const COSTLY_DELAY = "15 seconds";

/** Whether an error ends an asset's work until something changes: the asset counts as failed. */
export function countsAsFailure(error: unknown): error is LotusError {
  if (!(error instanceof LotusError)) return false;
  return error.code === "MODEL_FAILED" || (isCostly(error) && isLastCostly());
}

/** Work whose instance was lost for another's sake is not to blame. */
function isCostly(error: unknown): boolean {
  return (error instanceof LotusError && error.code === "OUT_OF_MEMORY") || isInternalFault(error);
}

/** Whether no further attempt will be made after this error. */
export function isFinal(error: LotusError): boolean {
  return FINAL.has(error.code) || (isCostly(error) && isLastCostly());
}

function isLastCostly(): boolean {
  return Context.current().info.attempt >= COSTLY_ATTEMPTS;
}

/**
 * Runs an activity's work with a heartbeat, so that a lost worker is noticed in seconds and a cancellation
 * interrupts the statement that runs; and turns its errors into Temporal's, marking those that no retry can cure.
 */
export async function runActivity<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current();
  const heartbeat = setInterval(() => context.heartbeat(), 5000);
  try {
    return await work(context.cancellationSignal);
  } catch (error) {
    if (context.cancellationSignal.aborted) throw context.cancellationSignal.reason;
    const code = error instanceof LotusError ? error.code : "UNEXPECTED";
    throw ApplicationFailure.create({
      message: messageOf(error),
      type: code,
      nonRetryable: error instanceof LotusError && isFinal(error),
      ...(isCostly(error) ? { nextRetryDelay: COSTLY_DELAY } : {}),
      ...(error instanceof Error ? { cause: error } : {}),
    });
  } finally {
    clearInterval(heartbeat);
  }
}
