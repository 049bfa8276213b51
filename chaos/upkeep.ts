import type { Client } from "@temporalio/client";
import type { Project } from "../assets/definitions.ts";
import type { MaintenanceStep } from "../orchestration/messages.ts";
import { maintenanceId, taskQueue } from "../orchestration/names.ts";
import { wakeFeeder, wakeMaterialize } from "../orchestration/wake.ts";
import type { Request } from "./plan.ts";

/** How long the harness's lake keeps what nobody needs, ms: short, so that there is something to expire and to delete. */
const KEEP_MS = 20_000;
/** Longer than a batch may take on a slow machine: what is being written belongs to nothing yet. */
const ORPHAN_AGE_MS = 600_000;

/** Asks a writer for a piece of work, or for all of the maintenance. */
export async function ask(client: Client, project: Project, request: Request): Promise<void> {
  const trigger = "manual";
  switch (request.kind) {
    case "maintenance":
      await startMaintenance(client);
      return;
    case "compactEnriched":
      for (const { asset } of project.models) {
        await wakeMaterialize(client, asset, { kind: "compact", trigger, notify: null });
      }
      return;
    case "quarantine": {
      const stream = { source: "shop", stream: request.stream };
      await wakeFeeder(client, stream, { kind: "quarantine", trigger, action: "retry", key: null });
      return;
    }
    default:
      await wakeFeeder(
        client,
        { source: "shop", stream: request.stream },
        { kind: request.kind, trigger, notify: null },
      );
  }
}

/** Maintains a lake that nothing disturbs. @returns what failed all the same. */
export async function maintain(client: Client): Promise<string[]> {
  const run = await startMaintenance(client);
  // One that began while the world was broken may rightly have failed steps.
  await run.result().catch(() => {});
  const steps: MaintenanceStep[] = await (await startMaintenance(client)).result();
  return steps
    .filter((step) => step.failed)
    .map(({ step, outcome }) => `maintenance: ${step} failed: ${outcome}`);
}

function startMaintenance(client: Client) {
  return client.workflow.start("maintenance", {
    workflowId: maintenanceId,
    taskQueue,
    args: [{ keepMs: KEEP_MS, orphanAgeMs: ORPHAN_AGE_MS }],
    workflowIdConflictPolicy: "USE_EXISTING",
  });
}
