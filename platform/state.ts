import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Connections } from "../common/settings.ts";

/** What the state folder remembers from one start to the next. Holds secrets: only its owner may read it. */
const stateSchema = z.object({
  /** `running` while everything answers; other commands read the connections only then. */
  phase: z.enum(["starting", "running", "stopped"]),
  ports: z.object({
    postgres: z.number().int(),
    s3: z.number().int(),
    temporal: z.number().int(),
    temporalUi: z.number().int(),
  }),
  secrets: z.object({
    postgresPassword: z.string(),
    s3AccessKey: z.string(),
    s3SecretKey: z.string(),
    /** Of the gateway's user `analyst`. A state that an earlier version wrote has none. */
    analystPassword: z.string().default(() => randomBytes(24).toString("hex")),
  }),
  /** For people; null while a service does not run. */
  pids: z.object({
    postgres: z.number().int().nullable(),
    s3: z.number().int().nullable(),
    temporal: z.number().int().nullable(),
  }),
});

export type PlatformState = z.infer<typeof stateSchema>;

/** Absolute paths inside a state folder. */
export interface StatePaths {
  root: string;
  lock: string;
  state: string;
  /** A folder, or a link to one where Postgres's account cannot reach the state folder. */
  postgres: string;
  s3: string;
  /** Object metadata, where the file system has no extended attributes. (A name that begins with `s3` is refused.) */
  s3Metadata: string;
  temporal: string;
  logs: string;
}

/** The layout of a state folder. `stateDir` is absolute. */
export function statePaths(stateDir: string): StatePaths {
  return {
    root: stateDir,
    lock: join(stateDir, "lock"),
    state: join(stateDir, "platform.json"),
    postgres: join(stateDir, "postgres"),
    s3: join(stateDir, "s3"),
    s3Metadata: join(stateDir, "object-metadata"),
    temporal: join(stateDir, "temporal.db"),
    logs: join(stateDir, "logs"),
  };
}

export const freshSecrets = (): PlatformState["secrets"] => ({
  postgresPassword: randomBytes(24).toString("hex"),
  s3AccessKey: `LOTUS${randomBytes(8).toString("hex").toUpperCase()}`,
  s3SecretKey: randomBytes(24).toString("hex"),
  analystPassword: randomBytes(24).toString("hex"),
});

/** Null when there is none yet, or it cannot be read: ports and secrets can be made anew. */
export function readState(paths: StatePaths): PlatformState | null {
  if (!existsSync(paths.state)) return null;
  try {
    return stateSchema.parse(JSON.parse(readFileSync(paths.state, "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") throw error;
    return null;
  }
}

/** Written beside and renamed, so that a reader or a crash never meets half a file. */
export function writeState(paths: StatePaths, state: PlatformState): void {
  mkdirSync(paths.root, { recursive: true });
  const draft = `${paths.state}.${randomBytes(4).toString("hex")}`;
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, paths.state);
}

export const bucketName = "landing";

/** The connections of a lake with this state. */
export function connectionsOf(state: PlatformState, temporalNamespace = "default"): Connections {
  const { ports, secrets } = state;
  return {
    catalogUrl: `postgres://lotus:${secrets.postgresPassword}@127.0.0.1:${ports.postgres}/lotus`,
    s3: {
      endpoint: `http://127.0.0.1:${ports.s3}`,
      bucket: bucketName,
      region: "us-east-1",
      accessKeyId: secrets.s3AccessKey,
      secretAccessKey: secrets.s3SecretKey,
    },
    temporal: {
      address: `127.0.0.1:${ports.temporal}`,
      namespace: temporalNamespace,
      ui: `http://127.0.0.1:${ports.temporalUi}`,
    },
  };
}
