import { Worker } from "@temporalio/worker";
import { describe, expect, it } from "vitest";
import { bundleWorkflows } from "../orchestration/workflow-bundle.ts";
import { readHistories } from "./support/histories.ts";

const histories = await readHistories();

describe("a recorded run replays, so that workflows which run today survive an upgrade", async () => {
  const workflowBundle = await bundleWorkflows();

  it.each(histories)("%s", async (_file, history) => {
    await Worker.runReplayHistory({ workflowBundle }, history);
  });

  it("covers every kind of workflow", () => {
    expect(histories.map(([file]) => file).sort()).toEqual([
      "automation.pb",
      "backfill.pb",
      "feeder.pb",
      "maintenance.pb",
      "materialize.pb",
      "sensor.pb",
    ]);
  });

  it("fails for a history that the workflow would not have made", async () => {
    const history = histories.find(([file]) => file === "feeder.pb")?.[1];
    for (const event of history?.events ?? []) {
      const type = event.activityTaskScheduledEventAttributes?.activityType;
      if (type) type.name = "anotherActivity";
    }
    await expect(Worker.runReplayHistory({ workflowBundle }, history)).rejects.toThrow(/[Nn]ondeterminism/);
  });
});
