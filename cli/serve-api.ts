import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { destination, type Logger, pino } from "pino";
import { type RunningApi, startApi } from "../api/server.ts";
import type { Project } from "../assets/definitions.ts";
import type { Settings } from "../common/settings.ts";
import { Lake } from "../lake/lake.ts";
import { lakeExtensions, provisionExtensions } from "../platform/provision.ts";
import { forgetApi, lastApiPort, rememberApi } from "./running-project.ts";
import type { Runtime } from "./runtime.ts";

/** What queries from outside may take, whatever the worker beside them does. */
const QUERY_MEMORY = "1GB";

/**
 * Starts the API over an open runtime, with a DuckDB of its own for queries from outside, and notes where it is on the
 * state folder, for commands and for the next start. `log`: a file for a terminal
 * that shows something else; null: standard output.
 */
export async function serveApi(
  runtime: Runtime,
  settings: Settings,
  project: Project,
  options: { log: "file" | "stdout" },
): Promise<RunningApi> {
  const { connections, lake, store, client } = runtime;
  const extensions = await provisionExtensions(lakeExtensions, () => {});
  const queryLake = await Lake.open({
    connections,
    engine: { memoryLimit: QUERY_MEMORY, threads: settings.engine.threads },
    extensions,
    spillDir: join(settings.stateDir, "spill"),
    mode: "read",
  });
  try {
    const logger = options.log === "file" ? fileLogger(settings.stateDir) : pino();
    const { version } = createRequire(import.meta.url)("../package.json") as { version: string };
    const api = await startApi({
      settings: settings.api,
      lastPort: lastApiPort(settings.stateDir),
      maintenance: settings.maintenance,
      connections,
      project,
      lake,
      queryLake,
      store,
      client,
      logger,
      version,
    });
    rememberApi(settings.stateDir, api.url);
    return {
      url: api.url,
      stop: async () => {
        forgetApi(settings.stateDir, api.url);
        await api.stop();
        queryLake.close();
      },
    };
  } catch (error) {
    queryLake.close();
    throw error;
  }
}

function fileLogger(stateDir: string): Logger {
  const folder = join(stateDir, "logs");
  mkdirSync(folder, { recursive: true });
  return pino(destination({ dest: join(folder, "api.log"), sync: false }));
}
