import type { Session } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import { listObjects } from "../sensors/listing.ts";
import type { ObjectStore, StoredObject } from "../sensors/object-store.ts";
import { isIgnored } from "../sensors/raw-layout.ts";

/** As many objects go into the table at once: 5,000 in 30 ms. */
const CHUNK = 5000;

/**
 * Lists what lies under these prefixes into the temporary table `audit_objects (key, etag, size, modified)`, a chunk
 * at a time: a bucket's listing may be larger than this process's memory.
 */
export async function loadListing(
  session: Session,
  store: ObjectStore,
  prefixes: readonly string[],
): Promise<void> {
  await session.execute(
    "CREATE OR REPLACE TEMP TABLE audit_objects (key VARCHAR, etag VARCHAR, size BIGINT, modified TIMESTAMPTZ)",
  );
  for (const prefix of prefixes) {
    const raw = prefix.startsWith("raw/");
    let chunk: StoredObject[] = [];
    for await (const page of listObjects(store, prefix, null)) {
      chunk.push(...page.filter((object) => !raw || !isIgnored(prefix, object.key)));
      if (chunk.length >= CHUNK) await insert(session, chunk);
      if (chunk.length >= CHUNK) chunk = [];
    }
    await insert(session, chunk);
  }
  // A server may hand out a key on two pages.
  await session.execute(
    "CREATE OR REPLACE TEMP TABLE audit_objects AS SELECT DISTINCT ON (key) * FROM audit_objects",
  );
}

async function insert(session: Session, objects: readonly StoredObject[]): Promise<void> {
  if (objects.length === 0) return;
  const rows = objects.map(({ key, etag, size, lastModified }) => ({
    key,
    etag,
    size,
    modified: lastModified?.getTime() ?? null,
  }));
  // One JSON text: five times as fast as VALUES.
  await session.execute(
    `INSERT INTO audit_objects SELECT o.key, o.etag, o.size, to_timestamp(o.modified / 1000)
     FROM (SELECT unnest(from_json(${literal(JSON.stringify(rows))}::JSON,
       '[{"key": "VARCHAR", "etag": "VARCHAR", "size": "BIGINT", "modified": "BIGINT"}]')) AS o)`,
  );
}
