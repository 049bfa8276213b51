import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { choosePort } from "../platform/ports.ts";
import { endProcess, eventually } from "../platform/processes.ts";

export type ProxyName = "postgres" | "s3" | "temporal";

/** A disturbance of a connection, in toxiproxy's words. */
export interface Toxic {
  type: "latency" | "reset_peer" | "timeout" | "limit_data" | "bandwidth" | "slicer";
  /** `upstream`: what goes to the server. */
  stream: "upstream" | "downstream";
  attributes: Record<string, number>;
}

/** Toxiproxy in front of some servers. */
export interface Proxies {
  /** Where each proxy listens. */
  ports: Record<ProxyName, number>;
  /** Disturbs what goes through, until the function that comes back is called. */
  poison(proxy: ProxyName, toxic: Toxic): Promise<() => Promise<void>>;
  /** Breaks off all connections and refuses new ones, until the function that comes back is called. */
  cut(proxy: ProxyName): Promise<() => Promise<void>>;
  /** Everything is as if there were no proxy. */
  heal(): Promise<void>;
}

/** Runs the server, whose API listens on the port; ends with the process that called. */
export async function startToxiproxy(
  program: string,
  logFile: string,
): Promise<{ api: number; stop: () => Promise<void> }> {
  const api = await choosePort(undefined, []);
  const log = openSync(logFile, "a");
  const child: ChildProcess = spawn(program, ["-host", "127.0.0.1", "-port", String(api)], {
    stdio: ["ignore", log, log],
    detached: true,
  });
  closeSync(log);
  child.on("error", () => {}); // A failed spawn shows as an API that does not answer.
  process.on("exit", () => child.kill("SIGKILL"));
  const answers = async () =>
    fetch(`http://127.0.0.1:${api}/version`).then(
      (answer) => answer.ok,
      () => false,
    );
  if (!(await eventually(answers, 10_000))) throw new Error(`toxiproxy does not answer; see ${logFile}`);
  return {
    api,
    stop: async () => {
      if (child.pid !== undefined) await endProcess(child.pid, "SIGTERM", 2_000);
    },
  };
}

/** Makes a proxy for each of these servers (host:port). */
export async function makeProxies(api: number, servers: Record<ProxyName, string>): Promise<Proxies> {
  const taken: number[] = [];
  const choose = async () => {
    const port = await choosePort(undefined, taken);
    taken.push(port);
    return port;
  };
  const ports = { postgres: await choose(), s3: await choose(), temporal: await choose() };
  const send = (path: string, body?: unknown) =>
    request(`http://127.0.0.1:${api}${path}`, body === undefined ? "DELETE" : "POST", body);
  let toxics = 0;
  for (const [name, upstream] of Object.entries(servers)) {
    const listen = `127.0.0.1:${ports[name as ProxyName]}`;
    await send("/proxies", { name, listen, upstream, enabled: true });
  }
  return {
    ports,
    poison: async (proxy, toxic) => {
      toxics += 1;
      const name = `toxic-${toxics}`;
      await send(`/proxies/${proxy}/toxics`, { name, ...toxic });
      return () => send(`/proxies/${proxy}/toxics/${name}`);
    },
    cut: async (proxy) => {
      await send(`/proxies/${proxy}`, { enabled: false });
      return () => send(`/proxies/${proxy}`, { enabled: true });
    },
    heal: () => send("/reset", {}),
  };
}

async function request(url: string, method: "POST" | "DELETE", body: unknown): Promise<void> {
  const answer = await fetch(url, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`toxiproxy: ${url}: ${answer.status} ${text}`);
}
