import { z } from "zod";
import { assetKey, runLink, time } from "./common.ts";

export const assetKinds = ["landing", "feeder", "processed", "enriched"] as const;

/**
 * `late`: fresh or not, older than its model's `freshness` allows. `changed`: it goes on with rows that other code
 * made. The others as in `lotus status`.
 */
export const assetStates = [
  "fresh",
  "stale",
  "waiting",
  "running",
  "failed",
  "held",
  "disabled",
  "late",
  "changed",
] as const;

export const assetSummary = z
  .object({
    key: assetKey,
    kind: z.enum(assetKinds),
    group: z.string().nullable().describe("Its source, or its domain"),
    description: z.string().nullable(),
    owner: z.string().nullable(),
    tags: z.array(z.string()),
    state: z.enum(assetStates),
    reason: z.string().nullable().describe("Why it is in that state, and what it waits for"),
    rows: z.int().nullable(),
    bytes: z.int().nullable().describe("Of its Parquet files"),
    snapshot: z.int().nullable().describe("The last that changed it"),
    updatedAt: time.nullable(),
    upstream: z.array(assetKey),
    downstream: z.array(assetKey),
  })
  .meta({ id: "AssetSummary" });

export const materialization = z
  .object({
    mode: z.enum(["incremental", "rebuild"]),
    reason: z.string().nullable().describe("Why it was a rebuild"),
    rows: z.int().describe("In the table afterwards"),
    changedRows: z.int(),
    startedAt: time,
    committedAt: time,
    seconds: z.number(),
    snapshot: z.int().nullable().describe("That it made; null where it has expired"),
    upstreamSnapshots: z.record(z.string(), z.int()).describe("Upstream → the snapshot that was read"),
    codeHash: z.string(),
    run: runLink.nullable().describe("Null where no run made it"),
  })
  .meta({ id: "Materialization" });

/** What a run does at this moment. */
export const activity = z
  .object({
    run: runLink,
    startedAt: time.describe("Of the activity's last attempt; before the first, of the run"),
    work: z
      .string()
      .nullable()
      .describe("The activity that runs, or is tried again; null: none at this moment"),
    attempt: z.int().nullable(),
    lastFailure: z.string().nullable(),
    nextAttemptAt: time.nullable().describe("Null while an attempt runs"),
  })
  .meta({ id: "Activity" });

export const assetDetail = assetSummary
  .extend({
    file: z.string().nullable().describe("Relative to the project; null: derived"),
    sql: z.string().nullable(),
    ddl: z.string().nullable().describe("Of the landing table that it fills"),
    columns: z.array(
      z.object({
        name: z.string(),
        type: z.string(),
        description: z.string().nullable(),
        checks: z.array(z.string()),
      }),
    ),
    uniqueKey: z.array(z.string()),
    upkeep: z
      .object({ mode: z.enum(["incremental", "rebuild"]), reasons: z.array(z.string()) })
      .nullable()
      .describe("How an enriched table is brought up to date, and why it cannot be by increments"),
    codeHash: z.string().nullable(),
    codeChanged: z.boolean().describe("Whether its rows were made by other code than it has now"),
    freshness: z.object({ limit: z.string(), lateBySeconds: z.number().nullable() }).nullable(),
    activity: activity.nullable().describe("Null: its writer rests"),
    materializations: z.array(materialization).describe("The last 20, newest first"),
  })
  .meta({ id: "AssetDetail" });

export const lineage = z
  .object({
    nodes: z.array(assetSummary),
    edges: z.array(z.object({ from: assetKey, to: assetKey })),
  })
  .meta({ id: "Lineage" });
