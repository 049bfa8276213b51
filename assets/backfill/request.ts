/** What a backfill is asked to do. Plain data: it travels through Temporal and stands in the lake as JSON. */
export interface BackfillRequest {
  mode: BackfillMode;
  /** `SOURCE/STREAM` */
  streams: string[];
  assets: string[];
  /** Everything that reads these, near or far. */
  downstreamOf: string[];
  /** Partition days, `YYYY-MM-DD`, both included; null: from the earliest, to the latest. */
  from: string | null;
  to: string | null;
  /** How many chunks run at once. */
  maxConcurrent: number;
}

/**
 * `reprocess`: the processed model runs again over rows that are in landing; rows already right stay as they are.
 * `refeed`: files that retention removed, and that are back in S3, are fed again. `rebuild`: tables are made anew.
 */
export type BackfillMode = "reprocess" | "refeed" | "rebuild";
