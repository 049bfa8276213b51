import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { LotusError, messageOf } from "../common/errors.ts";
import { readPostgresUrl } from "../common/postgres-login.ts";
import type { Connections } from "../common/settings.ts";
import { barrierSql } from "./barrier.ts";
import { CommitRelay } from "./commit-relay.ts";
import { translateError } from "./faults.ts";
import { Gate } from "./gate.ts";
import type { LakeOptions } from "./lake.ts";
import { createMetaSchema } from "./meta.ts";
import { Session } from "./session.ts";
import { resolveSnapshot } from "./snapshot-point.ts";
import { claimSpillFolder } from "./spill.ts";
import { literal } from "./sql.ts";

/**
 * One DuckDB instance with the catalog attached as `lakehouse`, and the sessions on it that are free. Once attached it
 * reaches nothing else any more (barrier.ts).
 */
export class Engine {
  readonly #instance: DuckDBInstance;
  readonly #relay: CommitRelay | null;
  readonly #home: string;
  readonly #idle: Session[] = [];
  readonly #gate = new Gate();
  #closed = false;

  private constructor(instance: DuckDBInstance, relay: CommitRelay | null, home: string) {
    this.#instance = instance;
    this.#home = home;
    this.#relay = relay;
  }

  /** @throws LotusError CATALOG_UNREACHABLE, LAKE_INCOMPATIBLE or SETTINGS_INVALID */
  static async open(options: LakeOptions): Promise<Engine> {
    const { memoryLimit, threads } = options.engine;
    const instance = await DuckDBInstance.create(":memory:", {
      ...(memoryLimit ? { memory_limit: memoryLimit } : {}),
      ...(threads ? { threads: String(threads) } : {}),
      temp_directory: await claimSpillFolder(options.spillDir),
    });
    // Who only reads has no commit that could be in doubt.
    const relay =
      options.mode === "read"
        ? null
        : await CommitRelay.open(readPostgresUrl(options.connections.catalogUrl));
    const engine = new Engine(instance, relay, options.home ?? "lakehouse.main");
    try {
      const session = new Session(await instance.connect());
      try {
        await attach(session, options, relay?.port ?? null);
      } catch (error) {
        relay?.cut();
        throw error;
      } finally {
        session.close();
      }
      return engine;
    } catch (error) {
      engine.close();
      throw error;
    }
  }

  /** A session that nobody else uses, in the schema that the options name. */
  async take(): Promise<Session> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    const session = new Session(await this.#connect(), this.#gate);
    await session.execute(`USE ${this.#home}`);
    return session;
  }

  /** Sets how many threads it has; null: as many as the machine has cores. Waits for the statements that run. */
  async setThreads(threads: number | null): Promise<void> {
    const session = new Session(await this.#connect());
    try {
      const sql = threads === null ? "RESET threads" : `SET threads = ${literal(threads)}`;
      await this.#gate.alone(() => session.execute(sql));
    } finally {
      session.close();
    }
  }

  async #connect(): Promise<DuckDBConnection> {
    try {
      return await this.#instance.connect();
    } catch (error) {
      throw translateError(error);
    }
  }

