import { z } from "zod";
import type { App } from "../app.ts";
import type { ApiContext } from "../context.ts";
import { pageOf, pageQuery } from "../paging.ts";
import { problems } from "../problems.ts";
import { listRuns, readRun } from "../read/runs.ts";
import { answer, handedOver } from "../schemas/common.ts";
import { run, runDetail, runStatuses } from "../schemas/runs.ts";

const moment = z.iso.datetime({ offset: true });
const one = z.object({ workflowId: z.string().min(1).describe("Percent-encoded: feeder%2Fshop%2Forders") });
const ofRun = z.object({ runId: z.uuid().optional().describe("Default: the workflow's last run") });

/** Runs, as Temporal knows them: what started before its retention is not known any more. */
export function runRoutes(app: App, { client, temporal }: ApiContext): void {
  app.get(
    "/runs",
    {
      schema: {
        tags: ["runs"],
        operationId: "listRuns",
        summary: "Runs: those that run, the newest first; then the others, those that ended last first",
        querystring: pageQuery.extend({
          asset: z.string().optional(),
          stream: z.string().optional().describe("SOURCE/STREAM"),
          trigger: z.string().optional(),
          status: z.enum(runStatuses).optional(),
          type: z
            .string()
            .optional()
            .describe("feeder, materialize, sensor, automation, maintenance, backfill"),
          after: moment.optional().describe("Started then or later"),
          before: moment.optional().describe("Started before"),
        }),
        response: { 200: answer("A page of runs", pageOf(run)), ...problems() },
      },
    },
    ({ query }) => listRuns(client, temporal, query, query),
  );

  app.get(
    "/runs/:workflowId",
    {
      schema: {
        tags: ["runs"],
        operationId: "getRun",
        summary: "One run",
        params: one,
        querystring: ofRun,
        response: { 200: answer("The run", runDetail), ...problems(404) },
      },
    },
    ({ params, query }) => readRun(client, temporal, params.workflowId, query.runId),
  );

  app.post(
    "/runs/:workflowId/cancel",
    {
      schema: {
        tags: ["runs"],
        operationId: "cancelRun",
        summary: "Cancel a run: its statement is interrupted, and nothing of it stays",
        params: one,
        querystring: ofRun,
        response: { 202: handedOver, ...problems(404) },
      },
    },
    async ({ params: { workflowId }, query: { runId } }, reply) => {
      const found = await readRun(client, temporal, workflowId, runId);
      await client.workflow.getHandle(workflowId, found.runId).cancel();
      const { url } = found;
      return reply
        .code(202)
        .send({ run: { workflowId, runId: found.runId, url }, message: "It will be cancelled" });
    },
  );
}
