import { z } from "zod";
import { assetStates } from "./assets.ts";
import { assetKey, runLink, time } from "./common.ts";

export const throughput = z
  .object({ at: time, files: z.int(), rows: z.int(), bytes: z.int(), batches: z.int() })
  .meta({ id: "Throughput", description: "What was fed within an hour" });

export const streamSummary = z
  .object({
    source: z.string(),
    stream: z.string(),
    asset: assetKey.describe("Its processed table"),
    paused: z.boolean(),
    state: z.enum(assetStates).describe("Of its processed table"),
    reason: z.string().nullable(),
    cursor: z.string().nullable().describe("s3:// path of the furthest file that was fed"),
    lag: z.object({
      files: z.int(),
      bytes: z.int(),
      oldestSeconds: z.number().nullable().describe("How long the oldest of them has waited"),
    }),
    quarantinedFiles: z.int(),
    rows: z.int(),
    batches: z.int(),
    lastBatchAt: time.nullable(),
    throughput: z.array(throughput).describe("The last 24 hours, an entry an hour"),
    lookedAt: time.describe("When S3 was listed for this answer"),
  })
  .meta({ id: "StreamSummary" });

export const batch = z
  .object({
    id: z.string(),
    source: z.string(),
    stream: z.string(),
    files: z.int(),
    rows: z.int(),
    bytes: z.int(),
    quarantined: z.int(),
    firstKey: z.string().nullable(),
    lastKey: z.string().nullable(),
    startedAt: time,
    committedAt: time,
    seconds: z.number(),
    run: runLink.nullable().describe("Null where no run fed it"),
  })
  .meta({ id: "Batch" });

export const ledgerStates = ["fed", "removed", "lost"] as const;

export const ledgerFile = z
  .object({
    key: z.string(),
    etag: z.string(),
    size: z.int(),
    rows: z.int(),
    batch: z.string(),
    state: z.enum(ledgerStates),
    fedAt: time,
  })
  .meta({ id: "LedgerFile" });

export const streamDetail = streamSummary
  .extend({
    file: z.string(),
    syncMode: z.string(),
    destinationSyncMode: z.string(),
    primaryKey: z.array(z.string()),
    cursorField: z.string().nullable(),
    feeder: z.object({
      batchBytes: z.int(),
      batchFiles: z.int(),
      pollSeconds: z.number(),
      lookbackDays: z.number(),
      retention: z.string().describe("`keep`, or how long"),
      onNewColumn: z.string(),
    }),
    ddl: z.string(),
    lastBatches: z.array(batch).describe("The last 20, newest first"),
  })
  .meta({ id: "StreamDetail" });
