import { pino } from "pino";
import { type RunningApi, startApi } from "../../api/server.ts";
import type { Project } from "../../assets/definitions.ts";
import type { ApiToken } from "../../common/api-tokens.ts";
import type { Isolation } from "./isolation.ts";
import type { RunningLake } from "./run-lake.ts";

/** The API over a running lake, listening on a free port, as `lotus api` serves it: for whoever needs a socket. */
export function listeningApi(
  { connections }: Pick<Isolation, "connections">,
  { lake, store, client }: RunningLake,
  project: Project,
  tokens: readonly ApiToken[] = [],
  lastPort: number | null = null,
): Promise<RunningApi> {
  return startApi({
    settings: { host: "127.0.0.1", port: null, tokens: [...tokens], url: null },
    lastPort,
    maintenance: { keepMs: 0, orphanAgeMs: 0 },
    connections,
    project,
    lake,
    queryLake: lake,
    store,
    client,
    logger: pino({ level: "error" }),
    version: "0.0.0",
  });
}
