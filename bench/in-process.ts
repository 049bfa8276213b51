import { join } from "node:path";
import type { Client } from "@temporalio/client";
import type { Project } from "../assets/definitions.ts";
import { loadProject } from "../assets/project.ts";
import type { Connections } from "../common/settings.ts";
import { Lake } from "../lake/lake.ts";
import { connectTemporal } from "../orchestration/connect.ts";
import { LotusEvents } from "../orchestration/events.ts";
import { startSensors } from "../orchestration/standing.ts";
import { collectStatus } from "../orchestration/status.ts";
import { startWorker } from "../orchestration/worker.ts";
import { ObjectStore } from "../sensors/object-store.ts";
import type { Stage } from "./stage.ts";

/** A lake that runs in the bench's own process. */
export interface LakeHere {
  lake: Lake;
  store: ObjectStore;
  client: Client;
  project: Project;
  events: LotusEvents;
  /** Waits until nothing more happens. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

export async function runLakeHere(stage: Stage, connections: Connections, dir: string): Promise<LakeHere> {
  const project = await loadProject(dir);
  const store = new ObjectStore(connections.s3);
  const temporal = await connectTemporal(connections.temporal);
  const { client } = temporal;
  const lake = await Lake.open({
    connections,
    engine: { memoryLimit: "4GB", threads: null },
    extensions: stage.tools.extensions,
    spillDir: join(stage.folder, "spill"),
  });
  const events = new LotusEvents();
  const worker = await startWorker({ lake, store, project, client, temporal: connections.temporal, events });
  await startSensors(client, project);
  const settle = async () => {
    while (!(await collectStatus({ lake, store, client, project })).settled) {
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  };
  return {
    lake,
    store,
    client,
    project,
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
