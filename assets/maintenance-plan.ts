import { type CleanUpPlan, planCleanUp } from "../lake/clean-up.ts";
import { type ExpiryPlan, planExpiry } from "../lake/expiry.ts";
import type { Lake } from "../lake/lake.ts";
import { deleteOrphans, type Orphan } from "../lake/orphans.ts";
import type { Session } from "../lake/session.ts";
import { currentSnapshot } from "../lake/snapshots.ts";
import { readSnapshot } from "../lake/transaction.ts";
import type { ObjectStore } from "../sensors/object-store.ts";
import type { Project } from "./definitions.ts";
import { isQuiet } from "./enriched/advance.ts";
import { planRetention, type RetentionPlan } from "./feeder/retention.ts";
import { heldAssets } from "./holds.ts";
import { lastMaterializations } from "./materializations.ts";
import { type Position, positions } from "./positions.ts";

/** What a maintenance run would take away if it began now. */
export interface MaintenancePlan {
  /** One for each stream that does not keep everything. */
  retention: RetentionPlan[];
  /** `neededBy`: who reads the oldest snapshot that stays, where that is why it stays. */
  expiry: ExpiryPlan & { neededBy: Position | null };
  /** Without what this very run schedules: that is deleted by a later one. */
  cleanUp: CleanUpPlan;
  orphans: Orphan[];
}

/** Plans a run, and changes nothing. What compaction would do is not said: it takes nothing away. */
export async function planMaintenance(
  { lake, store, project }: { lake: Lake; store: ObjectStore; project: Project },
  { now, keepMs, orphanAgeMs }: { now: Date; keepMs: number; orphanAgeMs: number },
): Promise<MaintenancePlan> {
  const before = (milliseconds: number) => new Date(now.getTime() - milliseconds);
  const retention: RetentionPlan[] = [];
  for (const stream of project.streams.filter(({ feeder }) => feeder.retentionMs !== null)) {
    retention.push(await lake.withSession((session) => planRetention(session, stream, now)));
  }
  const oldest = await lake.withSession((session) =>
    readSnapshot(session, () => oldestAfterAdvance(session, project)),
  );
  const expiry = await planExpiry(lake, { keepFrom: oldest?.snapshot ?? null, before: before(keepMs) });
  return {
    retention,
    expiry: { ...expiry, neededBy: expiry.keptBecause === "needed" ? oldest : null },
    cleanUp: await planCleanUp(lake, store, { scheduledBefore: now }),
    orphans: (await deleteOrphans(lake, store, { olderThan: before(orphanAgeMs), dryRun: true })).orphans,
  };
}

/** The oldest position that is left when quiet tables have been moved on, which a run does before the expiry. */
async function oldestAfterAdvance(session: Session, project: Project): Promise<Position | null> {
  const last = await lastMaterializations(session);
  const held = await heldAssets(session);
  const current = await currentSnapshot(session);
  const quiet = new Set<string>();
  for (const { asset, upstream } of project.models) {
    const read = last.get(asset)?.upstreamSnapshots;
    if (read && !held.has(asset) && (await isQuiet(session, upstream, read))) quiet.add(asset);
  }
  const after = (await positions(session, project)).map((position) =>
    quiet.has(position.asset) ? { ...position, snapshot: current } : position,
  );
  return after.sort((left, right) => left.snapshot - right.snapshot)[0] ?? null;
}
