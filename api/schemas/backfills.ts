import { z } from "zod";
import { assetKey, runLink, time } from "./common.ts";

export const backfillModes = ["reprocess", "refeed", "rebuild"] as const;
export const backfillStates = ["running", "paused", "cancelled", "done", "failed"] as const;
export const chunkStates = ["waiting", "running", "done", "failed", "cancelled"] as const;

const day = z.iso.date().describe("A partition day, YYYY-MM-DD");

export const backfillRequest = z
  .object({
    mode: z
      .enum(backfillModes)
      .describe(
        "`reprocess`: the processed models run again over rows that are in landing. `refeed`: files of the range that " +
          "retention removed and that are back in S3 are fed again. `rebuild`: whole tables are made anew",
      ),
    streams: z
      .array(z.string().regex(/^[^/]+\/[^/]+$/))
      .max(1000)
      .optional()
      .describe("SOURCE/STREAM"),
    assets: z.array(assetKey).max(1000).optional(),
    downstreamOf: z
      .array(assetKey)
      .max(100)
      .optional()
      .describe("And everything that reads these, near or far"),
    from: day.optional().describe("The first day; default: the earliest there is"),
    to: day.optional().describe("The last day, included; default: the latest there is"),
    maxConcurrent: z.int().min(1).max(16).default(2).describe("How many chunks run at once"),
    dryRun: z.boolean().default(false).describe("Only say what would happen"),
    idempotencyKey: z
      .string()
      .regex(/^[\w.:-]{1,100}$/)
      .optional()
      .describe("A second request with the same key is answered with the first one's backfill"),
  })
  .meta({ id: "BackfillRequest" });

export const backfillPlan = z
  .object({
    mode: z.enum(backfillModes),
    targets: z.array(
      z.object({
        asset: assetKey,
        stream: z.string().nullable(),
        from: day.nullable(),
        to: day.nullable(),
        days: z.int(),
        files: z.int(),
        bytes: z.int(),
        chunks: z.int(),
        obstacle: z
          .string()
          .nullable()
          .describe("Why it would fail as things stand; null: nothing is in the way"),
        note: z
          .string()
          .nullable()
          .describe("Why it is done otherwise than it was asked for; null: it is not"),
      }),
    ),
    downstream: z.array(assetKey).describe("What follows by itself"),
    days: z.int(),
    files: z.int(),
    bytes: z.int(),
    chunks: z.int(),
  })
  .meta({ id: "BackfillPlan" });

const chunkCounts = z
  .object({
    total: z.int(),
    waiting: z.int(),
    running: z.int(),
    done: z.int(),
    failed: z.int(),
    cancelled: z.int(),
  })
  .meta({ id: "ChunkCounts" });

export const backfill = z
  .object({
    id: z.string(),
    mode: z.enum(backfillModes),
    state: z.enum(backfillStates),
    requestedBy: z.string(),
    requestedAt: time,
    endedAt: time.nullable(),
    from: day.nullable(),
    to: day.nullable(),
    maxConcurrent: z.int(),
    streams: z.array(z.string()).describe("SOURCE/STREAM, as asked"),
    downstreamOf: z.array(assetKey).describe("As asked"),
    assets: z.array(assetKey).describe("The tables that it works on, upstream first"),
    tables: z.array(
      z.object({
        asset: assetKey,
        chunks: chunkCounts,
        files: z.int(),
        bytes: z.int(),
        changedRows: z.int().describe("So far"),
      }),
    ),
    chunks: chunkCounts,
    files: z.int(),
    bytes: z.int(),
    changedRows: z.int().describe("So far"),
    run: runLink,
  })
  .meta({ id: "Backfill" });

export const backfillChunk = z
  .object({
    number: z.int(),
    asset: assetKey,
    state: z.enum(chunkStates),
    from: day.nullable(),
    to: day.nullable(),
    files: z.int(),
    bytes: z.int(),
    changedRows: z.int().nullable(),
    message: z.string().nullable().describe("Why it failed"),
    startedAt: time.nullable(),
    endedAt: time.nullable(),
    run: runLink.nullable().describe("Of its writer; null before it began"),
  })
  .meta({ id: "BackfillChunk" });
