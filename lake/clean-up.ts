import pLimit from "p-limit";
import { z } from "zod";
import { type Bucket, DELETED_AT_ONCE, type ListedObject, OWN_PREFIX } from "./bucket.ts";
import { REFERENCED_SQL, SCHEDULED_PATH } from "./catalog-files.ts";
import { inCatalog, SEEN_BY_ALL } from "./horizon.ts";
import type { Lake } from "./lake.ts";
import type { Session } from "./session.ts";
import { literal } from "./sql.ts";
import { readSnapshot } from "./transaction.ts";

export interface CleanUpOptions {
  /** Only what was scheduled for deletion before this time goes: readers that nobody knows of may still be at it. */
  scheduledBefore: Date;
}

/** A raw object whose rows retention took out of landing. */
export interface RemovedObject {
  key: string;
  etag: string;
  /** Bytes. */
  size: number;
}

export interface CleanUpPlan {
  /** Files of the lake's own that nothing reads any more. */
  own: ScheduledFile[];
  raw: RemovedObject[];
  /** Paths that DuckLake would delete and that are not for us to delete. */
  spared: string[];
  /** Entries of DuckLake's list, none of a file of the lake's own, that are done with when `raw` is deleted. */
  entries: number[];
}

export interface ScheduledFile {
  /** Its entry in DuckLake's list. */
  entry: number;
  path: string;
}

export interface CleanUpOutcome {
  own: number;
  raw: number;
  rawBytes: number;
  spared: number;
}

/** What a clean-up would delete now. Lists the part of the bucket in which removed raw files can lie. */
export function planCleanUp(lake: Lake, bucket: Bucket, options: CleanUpOptions): Promise<CleanUpPlan> {
  return lake.withSession((session) => plan(session, bucket, options));
}

/**
 * Deletes the objects that no kept snapshot needs: files of the lake's own that expiry or compaction has freed, and
 * raw files that retention took out of landing, those among them that were read through a copy. A raw object is
 * deleted only if the ledger says `removed` of its very etag, and nothing in the catalog has to do with it any more.
 *
 * DuckLake's own clean-up is not used: it deletes whatever is scheduled under a path, even if it was registered or
 * overwritten since. Objects go first, their entries in the list after them, so that a run that was killed is gone on
 * with by the next one.
 */
export function cleanUpFiles(
  lake: Lake,
  bucket: Bucket,
  options: CleanUpOptions & { signal?: AbortSignal },
): Promise<CleanUpOutcome> {
  return lake.withSession(async (session) => {
    const { own, raw, spared, entries } = await plan(session, bucket, options);
    const deleted: RemovedObject[] = [];
    for (const files of pieces(own)) {
      options.signal?.throwIfAborted();
      await atOnce(files, (file) => bucket.delete(file.path.slice(bucket.url("").length)));
      await unschedule(
        session,
        files.map((file) => file.entry),
      );
    }
    for (const objects of pieces(raw)) {
      options.signal?.throwIfAborted();
      const freed = await atOnce(objects, (object) => bucket.deleteExactly(object.key, object.etag));
      deleted.push(...objects.filter((_, index) => freed[index]));
    }
    for (const some of pieces(entries)) await unschedule(session, some);
    return {
      own: own.length,
      raw: deleted.length,
      rawBytes: deleted.reduce((bytes, object) => bytes + object.size, 0),
      spared: spared.length,
    };
  }, options.signal);
}

/** How many objects are deleted before their entries are. */
const PIECE = 1000;

const scheduledRow = z.object({
  entry: z.coerce.number(),
  path: z.string(),
  ripe: z.boolean(),
  referenced: z.boolean(),
});
type ScheduledRow = z.infer<typeof scheduledRow>;
const rangeRow = z.object({ first: z.string(), last: z.string() });
const removedRow = z.object({ key: z.string(), etag: z.string(), size: z.coerce.number() });

async function plan(session: Session, bucket: Bucket, options: CleanUpOptions): Promise<CleanUpPlan> {
  // Listed before the catalog is read: what is registered meanwhile is known to the catalog then.
  await listRemoved(session, bucket);
  const [scheduled, raw] = await readSnapshot(session, async () => [
    await session.query(scheduledRow, scheduledSql(options.scheduledBefore)),
    await session.query(removedRow, removedSql(bucket, options.scheduledBefore)),
  ]);
  await session.execute("DROP TABLE temp.lotus_listed");
  const ripe = scheduled.filter((file) => file.ripe);
  const isOurs = ({ path, referenced }: ScheduledRow) =>
    path.startsWith(bucket.url(OWN_PREFIX)) && !referenced;
  const others = ripe.filter((file) => !isOurs(file));
  const deleted = new Set(raw.map(({ key }) => bucket.url(key)));
  return {
    own: ripe.filter(isOurs).map(({ entry, path }) => ({ entry, path })),
    raw,
    spared: others.map(({ path }) => path).filter((path) => !deleted.has(path)),
    entries: others.map(({ entry }) => entry),
  };
}

