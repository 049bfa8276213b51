import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Connections } from "../../common/settings.ts";
import { removeState, startPlatform } from "../../platform/platform.ts";
import type { Tools } from "../../platform/provision.ts";

/**
 * A platform in a process of its own, in a process group of its own. It ends, servers, state folder and all, as soon
 * as the process that asked for it is gone, however that came about: vitest does not wait for anybody on Ctrl-C.
 */
export interface HostedPlatform {
  connections: Connections;
  pid: number;
  /** Resolves when everything is stopped and the state folder deleted. */
  stop(): Promise<void>;
  /** Ends the host as a crash would: its servers are left over. */
  crash(): Promise<void>;
}

interface Order {
  stateDir: string;
  tools: Pick<Tools, "temporal" | "versitygw">;
  temporalNamespaces: string[];
}

/** Starts one. What it reports goes to standard error. */
export async function hostPlatform(order: Order): Promise<HostedPlatform> {
  const host = fork(fileURLToPath(import.meta.url), [JSON.stringify(order)], {
    execArgv: ["--import", "tsx"],
    detached: true,
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const exit = once(host, "exit");
  const answer = await Promise.race([once(host, "message"), exit]);
  if (host.exitCode !== null) throw new Error("the platform did not start; its messages are above");
  return {
    connections: answer[0] as Connections,
    pid: host.pid as number,
    stop: async () => {
      if (host.connected) host.disconnect();
      await exit;
    },
    crash: async () => {
      host.kill("SIGKILL");
      await exit;
    },
  };
}

async function runHost(order: Order): Promise<void> {
  const gone = new Promise((resolve) => process.once("disconnect", resolve));
  const platform = await startPlatform({ ...order, report: (line) => process.stderr.write(`${line}\n`) });
  if (process.connected) process.send?.(platform.connections);
  await gone;
  await platform.stop();
  await removeState(order.stateDir);
  process.exit(0);
}

const order = process.argv[2];
if (process.argv[1] === fileURLToPath(import.meta.url) && order) await runHost(JSON.parse(order));
