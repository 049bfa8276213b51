import { setTimeout } from "node:timers/promises";
import {
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from "@temporalio/client";

const LONGEST_DELAY_MS = 2000;

/** The retries of a connection's calls while the server is away. */
export interface CallRetries {
  interceptors: NonNullable<ConnectionOptions["interceptors"]>;
  /** Lets no further retry begin, and waits for those that are due: two seconds at most. */
  end(): Promise<void>;
}

/**
 * Retries calls as the SDK does by default, and can be ended: a retry that comes due on a connection that was closed
 * meanwhile is thrown from a timer, where nobody can catch it, and ends the process (SDK 1.24).
 */
export function callRetries(): CallRetries {
  const usual = defaultGrpcRetryOptions();
  let ended = false;
  let dueUntil = 0;
  const interceptor = makeGrpcRetryInterceptor({
    retryableDecider: (attempt, status) => !ended && usual.retryableDecider(attempt, status),
    delayFunction: (attempt, status) => {
      const delay = Math.min(usual.delayFunction(attempt, status), LONGEST_DELAY_MS);
      dueUntil = Math.max(dueUntil, Date.now() + delay);
      return delay;
    },
  });
  return {
    interceptors: [interceptor],
    end: async () => {
      ended = true;
      const left = dueUntil - Date.now();
      // A little later than due, so that their timers are through.
      if (left > 0) await setTimeout(left + 50);
    },
  };
}
