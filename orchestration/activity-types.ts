import type { StreamName } from "./messages.ts";
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
  rebuildProcessed(input: StreamName & { reason: string }): Promise<{ rows: number; changedRows: number }>;
  materialize(input: {
    asset: string;
    full: boolean;
  }): Promise<{ mode: string; rows: number; changedRows: number }>;
  /** Finds stale assets whose upstream is settled, and wakes their writers. */
  wakeStale(input: {
    /** Assets that are still being written: what reads them waits. */
    busy: string[];
    /** Assets woken and not heard of yet. */
    running: string[];
  }): Promise<{ woken: string[]; deferred: string[] }>;
}
