import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Connections, Settings } from "../common/settings.ts";
import { threadPool } from "../gateway/thread-pool.ts";
import { GatewayUsers } from "../gateway/users.ts";
import { embeddedAnalyst } from "../platform/platform.ts";
import { Service } from "../platform/service.ts";
import { runningGateway, whereGateway, withLogin } from "./running-gateway.ts";

/** The gateway as a program beside us, with a memory and an event loop of its own. */
export interface GatewayProcess {
  /** What clients connect to now, with the embedded platform's user where it is embedded; null while it is away. */
  url(): string | null;
  stop(): Promise<void>;
}

const program = fileURLToPath(new URL("../bin/lotus.mjs", import.meta.url));

/**
 * Starts `lotus gateway` for a lake that runs, and starts it again when it dies. Its log is `logs/gateway.log` of the
 * state folder.
 * @throws LotusError when it does not start, with its last words
 */
export async function startGatewayProcess(
  settings: Settings,
  connections: Connections,
  options: { project: string; report: (line: string) => void },
): Promise<GatewayProcess> {
  const { stateDir } = settings;
  const analyst = settings.connections === null ? embeddedAnalyst(stateDir) : null;
  if (analyst)
    await new GatewayUsers(connections.catalogUrl, settings.gateway.database).ensure(
      analyst.user,
      analyst.password,
    );
  const logs = join(stateDir, "logs");
  mkdirSync(logs, { recursive: true });
  const service = new Service<"gateway">(
    {
      name: "gateway",
      title: "the gateway",
      command: process.execPath,
      args: [program, "gateway", "--project", options.project, "--ends-with", String(process.pid)],
      env: environment(),
      cwd: process.cwd(),
      logFile: join(logs, "gateway.log"),
      stopSignal: "SIGTERM",
      stopGraceMilliseconds: 15_000,
      isReady: async (pid) => runningGateway(stateDir)?.pid === pid,
      unreachable: "NOT_RUNNING",
    },
    { report: options.report, changed: () => {}, givenUp: () => {} },
  );
  const signalNow = () => service.signalNow();
  process.on("exit", signalNow);
  try {
    await service.start();
  } catch (error) {
    process.off("exit", signalNow);
    throw error;
  }
  return {
    url: () => {
      const url = whereGateway(settings);
      return url !== null && analyst ? withLogin(url, analyst) : url;
    },
    stop: async () => {
      await service.stop();
      process.off("exit", signalNow);
    },
  };
}

/** Ours: it reads the same settings. */
function environment(): Record<string, string> {
  const own = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  return { ...threadPool, ...own };
}
