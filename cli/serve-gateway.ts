import { pino } from "pino";
import type { Project } from "../assets/definitions.ts";
import type { Connections, Settings } from "../common/settings.ts";
import { type RunningGateway, startGateway } from "../gateway/server.ts";
import { lakeExtensions, provisionExtensions } from "../platform/provision.ts";
import { lastGatewayPort, rememberGateway } from "./running-gateway.ts";

/**
 * Starts the gateway in this process, and notes where it is on the state folder, for commands and for the next start.
 * It logs to standard output.
 */
export async function serveGateway(
  settings: Settings,
  connections: Connections,
  project: Project,
): Promise<RunningGateway> {
  const gateway = await startGateway({
    connections,
    project,
    settings: settings.gateway,
    lastPort: lastGatewayPort(settings.stateDir),
    engine: { memoryLimit: settings.gateway.memoryLimit, threads: settings.engine.threads },
    extensions: await provisionExtensions(lakeExtensions, () => {}),
    stateDir: settings.stateDir,
    logger: pino(),
  });
  rememberGateway(settings.stateDir, gateway);
  return gateway;
}
