import { z } from "zod";
import { accepted, assetKey } from "./common.ts";

const rollBackPlan = z
  .object({
    asset: assetKey,
    snapshot: z.int(),
    rowsNow: z.int(),
    rowsThen: z.int(),
    goes: z
      .int()
      .describe("Rows that came since. Without a key, an update is one that goes and one that returns"),
    returns: z.int().describe("Rows that were deleted since"),
    reverts: z.int().describe("Rows that were updated since"),
    columnsGoing: z.array(z.string()).describe("There now, and not then, or of another type"),
    columnsReturning: z.array(z.string()).describe("There then, and not now, or of another type"),
    follows: z.array(assetKey).describe("What lies downstream, and follows"),
    filesLost: z
      .int()
      .describe("Files fed since that landing no longer holds: their rows do not return with the release"),
    means: z.array(z.string()).describe("All of it in words"),
  })
  .meta({ id: "RollBackPlan" });

export const rollBackRequest = z
  .object({
    to: z
      .union([z.string().min(1).max(100), z.int().min(0)])
      .describe("A snapshot's number, or a time in ISO 8601: the last snapshot until then"),
    dryRun: z.boolean().default(false).describe("Only say what it means"),
  })
  .meta({ id: "RollBackRequest" });

export const rollBackPlanned = z.object({ plan: rollBackPlan }).meta({ id: "RollBackPlanned" });

export const rollBackStarted = accepted.extend({ plan: rollBackPlan }).meta({ id: "RollBackStarted" });
