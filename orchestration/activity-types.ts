import type { BackfillRequest } from "../assets/backfill/request.ts";
import type { BackfillControl, QuarantineAction, StreamName, UpkeepKind } from "./messages.ts";
import type { Trigger } from "./names.ts";

/** The activities as workflows see them. Implementations: orchestration/activities/. */
export interface Activities {
  /** Lists S3 once and wakes the feeder when something waits. */
  tickSensor(input: StreamName & { told: boolean }): Promise<{ waiting: number; pollMs: number }>;
  /** Feeds one batch. `remaining`: files known to wait after it; `publish`: a generation is now complete. */
  feedBatch(
    input: StreamName & { batchId: string; trigger: Trigger },
  ): Promise<{ files: number; rows: number; quarantined: number; remaining: number; publish: boolean }>;
  /** Shows a drained `overwrite` stream's newest generation, unless it is shown already. */
  publishGeneration(input: StreamName): Promise<{ published: boolean }>;
  setPaused(input: StreamName & { paused: boolean; by: string }): Promise<void>;
  rebuildProcessed(
    input: StreamName & { reason: string; keepOlder: boolean },
  ): Promise<{ rows: number; changedRows: number }>;
  /** Takes one piece of what retention no longer keeps out of landing. */
  retainLanding(input: StreamName): Promise<{ files: number; remaining: number }>;
  changeQuarantine(
    input: StreamName & { action: QuarantineAction; key: string | null },
  ): Promise<{ entries: number }>;
  /** Compacts a piece of a processed or enriched table. */
  compactTable(input: { asset: string }): Promise<{ files: number; remaining: boolean }>;
  /** Takes a processed or enriched table back to a snapshot and holds it. */
  rollBack(input: { asset: string; snapshot: number }): Promise<{ rows: number; changedRows: number }>;
  /** Rebuilds a held table from what lies upstream and lets its writer go on. */
  release(input: { asset: string }): Promise<{ rows: number; changedRows: number }>;
  materialize(input: {
    asset: string;
    full: boolean;
  }): Promise<{ mode: string; rows: number; changedRows: number }>;
  /** Records that an enriched table is up to date with now, where nothing upstream has changed. */
  advance(input: { asset: string }): Promise<{ advanced: boolean }>;
  /** Finds stale assets whose upstream is settled, and wakes their writers. */
  wakeStale(input: {
    /** Assets that are still being written: what reads them waits. */
    busy: string[];
    /** Assets woken and not heard of yet. */
    running: string[];
  }): Promise<{ woken: string[]; deferred: string[] }>;
  /** Asks writers for upkeep of their tables. @returns the assets asked. */
  wakeUpkeep(input: { kind: UpkeepKind; notify: string; keepMs: number }): Promise<{ assets: string[] }>;
  /** Plans and records a backfill, unless it is recorded. */
  beginBackfill(input: {
    id: string;
    request: BackfillRequest;
    requestedBy: string;
  }): Promise<{ chunks: number }>;
  controlBackfill(input: { id: string; control: BackfillControl }): Promise<void>;
  /**
   * Hands chunks to their writers, as many as may run, and records that the backfill has ended when none is left.
   * `again`: those that are said to run are handed over once more.
   */
  advanceBackfill(input: { id: string; again: boolean }): Promise<{ ended: boolean }>;
  /** Does one chunk of a backfill, or records why it cannot be done. */
  runChunk(input: { backfill: string; chunk: number }): Promise<{ changedRows: number }>;
  flushMeta(): Promise<{ outcome: string }>;
  expireSnapshots(input: { keepMs: number }): Promise<{ outcome: string }>;
  /** Deletes what was given up before a time, epoch ms. */
  cleanUpFiles(input: { scheduledBefore: number }): Promise<{ outcome: string }>;
  deleteOrphans(input: { orphanAgeMs: number }): Promise<{ outcome: string }>;
}
