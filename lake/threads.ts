import { availableParallelism } from "node:os";

/** A request that takes longer than this, ms, is worth waiting for on many threads at once. */
const NEAR_MS = 5;
const THREADS_A_CORE = 16;

/**
 * How many threads DuckDB should have for an S3 whose requests take this long, or null for its own default, one a
 * core. DuckDB waits for S3 on the thread that asks: 2,000 small files with 20 ms a request took 60 s on two threads
 * and 15 s on 32; without that latency the many threads took a fifth longer.
 */
export function threadsFor(requestMilliseconds: number): number | null {
  return requestMilliseconds > NEAR_MS ? availableParallelism() * THREADS_A_CORE : null;
}
