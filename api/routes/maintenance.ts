import { z } from "zod";
import { planMaintenance } from "../../assets/maintenance-plan.ts";
import { parseDuration } from "../../common/units.ts";
import { startMaintenance } from "../../orchestration/wake.ts";
import type { App } from "../app.ts";
import type { ApiContext } from "../context.ts";
import { linkOf } from "../links.ts";
import { problems } from "../problems.ts";
import { answer, handedOver } from "../schemas/common.ts";
import { maintenancePlan, maintenanceRequest } from "../schemas/maintenance.ts";

/** What keeps the lake small, now. */
export function maintenanceRoutes(app: App, context: ApiContext): void {
  const { lake, store, project, client, temporal, maintenance } = context;

  app.post(
    "/maintenance/run",
    {
      schema: {
        tags: ["maintenance"],
        operationId: "runMaintenance",
        summary: "Retention, compaction, expiry, clean-up and orphans now; or what would go (dryRun)",
        description: "Joins a run that somebody else has started by hand. Its run says what each step did.",
        body: maintenanceRequest.prefault({}),
        response: {
          200: answer("What would go", z.object({ plan: maintenancePlan })),
          202: handedOver,
          ...problems(),
        },
      },
      config: { dryRuns: true },
    },
    async ({ body: { keep, orphanAge, dryRun } }, reply) => {
      const limits = {
        keepMs: millisecondsOf(keep) ?? maintenance.keepMs,
        orphanAgeMs: millisecondsOf(orphanAge) ?? maintenance.orphanAgeMs,
      };
      if (dryRun) {
        const plan = await planMaintenance({ lake, store, project }, { now: new Date(), ...limits });
        return reply.code(200).send({ plan });
      }
      const run = await startMaintenance(client, limits);
      return reply.code(202).send({ run: linkOf(temporal, run), message: "The lake is looked after" });
    },
  );
}

function millisecondsOf(text: string | undefined): number | null {
  return text === undefined ? null : parseDuration(text);
}
