import pg from "pg";
import { pino } from "pino";
import type { Project } from "../../assets/definitions.ts";
import type { Connections } from "../../common/settings.ts";
import { type RunningGateway, startGateway } from "../../gateway/server.ts";
import { GatewayUsers } from "../../gateway/users.ts";
import { ShadowFixture } from "./shadow-fixture.ts";

/** A gateway in this process over a lake of its own, with a user who reads schema `main`. */
export class GatewayFixture {
  readonly lake: ShadowFixture;
  readonly gateway: RunningGateway;
  readonly user: string;
  readonly password = "a password, with 'quotes'";
  readonly #clients: pg.Client[] = [];
  readonly #others: RunningGateway[] = [];
  readonly #roles: string[] = [];

  private constructor(lake: ShadowFixture, gateway: RunningGateway, user: string) {
    this.lake = lake;
    this.gateway = gateway;
    this.user = user;
  }

  /** `sql`: makes the lake's tables, in schema `main`. */
  static async open(sql: string, project: Project | null = null): Promise<GatewayFixture> {
    const lake = await ShadowFixture.open();
    await lake.inLake(sql);
    const gateway = await start(lake, project);
    const fixture = new GatewayFixture(lake, gateway, `ana_${lake.database}`);
    await fixture.addUser(fixture.user, { schemas: ["main"], tables: [] });
    return fixture;
  }

  /** Another gateway of the same lake, by other ways to its servers where such are given. */
  async another(
    project: Project | null = null,
    connections: Connections = this.lake.isolation.connections,
  ): Promise<RunningGateway> {
    const gateway = await start(this.lake, project, connections);
    this.#others.push(gateway);
    return gateway;
  }

  get users(): GatewayUsers {
    return new GatewayUsers(this.lake.catalogUrl, this.lake.database);
  }

  async addUser(
    name: string,
    access: { schemas: ("main" | "staging")[]; tables: string[] },
    connections = 100,
  ) {
    this.#roles.push(name);
    await this.users.add(name, this.password, access, connections);
  }

  /** How any client connects, as the user. */
  get login() {
    const { port, database } = this.gateway;
    return { host: "127.0.0.1", port, database, user: this.user, password: this.password };
  }

  get url(): string {
    const { port, database } = this.gateway;
    return `postgres://${this.user}:${encodeURIComponent(this.password)}@127.0.0.1:${port}/${database}`;
  }

  async connect(options: pg.ClientConfig = {}): Promise<pg.Client> {
    const client = new pg.Client({ ...this.login, ...options });
    client.on("error", () => {});
    await client.connect();
    this.#clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.end().catch(() => {});
    for (const gateway of [this.gateway, ...this.#others]) await gateway.stop();
    await this.lake.close(this.#roles);
  }
}

function start(
  lake: ShadowFixture,
  project: Project | null,
  connections = lake.isolation.connections,
): Promise<RunningGateway> {
  const { tools, folder } = lake.isolation;
  return startGateway({
    connections,
    project,
    settings: {
      host: "127.0.0.1",
      port: null,
      database: lake.database,
      certificate: null,
      memoryLimit: "1GB",
      url: null,
    },
    lastPort: null,
    engine: { memoryLimit: "1GB", threads: 2 },
    extensions: tools.extensions,
    stateDir: folder,
    logger: pino({ level: "silent" }),
  });
}
