import { join, resolve } from "node:path";
import type { Client } from "@temporalio/client";
import type { Project } from "../assets/definitions.ts";
import { loadProject } from "../assets/project.ts";
import { type Connections, readSettings, type Settings } from "../common/settings.ts";
import { Lake } from "../lake/lake.ts";
import { threadsFor } from "../lake/threads.ts";
import { connectTemporal, type TemporalClient } from "../orchestration/connect.ts";
import { attachRunning } from "../platform/platform.ts";
import { lakeExtensions, provisionExtensions } from "../platform/provision.ts";
import { ObjectStore } from "../sensors/object-store.ts";
import { rememberedProject } from "./running-project.ts";

/** The lake, the bucket and Temporal, open. */
export interface Runtime {
  connections: Connections;
  /** Whether the embedded platform runs them. */
  embedded: boolean;
  lake: Lake;
  store: ObjectStore;
  client: Client;
  close(): Promise<void>;
}

/**
 * Opens the parts at these connections, checking each.
 * @throws LotusError CATALOG_UNREACHABLE, S3_UNREACHABLE or TEMPORAL_UNREACHABLE: which part, where, how to start it.
 */
export async function openRuntime(
  settings: Settings,
  connections: Connections,
  options: { mode: "read" | "write"; at?: string | undefined; report: (line: string) => void },
): Promise<Runtime> {
  const extensions = await provisionExtensions(lakeExtensions, options.report);
  const store = new ObjectStore(connections.s3);
  let temporal: TemporalClient | null = null;
  try {
    const requestMilliseconds = await store.check();
    temporal = await connectTemporal(connections.temporal);
    const lake = await Lake.open({
      connections,
      engine: {
        ...settings.engine,
        threads: settings.engine.threads ?? threadsFor(requestMilliseconds),
      },
      extensions,
      spillDir: join(settings.stateDir, "spill"),
      mode: options.mode,
      at: options.at,
    });
    const opened = temporal;
    return {
      connections,
      embedded: settings.connections === null,
      lake,
      store,
      client: opened.client,
      close: async () => {
        lake.close();
        store.close();
        await opened.close();
      },
    };
  } catch (error) {
    store.close();
    await temporal?.close();
    throw error;
  }
}

/**
 * Runs a command's work with the lake that runs (or that the environment names), opened for reading, and closes it
 * again. Commands never write: they read, and ask writers by Temporal. `at`: the lake as it was then (LakeOptions).
 * @throws LotusError NOT_RUNNING, or what opening throws.
 */
export async function withRunningLake<T>(work: (runtime: Runtime) => Promise<T>, at?: string): Promise<T> {
  const settings = readSettings();
  const connections = settings.connections ?? attachRunning(settings.stateDir);
  const runtime = await openRuntime(settings, connections, { mode: "read", at, report: () => {} });
  try {
    return await work(runtime);
  } finally {
    await runtime.close();
  }
}

/** The project that a command means: the one named, the one that runs, or the one here. */
export async function loadRunningProject(option: string | undefined): Promise<Project> {
  return loadProject(projectDir(option ?? rememberedProject(readSettings().stateDir) ?? "."));
}

/** Absolute folder of the project that a command works on. */
export function projectDir(option: string): string {
  return resolve(option);
}
