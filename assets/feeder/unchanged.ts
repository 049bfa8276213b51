import pLimit from "p-limit";
import type { WaitingFile } from "../../sensors/batch-plan.ts";
import { listObjects } from "../../sensors/listing.ts";
import type { ObjectStore } from "../../sensors/object-store.ts";

/** Up to this many files are asked for one by one; more are looked up in a listing of their range. */
const ONE_BY_ONE = 16;

/**
 * Those of the files that S3 does not hold any more as they were listed. Footers that were read ahead come from
 * DuckDB's caches, which do not notice that an object was deleted or overwritten since.
 */
export async function findChanged<File extends WaitingFile>(
  store: ObjectStore,
  files: readonly File[],
): Promise<File[]> {
  if (files.length === 0) return [];
  const etags = files.length <= ONE_BY_ONE ? await askEach(store, files) : await listRange(store, files);
  return files.filter((file) => etags.get(file.key) !== file.etag);
}

async function askEach(
  store: ObjectStore,
  files: readonly WaitingFile[],
): Promise<Map<string, string | null>> {
  const limit = pLimit(ONE_BY_ONE);
  return new Map(
    await Promise.all(
      files.map((file) => limit(async () => [file.key, await store.etag(file.key)] as const)),
    ),
  );
}

async function listRange(store: ObjectStore, files: readonly WaitingFile[]): Promise<Map<string, string>> {
  const keys = files.map((file) => file.key).sort();
  const [first = "", last = ""] = [keys[0], keys.at(-1)];
  const folder = (key: string) => key.slice(0, key.lastIndexOf("/") + 1);
  const wanted = new Set(keys);
  const etags = new Map<string, string>();
  for await (const page of listObjects(store, commonPrefix(first, last), folder(first))) {
    for (const object of page) if (wanted.has(object.key)) etags.set(object.key, object.etag);
    if (etags.size === wanted.size) break;
  }
  return etags;
}

function commonPrefix(left: string, right: string): string {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length += 1;
  return left.slice(0, left.lastIndexOf("/", length - 1) + 1);
}
