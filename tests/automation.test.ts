import { NativeConnection, Worker } from "@temporalio/worker";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectTemporal, type TemporalClient } from "../orchestration/connect.ts";
import { automationId, taskQueue } from "../orchestration/names.ts";
import { tellAutomation } from "../orchestration/wake.ts";
import { bundleWorkflows } from "../orchestration/workflow-bundle.ts";
import { type Isolation, isolate } from "./support/isolation.ts";

/** The automation's own memory of what it woke, with activities that only say what they were asked. */

let isolation: Isolation;
let temporal: TemporalClient;
beforeAll(async () => {
  isolation = await isolate();
  temporal = await connectTemporal(isolation.connections.temporal);
});
afterAll(async () => {
  await temporal.close();
  isolation.dispose();
});

test("a writer that is done before it is known that it was woken is not waited for", async () => {
  const { client } = temporal;
  const asked: string[][] = [];
  const { address, namespace } = isolation.connections.temporal;
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    namespace,
    taskQueue,
    connection,
    workflowBundle: await bundleWorkflows(),
    activities: {
      wakeStale: async ({ running }: { running: string[] }) => {
        asked.push(running);
        if (asked.length > 1) return { woken: [], deferred: [] };
        await tellAutomation(client, { kind: "settled", asset: "fct_quick" });
        return { woken: ["fct_quick", "fct_slow"], deferred: [] };
      },
    },
  });
  await worker.runUntil(async () => {
    await tellAutomation(client, { kind: "settled", asset: "landing_tables" });
    await expect.poll(() => asked.length, { timeout: 60_000 }).toBeGreaterThan(1);
  });
  expect(asked.slice(0, 2)).toEqual([[], ["fct_slow"]]);
  await connection.close();
  await client.workflow.getHandle(automationId).terminate();
});
