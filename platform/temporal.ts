import { join } from "node:path";
import { Connection } from "@temporalio/client";
import type { ServiceSpec } from "./service.ts";
import type { StatePaths } from "./state.ts";

/** Registered in every namespace, so that Temporal's UI can be filtered by them. */
export const searchAttributes = {
  LotusAsset: "Keyword",
  LotusStream: "Keyword",
  LotusTrigger: "Keyword",
} as const;

/** How to run Temporal's development server, with its state in one SQLite file. */
export function temporalService(
  paths: StatePaths,
  options: { program: string; port: number; uiPort: number; namespaces: readonly string[] },
): ServiceSpec {
  return {
    name: "temporal",
    title: "Temporal",
    command: options.program,
    args: [
      ...["server", "start-dev", "--ip", "127.0.0.1", "--port", String(options.port)],
      ...["--ui-port", String(options.uiPort), "--db-filename", paths.temporal, "--log-level", "error"],
      ...options.namespaces.flatMap((namespace) => ["--namespace", namespace]),
      ...Object.entries(searchAttributes).flatMap(([name, type]) => [
        "--search-attribute",
        `${name}=${type}`,
      ]),
    ],
    env: {
      PATH: process.env.PATH ?? "",
      HOME: paths.root, // Not the user's own Temporal configuration.
      TEMPORAL_VERSION_CHECK_DISABLED: "1", // It would ask the internet for newer versions.
    },
    cwd: paths.root,
    logFile: join(paths.logs, "temporal.log"),
    stopSignal: "SIGINT",
    stopGraceMilliseconds: 15_000,
    isReady: () => answers(`127.0.0.1:${options.port}`),
    unreachable: "TEMPORAL_UNREACHABLE",
  };
}

async function answers(address: string): Promise<boolean> {
  let connection: Connection | null = null;
  try {
    connection = await Connection.connect({ address, connectTimeout: 1_000 });
    await connection.workflowService.describeNamespace({ namespace: "default" });
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}