  /** Gives back a session whose work went well; others are to be closed. */
  giveBack(session: Session): void {
    if (this.#closed) session.close();
    else this.#idle.push(session);
  }

  /** Closes it when it failed in itself. What still runs in it fails, but for a COMMIT that is under way. */
  abandon(): void {
    this.#relay?.cut();
    this.close();
  }

  /** Closes every idle session and the instance. Sessions in use end with their work. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const session of this.#idle.splice(0)) session.close();
    this.#instance.closeSync();
    this.#relay?.close();
  }
}

async function attach(session: Session, options: LakeOptions, relayPort: number | null): Promise<void> {
  const { connections, extensions, mode, at } = options;
  for (const extension of ["ducklake", "postgres_scanner", "httpfs"] as const) {
    await session.execute(`LOAD ${literal(extensions[extension])}`);
  }
  await session.execute(ENGINE_SETTINGS);
  await createSecret(session, s3Secret(connections.s3));
  await createSecret(session, catalogSecret(connections.catalogUrl, relayPort));
  await attachCatalog(session, connections, mode === "read");
  if (at !== undefined) {
    const snapshot = await resolveSnapshot(session, at);
    await session.execute("DETACH lakehouse");
    await attachCatalog(session, connections, true, snapshot);
  }
  for (const statement of options.prelude ?? []) await session.execute(statement);
  await session.execute(barrierSql(connections.s3.bucket));
  if (mode !== "read") await createMetaSchema(session);
}

/**
 * GLOBAL, because an extension's option is the session's otherwise, and this session ends.
 * `statistics_propagation` off: with it, reading an older snapshot or a change feed under a predicate prunes by
 * today's statistics and silently loses rows (ducklake issue 1377). It can only be set for a whole instance.
 * `top_n_window_elimination` off: it turns "the latest row of each key" into an aggregate, which cannot spill: 300 MB
 * for a million rows of 70 bytes, against 120 MB.
 * UTC: models must not depend on the machine's time zone.
 * HTTP metadata are cached because registering and reading a batch look at each of its files twice.
 * An upload is held in memory by parts of a ten-thousandth of the largest file foreseen: 80 MB for each file that is
 * written, by default; here 10 MB. No file of the lake's comes near 100 GB (DuckLake begins another one at 512 MB).
 * The httpfs extension takes AWS keys from the environment into settings, which any query can read. The lake's own are
 * in a secret.
 */
const ENGINE_SETTINGS = `
  SET GLOBAL disabled_optimizers = 'statistics_propagation,top_n_window_elimination';
  SET GLOBAL TimeZone = 'UTC';
  SET GLOBAL ducklake_max_retry_count = 30;
  SET GLOBAL ducklake_retry_wait_ms = 20;
  SET GLOBAL ducklake_retry_backoff = 1.2;
  SET GLOBAL enable_http_metadata_cache = true;
  SET GLOBAL s3_uploader_max_filesize = '100GB';
  SET GLOBAL autoinstall_known_extensions = false;
  SET GLOBAL autoload_known_extensions = false;
  SET GLOBAL s3_access_key_id = '';
  SET GLOBAL s3_secret_access_key = '';
  SET GLOBAL s3_session_token = '';
`;

/** DuckDB quotes the statement that it refuses, and this one holds a password: nothing of it goes on. */
async function createSecret(session: Session, sql: string): Promise<void> {
  await session.execute(sql).catch(() => {
    throw new LotusError(
      "SETTINGS_INVALID",
      "DuckDB does not take the credentials of Postgres or S3. Correct LOTUS_CATALOG_URL and the AWS settings.",
    );
  });
}

function s3Secret(s3: Connections["s3"]): string {
  const endpoint = s3.endpoint === null ? null : new URL(s3.endpoint);
  return `CREATE SECRET lotus_s3 (TYPE s3, KEY_ID ${literal(s3.accessKeyId)}, SECRET ${literal(s3.secretAccessKey)},
    REGION ${literal(s3.region)}, SCOPE ${literal(`s3://${s3.bucket}`)}${
      endpoint
        ? `, ENDPOINT ${literal(endpoint.host)}, URL_STYLE 'path', USE_SSL ${literal(endpoint.protocol === "https:")}`
        : ""
    })`;
}

function catalogSecret(catalogUrl: string, relayPort: number | null): string {
  const { host, port, database, user, password } = readPostgresUrl(catalogUrl);
  return `CREATE SECRET lotus_catalog (TYPE postgres, HOST ${literal(relayPort === null ? host : "127.0.0.1")},
    PORT ${literal(relayPort ?? port)}, DATABASE ${literal(database)}, USER ${literal(user)}, PASSWORD ${literal(password)})`;
}

async function attachCatalog(
  session: Session,
  connections: LakeOptions["connections"],
  readOnly: boolean,
  snapshot: number | null = null,
): Promise<void> {
  const options = [
    `DATA_PATH ${literal(`s3://${connections.s3.bucket}/lakehouse/`)}`,
    "METADATA_SCHEMA 'ducklake'",
    "META_SECRET 'lotus_catalog'",
    ...(readOnly ? ["READ_ONLY", "CREATE_IF_NOT_EXISTS false"] : []),
    ...(snapshot === null ? [] : [`SNAPSHOT_VERSION ${literal(snapshot)}`]),
  ];
  try {
    await executeThroughRace(session, `ATTACH 'ducklake:postgres:' AS lakehouse (${options.join(", ")})`);
  } catch (error) {
    const { host, port } = readPostgresUrl(connections.catalogUrl);
    throw new LotusError(
      "CATALOG_UNREACHABLE",
      `The catalog in Postgres at ${host}:${port} cannot be attached: ${firstLine(messageOf(error))}. ` +
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

/** Of two processes that create the catalog at once, Postgres lets one through; the other finds it made. */
async function executeThroughRace(session: Session, sql: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await session.execute(sql);
    } catch (error) {
      if (attempt === 5 || !/duplicate key value|already exists/.test(messageOf(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200 * attempt));
    }
  }
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? text).trim();
}
