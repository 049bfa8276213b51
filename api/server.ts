import { createServer } from "node:net";
import type { Client } from "@temporalio/client";
import type { Logger } from "pino";
import type { Project } from "../assets/definitions.ts";
import { type ApiToken, STRONG_SECRET } from "../common/api-tokens.ts";
import { LotusError } from "../common/errors.ts";
import type { ApiSettings, Connections } from "../common/settings.ts";
import type { Lake } from "../lake/lake.ts";
import type { MaintenanceOptions } from "../orchestration/messages.ts";
import { LakeObserver } from "../orchestration/observer.ts";
import type { ObjectStore } from "../sensors/object-store.ts";
import { createApp } from "./app.ts";

export interface ApiOptions {
  settings: ApiSettings;
  /** Taken where the settings name no port and it is free. */
  lastPort: number | null;
  /** What a maintenance run keeps unless it is told otherwise. */
  maintenance: MaintenanceOptions;
  connections: Connections;
  project: Project;
  /** Opened for reading. */
  lake: Lake;
  /** Opened for reading, with a memory limit of its own: for queries from outside. */
  queryLake: Lake;
  store: ObjectStore;
  client: Client;
  logger: Logger;
  version: string;
}

/** The API, listening. */
export interface RunningApi {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** Answers what is under way and stops listening. */
  stop(): Promise<void>;
}

/**
 * Starts the API and the console that it serves.
 * @throws LotusError SETTINGS_INVALID when it would listen beyond this machine without a token, or the port is taken.
 */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const { settings, connections, project, lake, store, client, logger } = options;
  const { host, port, tokens } = settings;
  if (!isLoopback(host)) refuseOpenDoors(host, tokens);
  const observer = new LakeObserver({ lake, store, client, project });
  const { queryLake, version, maintenance, lastPort } = options;
  const { temporal } = connections;
  const app = await createApp(
    { project, lake, queryLake, store, client, temporal, observer, maintenance, tokens, version },
    logger,
  );
  try {
    const before = lastPort !== null && (await isFree(host, lastPort)) ? lastPort : 0;
    const url = await app.listen({ host, port: port ?? before });
    return { url: url.replace("[::1]", "127.0.0.1"), stop: () => app.close() };
  } catch (error) {
    await app.close();
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new LotusError(
      "SETTINGS_INVALID",
      `Port ${port} on ${host} is taken by another program. Set LOTUS_API_PORT to a free one.`,
      { cause: error },
    );
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ host, port }, () => probe.close(() => resolve(true)));
  });
}

function refuseOpenDoors(host: string, tokens: readonly ApiToken[]): void {
  const weak = tokens.find(({ secret }) => secret.length < STRONG_SECRET);
  if (tokens.length > 0 && !weak) return;
  const what =
    weak === undefined
      ? "would let everybody in who reaches it. Set LOTUS_API_TOKEN"
      : `needs secrets of ${STRONG_SECRET} characters or more, and that of ${weak.name} is shorter. Make one with \`openssl rand -hex 24\``;
  throw new LotusError(
    "SETTINGS_INVALID",
    `LOTUS_API_HOST=${host} ${what}, or leave LOTUS_API_HOST at 127.0.0.1.`,
  );
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
