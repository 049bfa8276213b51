import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";
import type { Logger } from "pino";
import type { Project } from "../assets/definitions.ts";
import { LotusError, messageOf } from "../common/errors.ts";
import { readPostgresUrl } from "../common/postgres-login.ts";
import type { Connections, EngineSettings, GatewaySettings } from "../common/settings.ts";
import { Addresses } from "../lake/addresses.ts";
import { Lake, type LakeExtensions } from "../lake/lake.ts";
import { PgCatalog } from "./catalog.ts";
import { gatewayCertificate } from "./certificate.ts";
import { ClientChannel } from "./client-channel.ts";
import { type Greeting, hangUp, hear } from "./greeting.ts";
import { HotTables } from "./hot-tables.ts";
import { LakeReader } from "./lake-reader.ts";
import { logIn, Refused } from "./login.ts";
import { PgError } from "./pg-error.ts";
import { ServedTables } from "./served/served-tables.ts";
import { Session } from "./session.ts";
import { connectionTo, withClient } from "./shadow/connection.ts";
import { describeTables } from "./shadow/descriptions.ts";
import { ShadowDatabase } from "./shadow/shadow-database.ts";
import { Snapshots } from "./snapshots.ts";
import { loadGrammar } from "./statements.ts";
import { macros } from "./translate/macros.ts";
import type { ServerAddress } from "./upstream.ts";
import { errorResponse } from "./wire/messages.ts";

export interface GatewayOptions {
  connections: Pick<Connections, "catalogUrl" | "s3">;
  /** For comments and keys of the tables; null: they have none. */
  project: Project | null;
  settings: GatewaySettings;
  /** The port that it listened on last, taken again where it is free and none is asked for. */
  lastPort: number | null;
  engine: EngineSettings;
  extensions: LakeExtensions;
  stateDir: string;
  logger: Logger;
}

export interface RunningGateway {
  host: string;
  port: number;
  database: string;
  /** Ends all sessions. */
  stop(): Promise<void>;
}

/** How long a client may take to log in. */
const LOGIN_MS = 30_000;
/** Clients that have not logged in yet, at once; whoever came first of them has to go when there are more. */
const MOST_STRANGERS = 100;

/**
 * Serves the lake over Postgres's protocol.
 * @throws LotusError when a part that it needs does not answer, or the port is taken.
 */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { connections, settings, logger } = options;
  const { database, host } = settings;
  const certificate = await gatewayCertificate(options.stateDir, settings.certificate);
  await loadGrammar();
  const lake = await Lake.open({
    connections,
    engine: options.engine,
    extensions: options.extensions,
    spillDir: join(options.stateDir, "spill"),
    mode: "read",
    prelude: [...macros, ...HotTables.prelude],
    home: "memory.main",
  });
  const descriptions = describeTables(options.project);
  const shadow = await ShadowDatabase.open({
    catalogUrl: connections.catalogUrl,
    database,
    lake,
    descriptions,
    logger,
  });
  const shown = await shadow.sync();
  const catalog = await withClient(connectionTo(connections.catalogUrl, database), (client) =>
    PgCatalog.load(client),
  );
  const snapshots = new Snapshots(connections.catalogUrl);
  const hot = new HotTables(lake);
  const { catalogUrl } = connections;
  const served = new ServedTables({ catalogUrl, database, lake, snapshots, logger });
  const reader = new LakeReader({ lake, hot, served, snapshots, shadow, catalog, database }, shown);
  const door = new Door({
    reader,
    server: { ...(await addressOf(connections.catalogUrl)), database },
    secrets: createSecureContext({ ...certificate, minVersion: "TLSv1.2" }),
    logger,
  });
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, (socket) =>
    door.enter(socket),
  );
  const port = await listen(server, host, settings.port, options.lastPort);
  served.start(reader);
  logger.info({ host, port, database, tables: shown.tables.size }, "the gateway listens");
  return {
    host,
    port,
    database,
    stop: async () => {
      server.close();
      await door.close();
      await served.close();
      await hot.close();
      await snapshots.close();
      await shadow.close();
      lake.close();
    },
  };
}

async function addressOf(catalogUrl: string): Promise<ServerAddress> {
  const { host, port } = readPostgresUrl(catalogUrl);
  return { host, port, lookup: (await Addresses.of(host)).lookup };
}

