import type { ObjectStore, StoredObject } from "./object-store.ts";

/**
 * All objects under `prefix` whose keys sort after `startAfter`, a page at a time. Defensive: keys outside the
 * range are dropped, a key that was seen is not shown again, and a server that hands out the same page for ever
 * ends the listing with an error rather than a loop.
 */
export async function* listObjects(
  store: ObjectStore,
  prefix: string,
  startAfter: string | null,
): AsyncGenerator<StoredObject[]> {
  let token: string | null = null;
  let last: string | null = null;
  do {
    const page = await store.page(prefix, startAfter, token);
    const fresh: StoredObject[] = page.objects.filter(
      (object) =>
        object.key.startsWith(prefix) &&
        !isFolderMarker(object) &&
        (startAfter === null || object.key > startAfter) &&
        (last === null || compareBytes(object.key, last) > 0),
    );
    const end = page.objects.at(-1)?.key ?? null;
    if (page.next !== null && (page.next === token || (end !== null && end === last))) {
      throw new Error(`S3 returned the same page of ${prefix} twice; the listing cannot go on.`);
    }
    last = end ?? last;
    token = page.next;
    yield fresh;
  } while (token !== null);
}

function isFolderMarker(object: StoredObject): boolean {
  return object.key.endsWith("/") && object.size === 0;
}

/** S3 sorts keys by their UTF-8 bytes; JavaScript's `<` compares UTF-16 units, which differs above U+FFFF. */
function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
