import pLimit from "p-limit";
import { LotusError } from "../common/errors.ts";
import type { ObjectStore, StoredObject } from "./object-store.ts";

/**
 * All objects under `prefix` whose keys sort after `startAfter`, a page at a time. Defensive: keys outside the
 * range and folder markers are dropped; keys may come in any order and more than once; a server that hands out the
 * same page for ever ends the listing with an error rather than a loop.
 */
export async function* listObjects(
  store: Pick<ObjectStore, "page">,
  prefix: string,
  startAfter: string | null,
): AsyncGenerator<StoredObject[]> {
  const tokens = new Set<string>();
  let token: string | null = null;
  let before: string | null = null;
  do {
    const page = await store.page(prefix, startAfter, token);
    yield page.objects.filter(
      (object) =>
        object.key.startsWith(prefix) &&
        !isFolderMarker(object) &&
        // The start is ASCII, so that comparing UTF-16 units gives the same as comparing bytes.
        (startAfter === null || object.key > startAfter),
    );
    const ends = JSON.stringify([page.objects[0]?.key, page.objects.at(-1)?.key]);
    const repeated = page.objects.length > 0 && ends === before;
    if (page.next !== null && (tokens.has(page.next) || repeated)) {
      throw new LotusError(
        "S3_UNREACHABLE",
        `S3 returned the same page of ${prefix} twice; the listing cannot go on. Check the S3 server.`,
      );
    }
    before = ends;
    token = page.next;
    if (token !== null) tokens.add(token);
  } while (token !== null);
}

const ASKED_AT_ONCE = 16;

/** Those of the keys under which there is no object. Asks for each by itself. */
export async function findGone(store: Pick<ObjectStore, "etag">, keys: readonly string[]): Promise<string[]> {
  const limit = pLimit(ASKED_AT_ONCE);
  const gone = await Promise.all(keys.map((key) => limit(async () => (await store.etag(key)) === null)));
  return keys.filter((_, index) => gone[index]);
}

function isFolderMarker(object: StoredObject): boolean {
  return object.key.endsWith("/") && object.size === 0;
}
