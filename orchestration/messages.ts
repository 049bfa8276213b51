import type { Trigger } from "./names.ts";

/** What travels through Temporal: names, counts and flags, never lists of files and never a secret. */

export interface StreamName {
  source: string;
  stream: string;
}

/** What a stream's writer takes, one after another. `notify`: the maintenance run that waits for it. */
export type FeederWork =
  | { kind: "feed"; trigger: Trigger }
  /** `by`: who asked, for the record. */
  | { kind: "pause" | "resume"; trigger: Trigger; by: string }
  | { kind: "rebuild"; trigger: Trigger; reason: string; keepOlder: boolean }
  | { kind: "quarantine"; trigger: Trigger; action: QuarantineAction; key: string | null }
  | { kind: "retention"; trigger: Trigger; notify: string | null }
  | { kind: "compact"; trigger: Trigger; notify: string | null }
  | { kind: "rollback"; trigger: Trigger; snapshot: number }
  | { kind: "release"; trigger: Trigger }
  | { kind: "chunk"; trigger: Trigger; backfill: string; chunk: number };

/** `retry`: the file waits again; `drop`: it is never fed as it is. */
export type QuarantineAction = "retry" | "drop";

/** What an enriched table's writer takes, one after another. */
export type MaterializeWork =
  /** `full`: rebuild even where increments would do. */
  | { kind: "materialize"; trigger: Trigger; full: boolean }
  | { kind: "compact"; trigger: Trigger; notify: string | null }
  | { kind: "advance"; trigger: Trigger; notify: string | null }
  | { kind: "rollback"; trigger: Trigger; snapshot: number }
  | { kind: "release"; trigger: Trigger }
  | { kind: "chunk"; trigger: Trigger; backfill: string; chunk: number };

/** What somebody asks of a backfill that is there. `retry`: chunks that failed wait again; null: all of them. */
export type BackfillControl =
  | { kind: "pause" | "resume" | "cancel" }
  | { kind: "retry"; chunk: number | null };

/** What a maintenance run does beyond its defaults. */
export interface MaintenanceOptions {
  /** Snapshots younger than this stay. */
  keepMs: number;
  /** Files of the lake's own that nothing names are deleted when they are older. */
  orphanAgeMs: number;
}

/** What a writer tells the maintenance run that asked for a piece of upkeep. */
export interface UpkeepDone {
  asset: string;
  kind: UpkeepKind;
  /** Null: done. */
  failure: string | null;
}

export type UpkeepKind = "retention" | "compact" | "advance";

/** What one step of a maintenance run did. */
export interface MaintenanceStep {
  step: string;
  /** What was done, for people. */
  outcome: string;
  failed: boolean;
}

/** What writers tell the automation. */
export type AutomationNews =
  /** A stream has more batches to come: what reads it waits for the end of the burst. */
  | { kind: "busy"; asset: string }
  /** A stream's burst is over, or a table was written or failed: look again. */
  | { kind: "settled"; asset: string };
