import { z } from "zod";
import { LotusError } from "../common/errors.ts";
import type { Session } from "./session.ts";
import { literal } from "./sql.ts";

/**
 * The snapshot that a person means by its number or by a time: `42`, `2026-01-09`, `2026-01-09T12:30:00Z`,
 * `2026-01-09 12:30+01:00`. A time without a zone is UTC; it means the last snapshot that was made until then.
 * @throws LotusError NOT_FOUND when there is none, not yet, or not any more; it says what there is.
 */
export async function resolveSnapshot(session: Session, point: string): Promise<number> {
  const kept = await session.queryOne(keptRow, KEPT_SQL);
  if (/^\d+$/.test(point)) return byNumber(session, Number(point), kept);
  if (!TIME.test(point)) throw notUnderstood(point);
  return byTime(session, point, kept);
}

type Kept = z.infer<typeof keptRow>;

const keptRow = z.object({
  oldest: z.coerce.number(),
  oldest_time: z.string(),
  newest: z.coerce.number(),
  newest_time: z.string(),
});
const presentRow = z.object({ id: z.coerce.number() });
const momentRow = z.object({ moment: z.string().nullable(), future: z.boolean().nullable() });
const foundRow = z.object({ id: z.coerce.number().nullable(), following: z.coerce.number().nullable() });

const SNAPSHOTS = "__ducklake_metadata_lakehouse.ducklake.ducklake_snapshot";
const READABLE_TIME = "'%Y-%m-%d %H:%M:%S UTC'";
const KEPT_SQL = `
  SELECT min(snapshot_id) AS oldest, max(snapshot_id) AS newest,
    strftime(arg_min(snapshot_time, snapshot_id) AT TIME ZONE 'UTC', ${READABLE_TIME}) AS oldest_time,
    strftime(arg_max(snapshot_time, snapshot_id) AT TIME ZONE 'UTC', ${READABLE_TIME}) AS newest_time
  FROM ${SNAPSHOTS}`;

/** ISO 8601: a day, or a day and a time, with or without a zone. */
const TIME = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?( ?(Z|[+-]\d{2}(:\d{2})?))?)?$/i;

async function byNumber(session: Session, id: number, kept: Kept): Promise<number> {
  const [present] = await session.query(
    presentRow,
    `SELECT snapshot_id AS id FROM ${SNAPSHOTS} WHERE snapshot_id = ${literal(id)}`,
  );
  if (present) return present.id;
  if (id > kept.newest) throw absent(`There is no snapshot ${id} yet`, kept);
  throw absent(`Snapshot ${id} has expired`, kept);
}

async function byTime(session: Session, point: string, kept: Kept): Promise<number> {
  const { moment, future } = await session.queryOne(
    momentRow,
    `SELECT moment::VARCHAR AS moment, moment > now() AS future
     FROM (SELECT TRY_CAST(${literal(point.replace(/ (?=[Z+-])/i, ""))} AS TIMESTAMPTZ) AS moment)`,
  );
  if (moment === null) throw notUnderstood(point);
  if (future) throw absent(`${point} lies in the future`, kept);
  const { id, following } = await session.queryOne(
    foundRow,
    `SELECT id, (SELECT min(snapshot_id) FROM ${SNAPSHOTS} WHERE snapshot_id > id) AS following
     FROM (SELECT max(snapshot_id) AS id FROM ${SNAPSHOTS} WHERE snapshot_time <= TIMESTAMPTZ ${literal(moment)})`,
  );
  if (id === null) {
    if (kept.oldest === 0) throw absent(`${point} lies before the lake's first snapshot`, kept);
    throw absent(`The snapshots of ${point} have expired`, kept);
  }
  // Numbers have no holes but those that expiry leaves: what the lake was within one is not known any more.
  if (following !== null && following > id + 1) {
    throw absent(
      `Snapshots ${id + 1} to ${following - 1}, one of which is that of ${point}, have expired`,
      kept,
    );
  }
  return id;
}

function absent(what: string, kept: Kept): LotusError {
  return new LotusError(
    "NOT_FOUND",
    `${what}. Kept are snapshots ${kept.oldest} (${kept.oldest_time}) to ${kept.newest} (${kept.newest_time}); ` +
      "list them with `lotus snapshots`.",
  );
}

function notUnderstood(point: string): LotusError {
  return new LotusError(
    "NOT_FOUND",
    `${point} is neither a snapshot's number nor a time. Write 42, or 2026-01-09T12:30:00Z (UTC where no zone is given).`,
  );
}
