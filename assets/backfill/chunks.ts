import {
  type BatchLimits,
  inFeedingOrder,
  nextBatchLength,
  type WaitingFile,
} from "../../sensors/batch-plan.ts";
import { comparePlaces, dayOf, type RawPlace } from "../../sensors/raw-layout.ts";

/** A piece of a stream's files, in feeding order, of a batch's size: what its writer does in one turn. */
export interface FileChunk {
  /** Keys of its first and last file: with the order they say which files it holds, however many. */
  firstKey: string;
  lastKey: string;
  /** Partition days, `YYYY-MM-DD`. */
  from: string;
  to: string;
  files: number;
  bytes: number;
}

/** Cuts files into chunks of at most a batch's size; a file that is larger makes one by itself. Pure. */
export function cutChunks(files: readonly WaitingFile[], limits: BatchLimits): FileChunk[] {
  const chunks: FileChunk[] = [];
  for (let rest = inFeedingOrder(files); rest.length > 0; ) {
    const length = nextBatchLength(rest, limits);
    const piece = rest.slice(0, length);
    const [first, last] = [piece[0] as WaitingFile, piece.at(-1) as WaitingFile];
    chunks.push({
      firstKey: first.key,
      lastKey: last.key,
      from: dayOf(first.place),
      to: dayOf(last.place),
      files: piece.length,
      bytes: piece.reduce((bytes, file) => bytes + file.size, 0),
    });
    rest = rest.slice(length);
  }
  return chunks;
}

/** Those of the files that lie between a chunk's first and last, in feeding order. */
export function filesOf<T extends { place: RawPlace }>(
  files: readonly T[],
  first: RawPlace,
  last: RawPlace,
): T[] {
  return files
    .filter(({ place }) => comparePlaces(place, first) >= 0 && comparePlaces(place, last) <= 0)
    .sort((left, right) => comparePlaces(left.place, right.place));
}

/** Whether a partition day lies in a range whose ends are included; null: open. */
export function isWithin(place: RawPlace, from: string | null, to: string | null): boolean {
  const day = dayOf(place);
  return (from === null || day >= from) && (to === null || day <= to);
}
