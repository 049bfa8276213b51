import { connect as connectTcp, createServer, type Server, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { z } from "zod";
import { messageOf } from "../common/errors.ts";
import { openScratch } from "./session.ts";
import { literal } from "./sql.ts";

/**
 * The way from DuckDB to Postgres, on loopback, that makes the outcome of a COMMIT certain. When a connection breaks
 * after COMMIT was sent and before it was answered, the transaction may be committed; DuckLake takes it for failed and
 * deletes the files that it wrote, of which the catalog then names some that are gone. So the relay notes each
 * transaction's id before it lets COMMIT through, and where the answer is lost, keeps DuckDB waiting, asks Postgres
 * (`txid_status`, made for this) and gives the answer that was lost. Everything else it passes on as it is.
 */
export class CommitRelay {
  readonly #server: Server;
  readonly #catalog: Catalog;

  private constructor(catalog: Catalog) {
    this.#catalog = catalog;
    this.#server = createServer((client) => void this.#carry(client));
    // DuckDB's own work keeps the process alive as long as the relay is needed.
    this.#server.unref();
  }

  static async open(catalog: Catalog): Promise<CommitRelay> {
    const relay = new CommitRelay(catalog);
    await new Promise<void>((resolve, reject) => {
      relay.#server.once("error", reject);
      relay.#server.listen(0, "127.0.0.1", resolve);
    });
    return relay;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Takes no new connections; those that are open end with their work. */
  close(): void {
    this.#server.close();
  }

  async #carry(client: Socket): Promise<void> {
    client.on("error", () => {});
    client.setNoDelay(true);
    client.unref();
    try {
      const server = await this.#reach(client);
      new Carried(client, server, (transaction) => this.#isCommitted(transaction)).begin();
    } catch (error) {
      refuse(client, messageOf(error));
    }
  }

  /** Connects to Postgres, with TLS where it offers that. */
  async #reach(client: Socket): Promise<Socket> {
    const url = new URL(this.#catalog.url);
    const plain = connectTcp(Number(url.port || 5432), url.hostname.replace(/^\[|\]$/g, ""));
    plain.setNoDelay(true);
    plain.unref();
    plain.on("error", () => {});
    client.once("close", () => plain.destroy());
    plain.write(SSL_REQUEST);
    if ((await firstByte(plain)) !== "S") return plain;
    const secure = connectTls({ socket: plain, servername: url.hostname, rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) => {
      secure.once("secureConnect", resolve);
      secure.once("error", reject);
    });
    return secure;
  }

  /** Whether a transaction is committed. Asks until Postgres knows: no other answer would be safe. */
  async #isCommitted(transaction: string): Promise<boolean> {
    for (;;) {
      const status = await transactionStatus(this.#catalog, transaction).catch(() => "unknown");
      if (status === "committed" || status === "aborted") return status === "committed";
      await setTimeout(300);
    }
  }
}

export interface Catalog {
  /** `postgres://user:password@host:port/database`. */
  url: string;
  /** What to LOAD for DuckDB's Postgres client. */
  extension: string;
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const GSS_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 48]);
/** As libpq sends it: alone, since it waits for each answer. */
const COMMIT = message("Q", "COMMIT\0");
const COMMITTED = Buffer.concat([message("C", "COMMIT\0"), message("Z", "I")]);
/** The end of an answer, before the transaction's state: ready for the next query. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5]);

/** One connection of DuckDB's. */
class Carried {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #isCommitted: (transaction: string) => Promise<boolean>;
  /** Null where answers are passed on as they come. */
  #answer: { soFar: Buffer; take(answer: Buffer | null): void } | null = null;

  constructor(client: Socket, server: Socket, isCommitted: (transaction: string) => Promise<boolean>) {
    this.#client = client;
    this.#server = server;
    this.#isCommitted = isCommitted;
  }

  begin(): void {
    this.#client.on("data", (data) => this.#fromClient(data));
    this.#server.on("data", (data) => this.#fromServer(data));
    this.#server.on("error", () => {});
    this.#server.on("close", () => {
      if (this.#answer) this.#answer.take(null);
      // What the server said last still arrives.
      else this.#client.end();
    });
    this.#client.on("close", () => this.#server.destroy());
    this.#client.on("drain", () => this.#server.resume());
    this.#server.on("drain", () => this.#client.resume());
    this.#server.resume();
  }

  #fromClient(data: Buffer): void {
    // On loopback nothing has to be encrypted; the relay has seen to the rest of the way.
    if (isEncryptionRequest(data)) this.#client.write("N");
    else if (data.equals(COMMIT)) void this.#commit();
    else if (!this.#server.write(data)) this.#client.pause();
  }

  #fromServer(data: Buffer): void {
    if (this.#answer) {
      this.#answer.soFar = Buffer.concat([this.#answer.soFar, data]);
      if (this.#answer.soFar.subarray(-6, -1).equals(READY)) this.#answer.take(this.#answer.soFar);
    } else if (!this.#client.write(data)) this.#server.pause();
  }

  async #commit(): Promise<void> {
    const named = await this.#ask(message("Q", "SELECT txid_current_if_assigned()\0"));
    const answer = named && (await this.#ask(COMMIT));
    if (answer) this.#client.write(answer);
    else if (named && (await this.#wasCommitted(transactionIn(named)))) this.#client.end(COMMITTED);
    // COMMIT was not even sent.
    else this.#client.destroy();
  }

  /** A transaction without an id wrote nothing that could be lost; one that was not told had failed before. */
  async #wasCommitted(transaction: string | null | undefined): Promise<boolean> {
    if (transaction === undefined) return false;
    return transaction === null || this.#isCommitted(transaction);
  }

  /** The whole answer to a query of the relay's own or one held back; null when the connection broke before its end. */
  #ask(request: Buffer): Promise<Buffer | null> {
    if (this.#server.destroyed) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#answer = {
        soFar: Buffer.alloc(0),
        take: (answer) => {
          this.#answer = null;
          resolve(answer);
        },
      };
      this.#server.write(request);
    });
  }
}

