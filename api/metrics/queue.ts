import { Gauge, type Registry } from "prom-client";
import { taskQueue } from "../../orchestration/names.ts";
import type { ApiContext } from "../context.ts";

/** Temporal's numbers for the two kinds of tasks (TaskQueueType). */
const TASKS = { workflow: 1, activity: 2 } as const;

/** What is being worked on, and what waits for a worker. */
export function createQueue(
  registry: Registry,
  { client, temporal, observer, project }: ApiContext,
): () => Promise<void> {
  const running = new Gauge({
    name: "lotus_running_writers",
    help: "Writers that run: of streams, and of enriched tables",
    labelNames: ["type"] as const,
    registers: [registry],
  });
  const waiting = new Gauge({
    name: "lotus_queue_tasks",
    help: "Tasks that wait for a worker, as Temporal estimates",
    labelNames: ["type"] as const,
    registers: [registry],
  });
  const age = new Gauge({
    name: "lotus_queue_age_seconds",
    help: "How long the oldest of the tasks has waited",
    labelNames: ["type"] as const,
    registers: [registry],
  });
  const workers = new Gauge({
    name: "lotus_workers",
    help: "Workers that ask for work",
    registers: [registry],
  });

  return async () => {
    const seen = await observer.current();
    const models = project.models.filter(({ asset }) => seen.running.has(asset)).length;
    running.set({ type: "feeder" }, seen.running.size - models);
    running.set({ type: "materialize" }, models);
    for (const [type, taskQueueType] of Object.entries(TASKS)) {
      const { stats, pollers } = await client.workflowService.describeTaskQueue({
        namespace: temporal.namespace,
        taskQueue: { name: taskQueue },
        taskQueueType,
        reportStats: true,
      });
      waiting.set({ type }, Number(stats?.approximateBacklogCount ?? 0));
      age.set({ type }, Number(stats?.approximateBacklogAge?.seconds ?? 0));
      if (type === "activity") workers.set(new Set(pollers.map(({ identity }) => identity)).size);
    }
  };
}
