import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { activityInfo, CancelledFailure, type Context, type Info } from "@temporalio/activity";
import { NativeConnection, Worker } from "@temporalio/worker";
import { afterAll, beforeAll, expect, test } from "vitest";
import { feedBatch } from "../assets/feeder/feed-batch.ts";
import { openScratch, type Session } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import { connectTemporal, type TemporalClient } from "../orchestration/connect.ts";
import { materializeId, taskQueue } from "../orchestration/names.ts";
import { isOvertaken, refuseOvertaken } from "../orchestration/overtaken.ts";
import { tickSensor, wakeMaterialize } from "../orchestration/wake.ts";
import { Feeders } from "../orchestration/worker-context.ts";
import { bundleWorkflows } from "../orchestration/workflow-bundle.ts";
import { type Isolation, isolate } from "./support/isolation.ts";
import { loadFiles } from "./support/project-fixture.ts";
import { runLake } from "./support/run-lake.ts";

/** A process that stood still, and wakes when its work was done by another. */

let isolation: Isolation;
let temporal: TemporalClient;
let generator: Session;
beforeAll(async () => {
  isolation = await isolate();
  temporal = await connectTemporal(isolation.connections.temporal);
  generator = await openScratch();
});
afterAll(async () => {
  generator.close();
  await temporal.close();
  isolation.dispose();
});

test("an attempt that Temporal has given up does not begin", async () => {
  const { client } = temporal;
  const { address, namespace } = isolation.connections.temporal;
  const connection = await NativeConnection.connect({ address });
  const attempts: Info[] = [];
  const answers: boolean[] = [];
  const late = (info: Info) => ({ ...info, currentAttemptScheduledTimestampMs: Date.now() - 60_000 });
  const worker = await Worker.create({
    namespace,
    taskQueue,
    connection,
    workflowBundle: await bundleWorkflows(),
    interceptors: { activity: [refuseOvertaken(client)] },
    activities: {
      materialize: async () => {
        const info = activityInfo();
        attempts.push(info);
        if (info.attempt === 1) throw new Error("as if it had timed out");
        answers.push(await isOvertaken(client, late(info)));
        answers.push(await isOvertaken(client, late(attempts[0] as Info)));
        // One that does not begin late is not asked about.
        answers.push(await isOvertaken(client, attempts[0] as Info));
      },
    },
  });
  await worker.runUntil(async () => {
    await wakeMaterialize(client, "fct_late", { kind: "materialize", trigger: "manual", full: false });
    await client.workflow.getHandle(materializeId("fct_late")).result();
  });
  await connection.close();
  expect(answers).toEqual([false, true, false]);

  // Its run is over, or was never known: whoever wakes now has nothing to do.
  const [first] = attempts.map(late) as [Info, Info];
  let began = false;
  for (const info of [first, { ...first, workflowExecution: { workflowId: "none", runId: randomUUID() } }]) {
    const { inbound } = refuseOvertaken(client)({ info } as Context);
    const running = inbound?.execute?.({ args: [], headers: {} }, async () => {
      began = true;
    });
    await expect(running).rejects.toThrow(CancelledFailure);
  }
  expect(began).toBe(false);
});

test("a generation that was fed, and whose feeder did not come to publish it, is published", async () => {
  const project = await loadFiles({
    "dag/streams/shop/prices.json": {
      stream: "prices",
      sync_mode: "full_refresh",
      destination_sync_mode: "overwrite",
      fields: { page: { type: "string" }, cents: { type: "integer" } },
      feeder: { poll: "1h" },
    },
  });
  const running = await runLake(isolation, project);
  try {
    await running.settle();
    const path = join(isolation.folder, "raw.parquet");
    await generator.execute(
      `COPY (SELECT 'a' AS page, 5::BIGINT AS cents, uuid()::VARCHAR AS _airbyte_raw_id, now() AS _airbyte_extracted_at,
        '{}' AS _airbyte_meta, 1::BIGINT AS _airbyte_generation_id) TO ${literal(path)} (FORMAT parquet)`,
    );
    await running.store.put("raw/shop/prices/year=2026/month=01/day=02/a.parquet", await readFile(path));
    const { lake, store, client } = running;
    const feeders = new Feeders({ lake, store, project, scratch: generator });
    const outcome = await feedBatch(await feeders.get("shop", "prices"), { batchId: "late", runId: "late" });
    expect(outcome).toMatchObject({ files: 1, remaining: 0 });
    const rows = () =>
      lake.withSession((session) =>
        session.queryRaw("SELECT page, cents::INTEGER AS cents FROM int_shop__prices"),
      );
    expect(await rows()).toEqual([]);
    await tickSensor(client, { source: "shop", stream: "prices" });
    await expect.poll(rows, { timeout: 60_000 }).toEqual([{ page: "a", cents: 5 }]);
    expect((await running.settle()).idle).toBe(true);
  } finally {
    await running.stop();
  }
});
