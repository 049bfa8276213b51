import type { StoredObject } from "./object-store.ts";
import { comparePlaces, type RawPlace } from "./raw-layout.ts";

/** A raw file that waits to be fed. */
export interface WaitingFile extends StoredObject {
  place: RawPlace;
  /** Of an object that replaces another under its key: the epoch at which that one was fed, removed or lost. */
  replaces?: number;
}

export interface BatchLimits {
  /** Bytes of raw files. */
  batchBytes: number;
  batchFiles: number;
}

/** Puts files in the order in which they are fed. */
export function inFeedingOrder(files: readonly WaitingFile[]): WaitingFile[] {
  return [...files].sort((left, right) => comparePlaces(left.place, right.place));
}

/**
 * How many of the first `files` make the next batch: as many as both limits allow, and always at least one, so
 * that a file larger than the limit is fed alone.
 */
export function nextBatchLength(files: readonly WaitingFile[], limits: BatchLimits): number {
  let bytes = 0;
  let length = 0;
  for (const file of files) {
    bytes += file.size;
    if (length > 0 && (bytes > limits.batchBytes || length >= limits.batchFiles)) break;
    length += 1;
  }
  return length;
}
