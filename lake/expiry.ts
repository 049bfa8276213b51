import { z } from "zod";
import { inCatalog, newestSeenByAll } from "./horizon.ts";
import type { Lake } from "./lake.ts";
import type { Session } from "./session.ts";
import { literal } from "./sql.ts";

export interface ExpiryLimits {
  /** The oldest snapshot that is still read from (assets/positions.ts); null: none is. */
  keepFrom: number | null;
  /** Only snapshots made before this time expire. */
  before: Date;
}

/** Why the oldest snapshot that stays is kept. */
export type KeptBecause =
  /** An asset reads from it. */
  | "needed"
  /** It is younger than the keep time. */
  | "young"
  /** A transaction that is open may have begun before it. */
  | "open transaction"
  /** It is what the lake is now. */
  | "current";

export interface ExpiryPlan {
  /** Ascending. */
  snapshots: number[];
  /** The oldest snapshot that stays. */
  oldestKept: number;
  keptBecause: KeptBecause;
}

export interface ExpiryOutcome extends Omit<ExpiryPlan, "snapshots"> {
  /** How many snapshots expired. */
  expired: number;
}

/**
 * Which snapshots would expire: all before the oldest that has to stay, and none after it, since a gap between two
 * snapshots counts as a change of every table (lake/snapshots.ts).
 */
export function planExpiry(lake: Lake, limits: ExpiryLimits): Promise<ExpiryPlan> {
  return lake.withSession((session) => plan(session, limits));
}

/**
 * Lets the snapshots of the plan expire, oldest first, in pieces: what died half-way is gone on with by the next
 * run. Data files that no kept snapshot needs are thereby scheduled for the clean-up.
 */
export function expireSnapshots(
  lake: Lake,
  limits: ExpiryLimits & { signal?: AbortSignal },
): Promise<ExpiryOutcome> {
  return lake.withSession(async (session) => {
    const { snapshots, ...kept } = await plan(session, limits);
    let expired = 0;
    for (let start = 0; start < snapshots.length; start += PIECE) {
      limits.signal?.throwIfAborted();
      const versions = snapshots
        .slice(start, start + PIECE)
        .map((id) => literal(id))
        .join(", ");
      const { count } = await session.queryOne(
        countRow,
        `SELECT count(*) AS count FROM ducklake_expire_snapshots('lakehouse', versions => [${versions}])`,
      );
      expired += count;
    }
    return { expired, ...kept };
  }, limits.signal);
}

/**
 * One call looks at every file of the catalog, whatever it expires: with 30,000 files it took 0.6 s for 100 snapshots,
 * 1.5 s for 1,000, 2.5 s for 3,000.
 */
const PIECE = 1000;

/**
 * Snapshots younger than this stay, whatever is asked: a commit that meets another one lets go of its transaction in
 * Postgres for a moment before it looks at what the other did, and cannot be seen then.
 */
const SETTLED_MS = 10_000;

const countRow = z.object({ count: z.coerce.number() });
const idRow = z.object({ id: z.coerce.number() });
const boundsRow = z.object({ young: z.coerce.number().nullable(), current: z.coerce.number() });

async function plan(session: Session, { keepFrom, before }: ExpiryLimits): Promise<ExpiryPlan> {
  // Before the rest: what opens from here on sees at least as much.
  const seen = await newestSeenByAll(session);
  const { young, current } = await session.queryOne(boundsRow, boundsSql(before));
  const bounds: { id: number; reason: KeptBecause }[] = [
    ...(keepFrom === null ? [] : [{ id: keepFrom, reason: "needed" } as const]),
    ...(young === null ? [] : [{ id: young, reason: "young" } as const]),
    { id: current, reason: "current" },
    { id: seen, reason: "open transaction" },
  ];
  const first = bounds.reduce((least, bound) => (bound.id < least.id ? bound : least));
  const ids = await session.query(idRow, `SELECT id FROM ${inCatalog(upToSql(first.id))} ORDER BY id`);
  const snapshots = ids.map(({ id }) => id).filter((id) => id < first.id);
  const oldestKept = ids.find(({ id }) => id >= first.id)?.id ?? current;
  return { snapshots, oldestKept, keptBecause: first.reason };
}

// A snapshot's time is when its transaction began, by Postgres's clock: times do not always rise with the numbers.
function boundsSql(before: Date): string {
  const time = `least(TIMESTAMPTZ ${literal(before.toISOString())}, now() - INTERVAL '${SETTLED_MS} milliseconds')`;
  return `SELECT young, current FROM ${inCatalog(`SELECT min(snapshot_id) FILTER (WHERE snapshot_time >= ${time}) AS young,
    max(snapshot_id) AS current FROM ducklake.ducklake_snapshot`)}`;
}

/** The snapshots before one, and the first from it on. */
function upToSql(id: number): string {
  return `SELECT snapshot_id AS id FROM ducklake.ducklake_snapshot WHERE snapshot_id <=
    (SELECT min(snapshot_id) FROM ducklake.ducklake_snapshot WHERE snapshot_id >= ${literal(id)})`;
}