/** Puts the objects that lie where removed files did into a temporary table. */
async function listRemoved(session: Session, bucket: Bucket): Promise<void> {
  await session.execute("CREATE OR REPLACE TEMP TABLE lotus_listed (key VARCHAR, etag VARCHAR)");
  const ranges = await session.query(rangeRow, RANGES_SQL);
  for (const { first, last } of ranges) {
    for await (const page of bucket.list(commonFolder(first, last))) {
      if (page.length === 0) continue;
      const rows = page.map(({ key, etag }) => `(${literal(key)}, ${literal(etag)})`);
      await session.execute(`INSERT INTO temp.lotus_listed VALUES ${rows.join(", ")}`);
      // Keys come sorted; a server that sorts otherwise is listed to the end.
      if (page.every((object) => comesAfter(object, last))) break;
    }
  }
}

/** Removed files are a stream's oldest, so that little lies between the first and the last of them. */
const RANGES_SQL = `SELECT min(key) AS first, max(key) AS last FROM lakehouse.meta.feeder_files
  WHERE state = 'removed' GROUP BY source, stream ORDER BY first`;

/** The folder that two keys share. */
function commonFolder(first: string, last: string): string {
  let length = 0;
  while (length < first.length && first[length] === last[length]) length += 1;
  return first.slice(0, first.lastIndexOf("/", length - 1) + 1);
}

function comesAfter({ key }: ListedObject, last: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(last)) > 0;
}

function ripeSql(before: Date): string {
  return `(schedule_start < TIMESTAMPTZ ${literal(before.toISOString())} AND ${SEEN_BY_ALL})`;
}

/** Everything that is scheduled, and whether it is ripe: long enough, and gone for every open transaction. */
function scheduleSql(before: Date): string {
  return `SELECT entry, ${SCHEDULED_PATH} AS path, ripe FROM ${inCatalog(
    `SELECT data_file_id AS entry, path, path_is_relative, ${ripeSql(before)} AS ripe
     FROM ducklake.ducklake_files_scheduled_for_deletion`,
  )}`;
}

// A path that is scheduled twice is as ripe as its last entry.
function scheduledSql(before: Date): string {
  return `WITH scheduled AS (SELECT entry, path, bool_and(ripe) OVER (PARTITION BY path) AS ripe FROM (${scheduleSql(before)}))
    SELECT entry, path, ripe, path IN (SELECT path FROM (${REFERENCED_SQL})) AS referenced FROM scheduled ORDER BY path, entry`;
}

function removedSql(bucket: Bucket, before: Date): string {
  return `WITH busy AS (
      SELECT path FROM (${REFERENCED_SQL}) UNION ALL SELECT path FROM (${scheduleSql(before)}) WHERE NOT ripe
    ), removed AS (
      SELECT DISTINCT f.key, f.etag, f.size, f.registered_path, concat(${literal(bucket.url(""))}, f.key) AS path
      FROM temp.lotus_listed l JOIN lakehouse.meta.feeder_files f ON f.key = l.key AND f.etag = l.etag
      WHERE f.state = 'removed')
    SELECT key, etag, size FROM removed
    WHERE path NOT IN (SELECT path FROM busy) AND registered_path NOT IN (SELECT path FROM busy) ORDER BY key`;
}

async function unschedule(session: Session, entries: readonly number[]): Promise<void> {
  await session.execute(
    `DELETE FROM __ducklake_metadata_lakehouse.ducklake.ducklake_files_scheduled_for_deletion
     WHERE data_file_id IN (${entries.map((entry) => literal(entry)).join(", ")})`,
  );
}

function* pieces<T>(items: readonly T[]): Generator<T[]> {
  for (let start = 0; start < items.length; start += PIECE) yield items.slice(start, start + PIECE);
}

function atOnce<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const limit = pLimit(DELETED_AT_ONCE);
  return Promise.all(items.map((item) => limit(() => work(item))));
}
