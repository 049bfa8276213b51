import { z } from "zod";
import { parseDuration } from "../../common/units.ts";

const duration = z
  .string()
  .max(30)
  .refine((text) => parseDuration(text) !== null, "is no duration such as 12h or 7d");

export const maintenanceRequest = z
  .object({
    keep: duration.optional().describe("Snapshots younger than this stay: `7d`; default: the lake's setting"),
    orphanAge: duration
      .optional()
      .describe("Files that nothing knows and that are younger stay: `1d`; default: the lake's setting"),
    dryRun: z.boolean().default(false).describe("Only say what would go"),
  })
  .meta({ id: "MaintenanceRequest" });

const sized = { key: z.string(), size: z.int() };

export const maintenancePlan = z
  .object({
    retention: z
      .array(
        z.object({
          source: z.string(),
          stream: z.string(),
          retentionMs: z.int().nullable(),
          blocked: z.string().nullable().describe("Why nothing is removed; null: nothing is in the way"),
          files: z.int(),
          rows: z.int(),
          bytes: z.int(),
          days: z.array(z.string()),
          keys: z.array(z.string()),
        }),
      )
      .describe("What leaves landing; of each stream that does not keep everything"),
    expiry: z.object({
      snapshots: z.array(z.int()).describe("Those that expire"),
      oldestKept: z.int(),
      keptBecause: z.enum(["needed", "young", "open transaction", "current"]),
      neededBy: z
        .object({ asset: z.string(), upstream: z.string(), snapshot: z.int() })
        .nullable()
        .describe("Who reads on from it, where that is why it stays"),
    }),
    cleanUp: z
      .object({
        own: z.array(z.object({ entry: z.int(), path: z.string() })).describe("Files of the lake's own"),
        raw: z.array(z.object({ ...sized, etag: z.string() })).describe("Raw files"),
        spared: z.array(z.string()).describe("Given up by the catalog, and not for Lotus to delete"),
        entries: z.array(z.int()),
      })
      .describe("What is deleted"),
    orphans: z.array(z.object(sized)).describe("Left by crashes, and deleted"),
  })
  .meta({ id: "MaintenancePlan" });