/** Lets libpq say why there is no connection. */
function refuse(client: Socket, reason: string): void {
  client.on("data", (data) => {
    if (isEncryptionRequest(data)) client.write("N");
    else client.end(message("E", `SFATAL\0VFATAL\0C08001\0M${reason}\0\0`));
  });
}

function isEncryptionRequest(data: Buffer): boolean {
  return data.equals(SSL_REQUEST) || data.equals(GSS_REQUEST);
}

function message(type: string, content: string): Buffer {
  const text = Buffer.from(content);
  const head = Buffer.alloc(5, type);
  head.writeInt32BE(text.length + 4, 1);
  return Buffer.concat([head, text]);
}

/** The one value of an answer's one row; undefined where there is no row: an error. */
function transactionIn(answer: Buffer): string | null | undefined {
  for (let at = 0; at + 5 <= answer.length; at += 1 + answer.readInt32BE(at + 1)) {
    if (answer[at] !== "D".charCodeAt(0)) continue;
    const length = answer.readInt32BE(at + 7);
    return length < 0 ? null : answer.toString("latin1", at + 11, at + 11 + length);
  }
  return undefined;
}

function firstByte(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed")));
    socket.once("data", (data) => {
      socket.pause();
      resolve(String.fromCharCode(data[0] as number));
    });
  });
}

const statusRow = z.object({ status: z.string().nullable() });

/** What Postgres says of a transaction, over a connection of its own. */
async function transactionStatus({ url, extension }: Catalog, transaction: string): Promise<string | null> {
  const session = await openScratch();
  try {
    await session.execute(`LOAD ${literal(extension)}; ATTACH ${literal(url)} AS catalog (TYPE postgres)`);
    const sql = `SELECT txid_status(${literal(transaction)}::bigint) AS status`;
    return (
      await session.queryOne(statusRow, `SELECT status FROM postgres_query('catalog', ${literal(sql)})`)
    ).status;
  } finally {
    session.close();
  }
}
