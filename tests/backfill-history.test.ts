import { Context } from "@temporalio/activity";
import { NativeConnection, Worker } from "@temporalio/worker";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectTemporal, registerSearchAttributes, type TemporalClient } from "../orchestration/connect.ts";
import { backfillId, taskQueue } from "../orchestration/names.ts";
import { startBackfill, tellBackfill } from "../orchestration/wake.ts";
import { bundleWorkflows } from "../orchestration/workflow-bundle.ts";
import { type Isolation, isolate } from "./support/isolation.ts";

/** The workflow of a backfill by itself, over activities that only count: how much history it leaves. */

let isolation: Isolation;
let temporal: TemporalClient;
beforeAll(async () => {
  isolation = await isolate();
  const { connections } = isolation;
  temporal = await connectTemporal(connections.temporal);
  await registerSearchAttributes(temporal, connections.temporal.namespace);
});
afterAll(async () => {
  await temporal?.close();
  isolation?.dispose();
});

/** Temporal ends a run at 51,200 events, and warns from 10,240 on. */
const WARNS_AT = 10_240;

test("a run ends after hundreds of chunks and a few thousand events, and hands on no more than its id", async () => {
  const { address, namespace } = isolation.connections.temporal;
  const { client } = temporal;
  const runs = new Set<string>();
  let done = 0;
  const activities = {
    beginBackfill: async () => ({ chunks: 1000 }),
    controlBackfill: async () => {},
    advanceBackfill: async ({ id }: { id: string }) => {
      runs.add(Context.current().info.workflowExecution?.runId ?? "");
      done += 1;
      await tellBackfill(client, id);
      return { ended: runs.size > 1 };
    },
  };
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowBundle: await bundleWorkflows(),
    activities,
  });
  const request = {
    mode: "reprocess",
    streams: Array.from({ length: 50 }, (_, index) => `shop/stream_${index}`),
    assets: [],
    downstreamOf: [],
    from: null,
    to: null,
    maxConcurrent: 2,
  } as const;
  await worker.runUntil(async () => {
    await startBackfill(client, "years", {
      request: { ...request, streams: [...request.streams], assets: [], downstreamOf: [] },
      requestedBy: "test",
    });
    await client.workflow.getHandle(backfillId("years")).result();
  });
  await connection.close();
  expect(done).toBeGreaterThan(300);
  expect(runs.size).toBe(2);
  for (const runId of runs) {
    const { historyLength } = await client.workflow.getHandle(backfillId("years"), runId).describe();
    expect(historyLength).toBeLessThan(WARNS_AT / 2);
  }
  // What was asked for travels once; after that, only the id.
  const last = await client.workflow.getHandle(backfillId("years")).fetchHistory();
  const sizes = (last.events ?? []).map((event) => JSON.stringify(event).length);
  expect(Math.max(...sizes)).toBeLessThan(5000);
}, 600_000);
