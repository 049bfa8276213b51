import { randomBytes } from "node:crypto";
import pg from "pg";
import { pino } from "pino";
import { readPostgresUrl } from "../../common/postgres-login.ts";
import { connectionTo } from "../../gateway/shadow/connection.ts";
import type { TableDescriptions } from "../../gateway/shadow/descriptions.ts";
import { ShadowDatabase } from "../../gateway/shadow/shadow-database.ts";
import type { Lake } from "../../lake/lake.ts";
import { identifier } from "../../lake/sql.ts";
import { openLake } from "./enriched-fixture.ts";
import { type Isolation, isolate } from "./isolation.ts";

/** A lake and the name of a shadow database that nobody else uses; what is opened through it is closed with it. */
export class ShadowFixture {
  readonly isolation: Isolation;
  readonly lake: Lake;
  readonly database = `lake_${randomBytes(4).toString("hex")}`;
  /** What shadow databases logged. */
  readonly logged: Record<string, unknown>[] = [];
  readonly #closers: (() => Promise<unknown>)[] = [];

  private constructor(isolation: Isolation, lake: Lake) {
    this.isolation = isolation;
    this.lake = lake;
  }

  static async open(): Promise<ShadowFixture> {
    const isolation = await isolate();
    return new ShadowFixture(isolation, await openLake(isolation));
  }

  get catalogUrl(): string {
    return this.isolation.connections.catalogUrl;
  }

  /** Runs statements in the lake. */
  async inLake(sql: string): Promise<void> {
    await this.lake.withSession((session) => session.execute(sql));
  }

  async shadow(descriptions: TableDescriptions = new Map()): Promise<ShadowDatabase> {
    const { catalogUrl, database, lake } = this;
    const logger = pino({ level: "trace" }, { write: (line: string) => this.logged.push(JSON.parse(line)) });
    const shadow = await ShadowDatabase.open({ catalogUrl, database, lake, descriptions, logger });
    this.#closers.push(() => shadow.close());
    return shadow;
  }

  /** A connection to a database of the server; default: the shadow database, as its owner. */
  async connect(options: { database?: string; user?: string; password?: string } = {}): Promise<pg.Client> {
    const { database = this.database, ...login } = options;
    const owned = login.user === undefined ? { options: "-c default_transaction_read_only=off" } : {};
    const client = new pg.Client({ ...readPostgresUrl(this.catalogUrl), database, ...login, ...owned });
    client.on("error", () => {});
    await client.connect();
    this.#closers.push(() => client.end());
    return client;
  }

  /** Drops the roles too, which are the whole server's. */
  async close(roles: readonly string[] = []): Promise<void> {
    for (const close of this.#closers.reverse()) await close().catch(() => {});
    const client = new pg.Client(connectionTo(this.catalogUrl));
    await client.connect();
    await client.query(`DROP DATABASE IF EXISTS ${identifier(this.database)} WITH (FORCE)`);
    for (const role of [...roles, `${this.database}_viewer`, `${this.database}_user`])
      await client.query(`DROP ROLE IF EXISTS ${identifier(role)}`);
    await client.end();
    this.lake.close();
    this.isolation.dispose();
  }
}
