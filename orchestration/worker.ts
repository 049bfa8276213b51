import type { Client } from "@temporalio/client";
import {
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundleOption,
} from "@temporalio/worker";
import { assetStates } from "../assets/asset-states.ts";
import type { Project } from "../assets/definitions.ts";
import { createStreamTables } from "../assets/feeder/rebuild.ts";
import { LotusError, messageOf } from "../common/errors.ts";
import type { TemporalConnection } from "../common/settings.ts";
import { readFence } from "../lake/fence.ts";
import type { Lake } from "../lake/lake.ts";
import { openScratch } from "../lake/session.ts";
import type { ObjectStore } from "../sensors/object-store.ts";
import { createActivities } from "./activities/index.ts";
import type { LotusEvents } from "./events.ts";
import { taskQueue } from "./names.ts";
import { refuseOvertaken } from "./overtaken.ts";
import { Feeders } from "./worker-context.ts";
import { bundleWorkflows } from "./workflow-bundle.ts";

export interface WorkerOptions {
  lake: Lake;
  store: ObjectStore;
  project: Project;
  client: Client;
  temporal: TemporalConnection;
  events: LotusEvents;
  /** Made once where several workers start; bundled here otherwise. See workflow-bundle.ts. */
  workflowBundle?: WorkflowBundleOption;
}

/** A worker that polls. */
export interface RunningWorker {
  /** Lets running activities end (or interrupts them after a grace) and stops polling. */
  stop(): Promise<void>;
  /** Settles when the worker has ended; rejects when it died. */
  ended: Promise<void>;
}

/**
 * Starts a worker on this lake and project, after the tables of every stream are there.
 * @throws LotusError TEMPORAL_UNREACHABLE
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  quietRuntime();
  const { lake, store, project, client, temporal, events } = options;
  const scratch = await openScratch();
  const feeders = new Feeders({ lake, store, project, scratch });
  await createTables(options, feeders);
  const connection = await connectWorker(temporal);
  const worker = await Worker.create({
    connection,
    namespace: temporal.namespace,
    taskQueue,
    workflowBundle: options.workflowBundle ?? (await bundleWorkflows()),
    activities: createActivities({
      lake,
      store,
      project,
      client,
      events,
      feeders,
      failed: await failedAssets(lake),
      startedAt: new Date(),
    }),
    interceptors: { activity: [refuseOvertaken(client)] },
    // Activities of different tables run side by side; DuckDB shares its threads and its memory limit among them.
    maxConcurrentActivityTaskExecutions: 8,
    // A workflow's state is disposable: one that cannot go on (its code changed under it, or has a defect) fails, and
    // whoever wakes it next starts it afresh, instead of waiting for somebody to terminate it.
    workflowFailureErrorTypes: { "*": ["Error"] },
    shutdownGraceTime: "10 seconds",
    maxHeartbeatThrottleInterval: "10 seconds",
  });
  const ended = worker.run().finally(async () => {
    await connection.close();
    scratch.close();
  });
  ended.catch(() => {});
  return {
    ended,
    stop: async () => {
      if (worker.getState() === "RUNNING") worker.shutdown();
      await ended.catch(() => {});
    },
  };
}

async function failedAssets(lake: Lake): Promise<Set<string>> {
  const states = await lake.withSession(assetStates);
  return new Set([...states.values()].filter(({ state }) => state === "failed").map(({ asset }) => asset));
}

/** The asset `landing_tables`: every stream's landing and processed table exists before anything reads them. */
async function createTables({ lake, project }: WorkerOptions, feeders: Feeders): Promise<void> {
  for (const stream of project.streams)
    await createStreamTables(await feeders.get(stream.source, stream.stream));
  await lake.withSession(async (session) => {
    for (const model of project.models) await readFence(session, model.asset);
  });
}

async function connectWorker(temporal: TemporalConnection): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect({ address: temporal.address });
  } catch (error) {
    throw new LotusError(
      "TEMPORAL_UNREACHABLE",
      `Temporal at ${temporal.address} does not answer: ${messageOf(error)}. Start it, or correct LOTUS_TEMPORAL_ADDRESS.`,
      { cause: error },
    );
  }
}

let quiet = false;

/** Temporal's own log lines are for debugging the SDK; errors still come through. */
function quietRuntime(): void {
  if (quiet) return;
  quiet = true;
  Runtime.install({
    logger: new DefaultLogger("ERROR"),
    telemetryOptions: { logging: { forward: {}, filter: "ERROR" } },
    shutdownSignals: [],
  });
}
