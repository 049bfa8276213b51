import { join } from "node:path";
import type { Client } from "@temporalio/client";
import type { WorkflowBundle } from "@temporalio/worker";
import type { Project } from "../../assets/definitions.ts";
import { Lake } from "../../lake/lake.ts";
import { connectTemporal, registerSearchAttributes } from "../../orchestration/connect.ts";
import { type LotusEvent, LotusEvents } from "../../orchestration/events.ts";
import { startSensors } from "../../orchestration/standing.ts";
import { collectStatus, type LakeStatus } from "../../orchestration/status.ts";
import { startWorker } from "../../orchestration/worker.ts";
import { ObjectStore } from "../../sensors/object-store.ts";
import type { Isolation } from "./isolation.ts";

export interface RunningLake {
  lake: Lake;
  store: ObjectStore;
  client: Client;
  /** What the worker did, as it happened. */
  events: LotusEvent[];
  /**
   * Makes every sensor look at once, then waits until nothing more happens by itself.
   * @throws Error when that takes longer than `withinMs` (default: 4 minutes), with what was going on.
   */
  settle(withinMs?: number): Promise<LakeStatus>;
  /** Stops the worker and closes everything. */
  stop(): Promise<void>;
}

/**
 * Runs a project's whole lake, worker included, in this process, on an isolation's parts: what `lotus up` does
 * without a platform of its own and without sample data.
 */
export async function runLake(
  isolation: Pick<Isolation, "connections" | "tools" | "folder">,
  project: Project,
  options: { workflowBundle?: WorkflowBundle } = {},
): Promise<RunningLake> {
  const { connections, tools, folder } = isolation;
  const store = new ObjectStore(connections.s3);
  const temporal = await connectTemporal(connections.temporal);
  const { client } = temporal;
  await registerSearchAttributes(temporal, connections.temporal.namespace);
  const lake = await Lake.open({
    connections,
    engine: { memoryLimit: "2GB", threads: 2 },
    extensions: tools.extensions,
    spillDir: join(folder, "spill"),
  });
  const events: LotusEvent[] = [];
  const emitter = new LotusEvents();
  emitter.listen((event) => events.push(event));
  const worker = await startWorker({
    lake,
    store,
    project,
    client,
    temporal: connections.temporal,
    events: emitter,
    ...options,
  });

  async function settle(withinMs = 240_000): Promise<LakeStatus> {
    const deadline = Date.now() + withinMs;
    await startSensors(client, project);
    for (;;) {
      const status = await collectStatus({ lake, store, client, project });
      if (status.settled) return status;
      if (Date.now() > deadline) throw new Error(`not settled after ${withinMs} ms: ${unsettled(status)}`);
      await Promise.race([
        new Promise((resolve) => setTimeout(resolve, 500)),
        worker.ended.then(() => {
          throw new Error("the worker ended");
        }),
      ]);
    }
  }

  return {
    lake,
    store,
    client,
    events,
    settle,
    stop: async () => {
      await worker.stop();
      lake.close();
      store.close();
      await temporal.close();
    },
  };
}

function unsettled(status: LakeStatus): string {
  const assets = status.assets.filter((asset) => asset.state !== "fresh");
  return assets.map(({ key, state, message }) => `${key} is ${state} (${message})`).join("; ");
}
