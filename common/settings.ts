import { resolve } from "node:path";
import { z } from "zod";
import { type ApiToken, readTokens } from "./api-tokens.ts";
import { LotusError } from "./errors.ts";
import { parseDuration } from "./units.ts";

/** Where the lake's parts are. The embedded platform makes one of these; in production the environment does. */
export interface Connections {
  /** postgres:// URL of the database that holds the DuckLake catalog. */
  catalogUrl: string;
  s3: S3Connection;
  temporal: TemporalConnection;
}

export interface S3Connection {
  /** http(s)://host:port; null: AWS's own endpoint for the region. */
  endpoint: string | null;
  bucket: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
}

export interface TemporalConnection {
  /** host:port */
  address: string;
  namespace: string;
  /** Address of the web UI; null when unknown. */
  ui: string | null;
}

/** Limits of this process's DuckDB. */
export interface EngineSettings {
  /** DuckDB size text, e.g. `4GB`; null: DuckDB's default. */
  memoryLimit: string | null;
  threads: number | null;
}

/** Where the API listens, and who may use it. */
export interface ApiSettings {
  host: string;
  /** Null: whichever is free. */
  port: number | null;
  /** Empty: whoever reaches the loopback interface. */
  tokens: ApiToken[];
  /** Where commands find it; null: where it runs with this state folder. */
  url: string | null;
}

/** Where the gateway listens, and what it is. */
export interface GatewaySettings {
  host: string;
  /** Null: whichever is free. */
  port: number | null;
  /** The database that clients connect to, on the catalog's server. */
  database: string;
  /** PEM files; null: a certificate of its own. */
  certificate: { cert: string; key: string } | null;
  /** DuckDB size text: what all queries together may take. */
  memoryLimit: string;
  /** Where others find it: postgres://host:port/database; null: where it runs with this state folder. */
  url: string | null;
}

/** When the lake looks after itself, and what it keeps. */
export interface MaintenanceSettings {
  everyMs: number;
  /** Snapshots younger than this can be travelled to. */
  keepMs: number;
  /** Files of the lake's own that nothing names are left alone until they are older than this. */
  orphanAgeMs: number;
}

const duration = z.string().transform((text, context) => {
  const milliseconds = parseDuration(text);
  if (milliseconds === null) context.addIssue("must be a duration such as 1h or 7d");
  return milliseconds ?? 0;
});

const size = z.string().regex(/^\d+(\.\d+)?\s*([KMGT]i?B)$/i, "must be a size such as 4GB");

const environmentSchema = z.object({
  LOTUS_CATALOG_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "must begin with postgres://")
    .refine(isUrl, "is no URL: special characters of user and password must be percent-encoded")
    .optional(),
  LOTUS_S3_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  LOTUS_S3_BUCKET: z.string().min(1).optional(),
  AWS_ACCESS_KEY_ID: z.string().min(1).optional(),
  AWS_SECRET_ACCESS_KEY: z.string().min(1).optional(),
  AWS_REGION: z.string().min(1).optional(),
  LOTUS_TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^:]+:\d+$/, "must be host:port")
    .optional(),
  LOTUS_TEMPORAL_NAMESPACE: z.string().min(1).optional(),
  LOTUS_TEMPORAL_UI: z.url().optional(),
  LOTUS_API_TOKEN: z
    .string()
    .transform((text, context) => {
      const tokens = readTokens(text);
      if (tokens === null)
        context.addIssue(
          "must be one secret, or NAME:viewer|operator:SECRET, parted by commas; secrets in printable ASCII, without space and comma",
        );
      return tokens ?? [];
    })
    .optional(),
  LOTUS_API_HOST: z.string().min(1).default("127.0.0.1"),
  LOTUS_API_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  LOTUS_API_URL: z.url({ protocol: /^https?$/ }).optional(),
  LOTUS_GATEWAY_HOST: z.string().min(1).default("127.0.0.1"),
  LOTUS_GATEWAY_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  // The names of its roles begin with it, and names are short and in lower case.
  LOTUS_GATEWAY_DATABASE: z
    .string()
    .regex(
      /^(?!pg_|postgres$|template)[a-z_][a-z0-9_]{0,49}$/,
      "must be lower-case letters, digits and _, at most 50",
    )
    .default("lake"),
  LOTUS_GATEWAY_CERT: z.string().min(1).optional(),
  LOTUS_GATEWAY_KEY: z.string().min(1).optional(),
  LOTUS_GATEWAY_MEMORY: size.default("2GB"),
  LOTUS_GATEWAY_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  LOTUS_STATE_DIR: z.string().min(1).optional(),
  LOTUS_MEMORY_LIMIT: size.optional(),
  LOTUS_THREADS: z.coerce.number().int().min(1).optional(),
  LOTUS_MAINTENANCE_EVERY: duration.default(3_600_000),
  LOTUS_SNAPSHOT_KEEP: duration.default(7 * 86_400_000),
  LOTUS_ORPHAN_AGE: duration.default(86_400_000),
});

