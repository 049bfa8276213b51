import { isGrpcServiceError, ServiceError } from "@temporalio/client";
import { LotusError } from "../common/errors.ts";

// Of gRPC's status codes those that say what to do.
const INVALID_ARGUMENT = 3;
const AWAY = new Set([1, 4, 8, 14]); // cancelled, deadline exceeded, resource exhausted, unavailable

/** What Temporal answered with, or did not answer, as an error of the catalogue; null for anything else. */
export function temporalFault(error: unknown): LotusError | null {
  const cause = error instanceof ServiceError ? error.cause : error;
  if (!isGrpcServiceError(cause)) return null;
  if (cause.code === INVALID_ARGUMENT)
    return new LotusError("REQUEST_INVALID", `Temporal does not take this: ${cause.details}.`, {
      cause: error,
    });
  if (!AWAY.has(cause.code)) return null;
  return new LotusError(
    "TEMPORAL_UNREACHABLE",
    `Temporal does not answer: ${cause.details}. Try again later.`,
    {
      cause: error,
    },
  );
}
