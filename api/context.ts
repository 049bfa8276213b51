import type { Client } from "@temporalio/client";
import type { Project } from "../assets/definitions.ts";
import type { ApiToken } from "../common/api-tokens.ts";
import type { TemporalConnection } from "../common/settings.ts";
import type { Lake } from "../lake/lake.ts";
import type { MaintenanceOptions } from "../orchestration/messages.ts";
import type { LakeObserver } from "../orchestration/observer.ts";
import type { ObjectStore } from "../sensors/object-store.ts";

/** What the API's routes work with. They read the lake, and ask writers by Temporal; they never write. */
export interface ApiContext {
  project: Project;
  /** Opened for reading. */
  lake: Lake;
  /** Opened for reading, with little memory: for queries from outside. */
  queryLake: Lake;
  store: ObjectStore;
  client: Client;
  temporal: TemporalConnection;
  observer: LakeObserver;
  /** What a maintenance run keeps unless it is told otherwise. */
  maintenance: MaintenanceOptions;
  tokens: readonly ApiToken[];
  version: string;
}
