import { z } from "zod";
import { activity } from "./assets.ts";
import { time } from "./common.ts";

export const runStatuses = [
  "running",
  "completed",
  "failed",
  "cancelled",
  "terminated",
  "continued",
  "timed_out",
] as const;

export const run = z
  .object({
    workflowId: z.string(),
    runId: z.string(),
    type: z.string(),
    status: z.enum(runStatuses),
    asset: z.string().nullable(),
    stream: z.string().nullable(),
    triggers: z.array(z.string()),
    startedAt: time,
    endedAt: time.nullable(),
    url: z.url().nullable(),
  })
  .meta({ id: "Run" });

export const runDetail = run
  .extend({
    historyEvents: z.int(),
    activities: z.array(activity),
    failure: z.string().nullable(),
    code: z.string().nullable().describe("Of the failure, where it is one of Lotus's own"),
    steps: z
      .array(z.object({ step: z.string(), outcome: z.string(), failed: z.boolean() }))
      .nullable()
      .describe("What a maintenance run did; null of other runs, and until it has ended"),
  })
  .meta({ id: "RunDetail" });
