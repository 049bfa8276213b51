import { join, resolve } from "node:path";
import type { Client } from "@temporalio/client";
import type { Connections, Settings } from "../common/settings.ts";
import { Lake } from "../lake/lake.ts";
import { connectTemporal, type TemporalClient } from "../orchestration/connect.ts";
import { attachRunning } from "../platform/platform.ts";
import { lakeExtensions, provisionExtensions } from "../platform/provision.ts";
import { ObjectStore } from "../sensors/object-store.ts";

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
  options: { mode: "read" | "write"; report: (line: string) => void },
): Promise<Runtime> {
  const extensions = await provisionExtensions(lakeExtensions, options.report);
  const store = new ObjectStore(connections.s3);
  let temporal: TemporalClient | null = null;
  try {
    await store.check();
    temporal = await connectTemporal(connections.temporal);
    const lake = await Lake.open({
      connections,
      engine: settings.engine,
      extensions,
      spillDir: join(settings.stateDir, "spill"),
      mode: options.mode,
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

/** The connections of the environment, or of the lake that runs on the state folder. @throws LotusError NOT_RUNNING */
export function findConnections(settings: Settings): Connections {
  return settings.connections ?? attachRunning(settings.stateDir);
}

/** Absolute folder of the project that a command works on. */
export function projectDir(option: string | undefined): string {
  return resolve(option ?? ".");
}