async function listen(
  server: Server,
  host: string,
  port: number | null,
  last: number | null,
): Promise<number> {
  const attempt = (wanted: number) =>
    new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port: wanted }, () => {
        server.off("error", reject);
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : wanted);
      });
    });
  if (port === null) return attempt(last ?? 0).catch(() => attempt(0));
  return attempt(port).catch((cause) => {
    throw new LotusError(
      "SETTINGS_INVALID",
      `The gateway cannot listen on ${host}:${port}: ${messageOf(cause)}. Choose another LOTUS_GATEWAY_HOST or LOTUS_GATEWAY_PORT.`,
      { cause },
    );
  });
}

interface DoorOptions {
  reader: LakeReader;
  server: ServerAddress & { database: string };
  secrets: SecureContext;
  logger: Logger;
}

/** Lets clients in, and knows those who are. */
class Door {
  readonly #options: DoorOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #channels = new Set<ClientChannel>();
  readonly #strangers = new Set<Socket>();
  #visits = new Set<Promise<void>>();

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  enter(socket: Socket): void {
    socket.on("error", () => {});
    this.#strangers.add(socket);
    const [first] = this.#strangers;
    if (first && this.#strangers.size > MOST_STRANGERS) {
      this.#strangers.delete(first);
      first.destroy();
    }
    const visit = this.#visit(socket)
      .catch((error) => this.#options.logger.error({ err: error }, "a session failed"))
      .finally(() => {
        socket.destroy();
        this.#visits.delete(visit);
      });
    this.#visits.add(visit);
  }

  async close(): Promise<void> {
    const goodbye = new PgError("57P01", "terminating connection due to administrator command");
    for (const session of this.#sessions.values()) session.stop("administrator command");
    for (const channel of this.#channels) channel.end(errorResponse(goodbye, "FATAL"));
    await Promise.all(this.#visits);
  }

  async #visit(socket: Socket): Promise<void> {
    const timer = setTimeout(() => socket.destroy(), LOGIN_MS);
    try {
      const greeting = await hear(socket, this.#options.secrets, !isLoopback(socket.remoteAddress));
      if (greeting?.kind === "cancel") await this.#cancel(greeting);
      if (greeting?.kind !== "session") return;
      await this.#serve(greeting, () => {
        clearTimeout(timer);
        this.#strangers.delete(socket);
      });
    } finally {
      clearTimeout(timer);
      this.#strangers.delete(socket);
    }
  }

  async #serve(greeting: Extract<Greeting, { kind: "session" }>, loggedIn: () => void): Promise<void> {
    const { reader, server } = this.#options;
    let session: Session | null = null;
    let end = () => {};
    const channel = new ClientChannel(greeting.stream, () => {
      session?.stop("client gone");
      end();
    });
    this.#channels.add(channel);
    let key = "";
    try {
      const { upstream, user, cancelKey } = await logIn(channel, greeting, server, () => channel.end());
      end = () => upstream.end();
      if (channel.gone) return end();
      loggedIn();
      channel.trust();
      key = cancelKey;
      session = new Session(channel, upstream, reader, user);
      this.#sessions.set(key, session);
      await session.run();
    } catch (error) {
      if (!(error instanceof Refused) && !channel.gone) channel.end(errorResponse(fatal(error), "FATAL"));
      if (!(error instanceof PgError) && !(error instanceof Refused)) throw error;
    } finally {
      this.#sessions.delete(key);
      this.#channels.delete(channel);
      end();
      channel.end();
      await hangUp(greeting.stream);
    }
  }

  /** Hangs up when it is done: a client that hears no goodbye over TLS takes it for a failure. */
  async #cancel({ stream, key, bytes }: Extract<Greeting, { kind: "cancel" }>): Promise<void> {
    const session = this.#sessions.get(key);
    if (session && !session.stop("user request")) await this.#cancelUpstream(bytes);
    await hangUp(stream);
  }

  /** Postgres is asked where it is not DuckDB that runs the session's statement. */
  #cancelUpstream(request: Buffer): Promise<void> {
    const { host, port, lookup } = this.#options.server;
    return new Promise((resolve) => {
      const socket = connect({ host, port, lookup }, () => socket.end(request));
      socket.on("error", () => {});
      socket.on("close", () => resolve());
      socket.resume();
    });
  }
}

function fatal(error: unknown): PgError {
  return error instanceof PgError
    ? error
    : new PgError("XX000", "the gateway failed; its log says why", { cause: error });
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address);
}
