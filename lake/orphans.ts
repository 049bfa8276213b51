import pLimit from "p-limit";
import { z } from "zod";
import { type Bucket, DELETED_AT_ONCE, OWN_PREFIX } from "./bucket.ts";
import { REFERENCED_SQL, SCHEDULED_SQL } from "./catalog-files.ts";
import type { Lake } from "./lake.ts";
import type { Session } from "./session.ts";
import { literal } from "./sql.ts";
import { readSnapshot } from "./transaction.ts";

/** A file of the lake's own that nothing in the catalog knows of. */
export interface Orphan {
  key: string;
  /** Bytes. */
  size: number;
}

export interface OrphanOutcome {
  /** Those that were deleted, or in a dry run would be. */
  orphans: Orphan[];
  bytes: number;
}

/**
 * Deletes what crashes left under the lake's own prefix: Parquet files that no snapshot shows, that do not wait to be
 * deleted, and that were written before `olderThan`, which must be longer ago than any transaction takes: a file that
 * is being written is known to the catalog only when its transaction commits.
 */
export function deleteOrphans(
  lake: Lake,
  bucket: Bucket,
  options: { olderThan: Date; dryRun?: boolean; signal?: AbortSignal },
): Promise<OrphanOutcome> {
  return lake.withSession(async (session) => {
    const found = await findOrphans(session, bucket, options.olderThan);
    if (options.dryRun) return outcomeOf(found);
    const limit = pLimit(DELETED_AT_ONCE);
    const deleted = await Promise.all(
      found.map((orphan) =>
        limit(async () => {
          options.signal?.throwIfAborted();
          // An own copy has the same name whenever it is made: by now it may be one again that a batch needs.
          const written = await bucket.lastModified(orphan.key);
          if (written === null || written >= options.olderThan) return [];
          await bucket.delete(orphan.key);
          return [orphan];
        }),
      ),
    );
    return outcomeOf(deleted.flat());
  }, options.signal);
}

function outcomeOf(orphans: Orphan[]): OrphanOutcome {
  return { orphans, bytes: orphans.reduce((bytes, orphan) => bytes + orphan.size, 0) };
}

const orphanRow = z.object({ key: z.string(), size: z.coerce.number() });

/**
 * DuckLake's own search asks S3 for each object by itself, and takes keys for patterns. Here the listing says it all,
 * and it is done before the catalog is read: what is committed meanwhile is known to the catalog then.
 */
async function findOrphans(session: Session, bucket: Bucket, olderThan: Date): Promise<Orphan[]> {
  await session.execute("CREATE OR REPLACE TEMP TABLE lotus_listed (key VARCHAR, size BIGINT)");
  for await (const page of bucket.list(OWN_PREFIX)) {
    const old = page.filter(
      ({ key, lastModified }) =>
        key.endsWith(".parquet") && lastModified !== undefined && lastModified < olderThan,
    );
    if (old.length === 0) continue;
    const rows = old.map(({ key, size }) => `(${literal(key)}, ${literal(size)})`);
    await session.execute(`INSERT INTO temp.lotus_listed VALUES ${rows.join(", ")}`);
  }
  const orphans = await readSnapshot(session, () => session.query(orphanRow, orphansSql(bucket)));
  await session.execute("DROP TABLE temp.lotus_listed");
  return orphans;
}

function orphansSql(bucket: Bucket): string {
  return `SELECT DISTINCT key, size FROM temp.lotus_listed
    WHERE concat(${literal(bucket.url(""))}, key) NOT IN (${REFERENCED_SQL} UNION ALL ${SCHEDULED_SQL}) ORDER BY key`;
}
