import { z } from "zod";

/** ISO 8601 in UTC. */
export const time = z.iso.datetime().describe("ISO 8601, UTC");

export const assetKey = z
  .string()
  .min(1)
  .max(300)
  .describe("int_SOURCE__STREAM, fct_*, dim_*, feeder_SOURCE_STREAM, landing_tables");

export const streamParams = z.object({
  source: z.string().min(1).max(200),
  stream: z.string().min(1).max(200),
});

/** A switch in a query string. */
export const flag = z.stringbool({ truthy: ["true"], falsy: ["false"] }).meta({ type: "boolean" });

/** A run, by ids that Temporal's UI and the CLI know. */
export const runLink = z
  .object({
    workflowId: z.string(),
    runId: z.string().nullable().describe("Null: whichever run of the workflow is the last"),
    url: z.url().nullable().describe("In Temporal's UI; null where its address is not known"),
  })
  .meta({ id: "RunLink" });

/** A response of JSON, and what it is. */
export function answer<T extends z.ZodType>(description: string, schema: T) {
  return { description, content: { "application/json": { schema } } };
}

/** What a request that changes something is answered with: it is under way, and this run does it. */
export const accepted = z.object({ run: runLink, message: z.string() }).meta({ id: "Accepted" });

/** The response of a route that hands work to a writer. */
export const handedOver = answer("The work was handed to its writer", accepted);
