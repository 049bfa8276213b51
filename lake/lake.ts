import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { LotusError, messageOf } from "../common/errors.ts";
import type { Connections, EngineSettings } from "../common/settings.ts";
import { createMetaSchema } from "./meta.ts";
import { Session } from "./session.ts";
import { literal } from "./sql.ts";

/** The extensions that the lake loads: name → a file to LOAD, or the name itself where it is installed. */
export type LakeExtensions = Record<"ducklake" | "postgres_scanner" | "httpfs", string>;

export interface LakeOptions {
  connections: Pick<Connections, "catalogUrl" | "s3">;
  engine: EngineSettings;
  extensions: LakeExtensions;
  /** Folder for DuckDB's spill files. */
  spillDir: string;
  /** `read`: nothing can be written through this lake, and none is created where there is none. */
  mode?: "write" | "read";
}

/**
 * The door to the DuckLake: one DuckDB instance with the catalog attached as `lakehouse`, and sessions on it.
 * A session is used by one piece of work at a time; between uses it is kept, since `USE` on a new one costs
 * up to 10 ms.
 */
export class Lake {
  readonly bucket: string;
  readonly #instance: DuckDBInstance;
  readonly #idle: Session[] = [];
  #closed = false;

  private constructor(instance: DuckDBInstance, bucket: string) {
    this.#instance = instance;
    this.bucket = bucket;
  }

  /**
   * Opens the lake; in mode `write` creates it where it does not exist yet.
   * @throws LotusError CATALOG_UNREACHABLE, S3_UNREACHABLE or LAKE_INCOMPATIBLE
   */
  static async open(options: LakeOptions): Promise<Lake> {
    await mkdir(options.spillDir, { recursive: true });
    const { engine } = options;
    const instance = await DuckDBInstance.create(":memory:", {
      ...(engine.memoryLimit ? { memory_limit: engine.memoryLimit } : {}),
      ...(engine.threads ? { threads: String(engine.threads) } : {}),
      temp_directory: join(options.spillDir, `duckdb-${process.pid}`),
    });
    const lake = new Lake(instance, options.connections.s3.bucket);
    try {
      await lake.#attach(options);
      return lake;
    } catch (error) {
      lake.close();
      throw error;
    }
  }

  /**
   * Runs `work` with a session of its own. A session whose work failed is not used again. Aborting `signal`
   * interrupts the statement that runs.
   */
  async withSession<T>(work: (session: Session) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const session = this.#idle.pop() ?? (await this.#connect());
    const interrupt = () => session.interrupt();
    signal?.addEventListener("abort", interrupt);
    try {
      const result = await work(session);
      if (this.#closed) session.close();
      else this.#idle.push(session);
      return result;
    } catch (error) {
      session.close();
      throw error;
    } finally {
      signal?.removeEventListener("abort", interrupt);
    }
  }

  /** Closes every idle session and the instance. Sessions in use end with their work. */
  close(): void {
    this.#closed = true;
    for (const session of this.#idle.splice(0)) session.close();
    this.#instance.closeSync();
  }

  async #connect(): Promise<Session> {
    if (this.#closed) throw new LotusError("CANCELLED", "The lake is closed; open it again.");
    const session = new Session(await this.#instance.connect());
    await session.execute("USE lakehouse.main");
    return session;
  }

  async #attach({ connections, extensions, mode }: LakeOptions): Promise<void> {
    const session = new Session(await this.#instance.connect());
    try {
      for (const extension of ["ducklake", "postgres_scanner", "httpfs"] as const) {
        await session.execute(`LOAD ${literal(extensions[extension])}`);
      }
      await session.execute(ENGINE_SETTINGS);
      await session.execute(s3Secret(connections.s3));
      await session.execute(catalogSecret(connections.catalogUrl));
      await attachCatalog(session, connections, mode === "read");
      if (mode !== "read") await createMetaSchema(session);
    } finally {
      session.close();
    }
  }
}

/**
 * `statistics_propagation` off: with it, reading an older snapshot or a change feed under a predicate prunes by
 * today's statistics and silently loses rows (ducklake issue 1377). It can only be set for a whole instance.
 * UTC: models must not depend on the machine's time zone.
 * Footers and HTTP metadata are cached because registering and reading a batch look at each of them twice.
 */
const ENGINE_SETTINGS = `
  SET disabled_optimizers = 'statistics_propagation';
  SET TimeZone = 'UTC';
  SET ducklake_max_retry_count = 30;
  SET ducklake_retry_wait_ms = 20;
  SET ducklake_retry_backoff = 1.2;
  SET enable_http_metadata_cache = true;
  SET parquet_metadata_cache = true;
  SET httpfs_connection_caching = true;
  SET http_retries = 5;
  SET autoinstall_known_extensions = false;
`;

function s3Secret(s3: Connections["s3"]): string {
  const endpoint = s3.endpoint === null ? null : new URL(s3.endpoint);
  return `CREATE SECRET lotus_s3 (TYPE s3, KEY_ID ${literal(s3.accessKeyId)}, SECRET ${literal(s3.secretAccessKey)},
    REGION ${literal(s3.region)}, SCOPE ${literal(`s3://${s3.bucket}`)}${
      endpoint
        ? `, ENDPOINT ${literal(endpoint.host)}, URL_STYLE 'path', USE_SSL ${literal(endpoint.protocol === "https:")}`
        : ""
    })`;
}

function catalogSecret(catalogUrl: string): string {
  const url = new URL(catalogUrl);
  return `CREATE SECRET lotus_catalog (TYPE postgres, HOST ${literal(url.hostname)}, PORT ${literal(Number(url.port || 5432))},
    DATABASE ${literal(decodeURIComponent(url.pathname.slice(1)))}, USER ${literal(decodeURIComponent(url.username))},
    PASSWORD ${literal(decodeURIComponent(url.password))})`;
}

async function attachCatalog(
  session: Session,
  connections: LakeOptions["connections"],
  readOnly: boolean,
): Promise<void> {
  const options = [
    `DATA_PATH ${literal(`s3://${connections.s3.bucket}/lakehouse/`)}`,
    "METADATA_SCHEMA 'ducklake'",
    "META_SECRET 'lotus_catalog'",
    ...(readOnly ? ["READ_ONLY", "CREATE_IF_NOT_EXISTS false"] : []),
  ];
  try {
    await session.execute(`ATTACH 'ducklake:postgres:' AS lakehouse (${options.join(", ")})`);
  } catch (error) {
    const { hostname, port } = new URL(connections.catalogUrl);
    throw new LotusError(
      "CATALOG_UNREACHABLE",
      `The catalog in Postgres at ${hostname}:${port || 5432} cannot be attached: ${firstLine(messageOf(error))}. ` +
        "Start Postgres, or correct LOTUS_CATALOG_URL.",
      { cause: error },
    );
  }
  const [encrypted] = await session.queryRaw(
    "SELECT value FROM ducklake_options('lakehouse') WHERE option_name = 'encrypted'",
  );
  if (encrypted?.value === "true") {
    throw new LotusError(
      "LAKE_INCOMPATIBLE",
      "The lake is encrypted; an encrypted DuckLake cannot read registered raw files. Use a lake without ENCRYPTED.",
    );
  }
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? text).trim();
}