/** Every environment variable that Lotus reads; a test holds docker-compose.yml against it. */
export const environmentVariables = Object.keys(environmentSchema.shape);

export interface Settings {
  /** Null: the embedded platform provides them. */
  connections: Connections | null;
  /** Absolute. */
  stateDir: string;
  engine: EngineSettings;
  maintenance: MaintenanceSettings;
  api: ApiSettings;
  gateway: GatewaySettings;
}

/**
 * Reads the settings from the environment. Connections are either all there or not at all.
 * @throws LotusError SETTINGS_INVALID naming each variable at fault.
 */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const present = Object.fromEntries(
    environmentVariables.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])),
  );
  const parsed = environmentSchema.safeParse(present);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
    throw new LotusError("SETTINGS_INVALID", `Environment: ${faults.join("; ")}. Correct or unset it.`);
  }
  const env = parsed.data;
  return {
    connections: readConnections(env),
    stateDir: resolve(env.LOTUS_STATE_DIR ?? ".lotus"),
    maintenance: {
      everyMs: env.LOTUS_MAINTENANCE_EVERY,
      keepMs: env.LOTUS_SNAPSHOT_KEEP,
      orphanAgeMs: env.LOTUS_ORPHAN_AGE,
    },
    engine: { memoryLimit: env.LOTUS_MEMORY_LIMIT ?? null, threads: env.LOTUS_THREADS ?? null },
    api: {
      host: env.LOTUS_API_HOST,
      port: env.LOTUS_API_PORT ?? null,
      tokens: env.LOTUS_API_TOKEN ?? [],
      url: env.LOTUS_API_URL ?? null,
    },
    gateway: {
      host: env.LOTUS_GATEWAY_HOST,
      port: env.LOTUS_GATEWAY_PORT ?? null,
      database: env.LOTUS_GATEWAY_DATABASE,
      certificate: readCertificate(env),
      memoryLimit: env.LOTUS_GATEWAY_MEMORY,
      url: env.LOTUS_GATEWAY_URL ?? null,
    },
  };
}

function readCertificate(env: z.infer<typeof environmentSchema>): GatewaySettings["certificate"] {
  const { LOTUS_GATEWAY_CERT: cert, LOTUS_GATEWAY_KEY: key } = env;
  if (cert !== undefined && key !== undefined) return { cert: resolve(cert), key: resolve(key) };
  if (cert === undefined && key === undefined) return null;
  throw new LotusError(
    "SETTINGS_INVALID",
    "Environment: LOTUS_GATEWAY_CERT and LOTUS_GATEWAY_KEY go together. Set both, or none for a certificate of its own.",
  );
}

function isUrl(text: string): boolean {
  try {
    const { username, password, pathname } = new URL(text);
    return [username, password, pathname].every((part) => typeof decodeURIComponent(part) === "string");
  } catch {
    return false;
  }
}

function readConnections(env: z.infer<typeof environmentSchema>): Connections | null {
  const needed = {
    LOTUS_CATALOG_URL: env.LOTUS_CATALOG_URL,
    LOTUS_S3_BUCKET: env.LOTUS_S3_BUCKET,
    AWS_ACCESS_KEY_ID: env.AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY: env.AWS_SECRET_ACCESS_KEY,
    LOTUS_TEMPORAL_ADDRESS: env.LOTUS_TEMPORAL_ADDRESS,
  };
  // AWS credentials alone are often set for other tools; only Lotus's own names ask for outside services.
  const asked =
    env.LOTUS_CATALOG_URL ?? env.LOTUS_S3_BUCKET ?? env.LOTUS_S3_ENDPOINT ?? env.LOTUS_TEMPORAL_ADDRESS;
  if (asked === undefined) return null;
  const missing = Object.entries(needed).flatMap(([name, value]) => (value === undefined ? [name] : []));
  if (missing.length > 0) {
    throw new LotusError(
      "SETTINGS_INVALID",
      `Environment: ${missing.join(", ")} missing. Set all of ${Object.keys(needed).join(", ")}, or none for the embedded platform.`,
    );
  }
  return {
    catalogUrl: env.LOTUS_CATALOG_URL as string,
    s3: {
      endpoint: env.LOTUS_S3_ENDPOINT ?? null,
      bucket: env.LOTUS_S3_BUCKET as string,
      region: env.AWS_REGION ?? "us-east-1",
      accessKeyId: env.AWS_ACCESS_KEY_ID as string,
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY as string,
    },
    temporal: {
      address: env.LOTUS_TEMPORAL_ADDRESS as string,
      namespace: env.LOTUS_TEMPORAL_NAMESPACE ?? "default",
      ui: env.LOTUS_TEMPORAL_UI ?? null,
    },
  };
}
