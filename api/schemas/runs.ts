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
  .extend({ historyEvents: z.int(), activities: z.array(activity), failure: z.string().nullable() })
  .meta({ id: "RunDetail" });
