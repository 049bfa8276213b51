import { LotusError } from "../common/errors.ts";
import { isContentFault } from "../lake/faults.ts";

/** Whether an error is about an object that is gone or is not what it was, and not about the server or this process. */
export function isUnreadable(error: unknown): boolean {
  return (error instanceof LotusError && error.code === "NOT_FOUND") || isContentFault(error);
}
