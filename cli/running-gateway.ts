import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Settings } from "../common/settings.ts";
import { processStart } from "../platform/processes.ts";

const schema = z.object({
  host: z.string(),
  port: z.number().int(),
  database: z.string(),
  /** Who listens, and since when: a pid alone is given out again. */
  pid: z.number().int(),
  start: z.string().nullable(),
});

/** Where a gateway listens. */
export interface GatewayAddress {
  host: string;
  port: number;
  database: string;
}

function file(stateDir: string): string {
  return join(stateDir, "gateway.json");
}

function read(stateDir: string): z.infer<typeof schema> | null {
  try {
    return schema.parse(JSON.parse(readFileSync(file(stateDir), "utf8")));
  } catch {
    return null;
  }
}

/** Notes where the gateway of this state folder listens, which is this process. */
export function rememberGateway(stateDir: string, { host, port, database }: GatewayAddress): void {
  mkdirSync(stateDir, { recursive: true });
  const { pid } = process;
  const draft = `${file(stateDir)}.${pid}`;
  writeFileSync(draft, `${JSON.stringify({ host, port, database, pid, start: processStart(pid) })}\n`);
  renameSync(draft, file(stateDir));
}

/** The gateway that runs with this state folder, and its process; null when none does. */
export function runningGateway(stateDir: string): (GatewayAddress & { pid: number }) | null {
  const noted = read(stateDir);
  return noted !== null && noted.start !== null && processStart(noted.pid) === noted.start ? noted : null;
}

/** The port that a gateway of this state folder listened on last, or null. */
export function lastGatewayPort(stateDir: string): number | null {
  return read(stateDir)?.port ?? null;
}

/** What clients connect to: where the settings say, or where a gateway runs with this state folder; null: nowhere. */
export function whereGateway(settings: Settings): string | null {
  if (settings.gateway.url !== null) return settings.gateway.url;
  const running = runningGateway(settings.stateDir);
  return running && gatewayUrl(running);
}

/** `postgres://host:port/database`. */
export function gatewayUrl({ host, port, database }: GatewayAddress): string {
  return `postgres://${reachable(host)}:${port}/${database}`;
}

/** The same with who connects; a password that is empty is left to be asked for. */
export function withLogin(gateway: string, { user, password }: { user: string; password: string }): string {
  const url = new URL(gateway);
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password);
  return url.href;
}

/** An address to connect to, of one to listen on. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
