import type { Trigger } from "./names.ts";

/** What travels through Temporal: names, counts and flags, never lists of files and never a secret. */

export interface StreamName {
  source: string;
  stream: string;
}

/** What a stream's writer takes, one after another. */
export type FeederWork =
  | { kind: "feed"; trigger: Trigger }
  | { kind: "rebuild"; trigger: Trigger; reason: string };

/** What an enriched table's writer takes. */
export interface MaterializeWork {
  trigger: Trigger;
  /** Rebuild even where increments would do. */
  full: boolean;
}

/** What writers tell the automation. */
export type AutomationNews =
  /** A stream has more batches to come: what reads it waits for the end of the burst. */
  | { kind: "busy"; asset: string }
  /** A stream's burst is over, or a table was written or failed: look again. */
  | { kind: "settled"; asset: string };
