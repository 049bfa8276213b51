/**
 * Stands in for orchestration/workflows/timeouts.ts in the harness's bundle: a killed worker is noticed in seconds, so
 * that more kills fit into a round. Longer than two beats of a worker, or a busy one would be taken for dead.
 */
export const heartbeatTimeout = "9 seconds";

export const untilItSucceeds = { initialInterval: "500 milliseconds", maximumInterval: "3 seconds" } as const;

export const fewAttempts = {
  initialInterval: "500 milliseconds",
  maximumInterval: "3 seconds",
  maximumAttempts: 5,
} as const;
