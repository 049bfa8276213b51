import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Connections } from "../common/settings.ts";
import { removeState, startPlatform } from "../platform/platform.ts";
import { eventually, signalProcess } from "../platform/processes.ts";
import type { Tools } from "../platform/provision.ts";
import type { ServiceName } from "../platform/service.ts";
import { readState, statePaths } from "../platform/state.ts";
import { startToxiproxy } from "./toxiproxy.ts";

/** Postgres, S3, Temporal and toxiproxy under a process of their own; each server can be hit by itself. */
export interface Servers {
  connections: Connections;
  /** The port of toxiproxy's API. */
  toxiproxy: number;
  /** Sends a signal to a server; one that ends by it is started again. @returns false when it was not up. */
  signal(server: ServiceName, signal: NodeJS.Signals): boolean;
  /** Resolves when all of them run. */
  allUp(): Promise<void>;
  /** Resolves when all are stopped, and the state folder deleted unless `keep`. */
  stop(keep: boolean): Promise<void>;
  /** Rejects when the platform ends by itself. */
  ended: Promise<never>;
}

interface Order {
  stateDir: string;
  tools: Pick<Tools, "temporal" | "versitygw">;
  toxiproxy: string;
}

type Message = { kind: "up"; connections: Connections; toxiproxy: number } | { kind: "stop"; keep: boolean };

const startMilliseconds = 90_000;

export async function startServers(order: Order): Promise<Servers> {
  const host = fork(fileURLToPath(import.meta.url), [JSON.stringify(order)], {
    execArgv: ["--import", "tsx"],
    // Not in the terminal's process group: a Ctrl-C reaches the harness, which then stops what it started.
    detached: true,
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const exit = once(host, "exit");
  const [first] = (await Promise.race([once(host, "message"), exit])) as [Message | number | null];
  if (first === null || typeof first === "number" || first.kind !== "up") {
    throw new Error("the platform did not start; its messages are above");
  }
  let stopping = false;
  const ended = exit.then((): never => {
    throw new Error(
      stopping ? "the platform was stopped" : "the platform ended by itself; its messages are above",
    );
  });
  ended.catch(() => {});
  const paths = statePaths(order.stateDir);
  const pids = () => readState(paths)?.pids;
  return {
    connections: first.connections,
    toxiproxy: first.toxiproxy,
    signal: (server, signal) => {
      const pid = pids()?.[server];
      return pid != null && signalProcess(pid, signal);
    },
    allUp: async () => {
      const up = () => Object.values(pids() ?? { none: null }).every((pid) => pid !== null);
      if (!(await eventually(up, startMilliseconds, 100))) throw new Error("a server does not come back");
    },
    stop: async (keep) => {
      stopping = true;
      if (host.connected) host.send({ kind: "stop", keep } satisfies Message);
      await exit;
    },
    ended,
  };
}

async function runHost(order: Order): Promise<void> {
  let keep = false;
  const over = new Promise<void>((resolve) => {
    process.on("message", (message: Message) => {
      if (message.kind !== "stop") return;
      keep = message.keep;
      resolve();
    });
    // Whoever asked for it is gone, however that came about.
    process.once("disconnect", () => resolve());
  });
  const platform = await startPlatform({ ...order, report: (line) => process.stderr.write(`  ${line}\n`) });
  platform.onExit(() => process.exit(1));
  const toxiproxy = await startToxiproxy(order.toxiproxy, join(order.stateDir, "logs", "toxiproxy.log"));
  const { connections } = platform;
  process.send?.({ kind: "up", connections, toxiproxy: toxiproxy.api } satisfies Message);
  await over;
  await toxiproxy.stop();
  await platform.stop();
  if (!keep) await removeState(order.stateDir);
  process.exit(0);
}

const order = process.argv[2];
if (process.argv[1] === fileURLToPath(import.meta.url) && order) await runHost(JSON.parse(order));
