import { connect as connectTcp, createServer, type Server, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import { execaNode } from "execa";
import { messageOf } from "../common/errors.ts";
import type { PostgresLogin } from "../common/postgres-login.ts";
import { Addresses } from "./addresses.ts";
import { ServerMessages } from "./server-messages.ts";

/**
 * The way from DuckDB to Postgres, on loopback, that makes the outcome of a COMMIT certain. When a connection breaks
 * after COMMIT was sent and before it was answered, the transaction may be committed; DuckLake takes it for failed and
 * deletes the files that it wrote, of which the catalog then names some that are gone. So the relay notes each
 * transaction's id before it lets COMMIT through, and where the answer is lost, keeps DuckDB waiting, asks Postgres
 * (`txid_status`, made for this) and gives the answer that was lost. Everything else it passes on as it is.
 *
 * It must never wait for one of Node's threads (libuv's pool: DNS, files, cryptography): DuckDB's statements run on
 * them, and may all be waiting for the relay. Nor may the event loop wait for DuckDB (see `cut`).
 */
export class CommitRelay {
  readonly #server: Server;
  readonly #catalog: PostgresLogin;
  readonly #addresses: Addresses;
  readonly #carried = new Set<Carried>();

  private constructor(catalog: PostgresLogin, addresses: Addresses) {
    this.#catalog = catalog;
    this.#addresses = addresses;
    this.#server = createServer((client) => void this.#carry(client));
    // DuckDB's own work keeps the process alive as long as the relay is needed.
    this.#server.unref();
  }

  static async open(catalog: PostgresLogin): Promise<CommitRelay> {
    const relay = new CommitRelay(catalog, await Addresses.of(catalog.host));
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

  /**
   * Closes, and ends every connection but those whose COMMIT is under way, such that a ROLLBACK is answered all the
   * same. For a DuckDB that failed in itself: it runs no statement any more, so that a session of it that is closed in a
   * transaction rolls back by itself, on the event loop's thread. That would wait for ever for an answer that the relay
   * must give on the same thread; and where it fails, the process aborts.
   */
  cut(): void {
    this.close();
    for (const carried of this.#carried) carried.cut();
  }

  async #carry(client: Socket): Promise<void> {
    client.on("error", () => {});
    client.setNoDelay(true);
    client.unref();
    try {
      const server = await this.#reach(client);
      const carried = new Carried(client, server, (transaction) => this.#isCommitted(transaction));
      this.#carried.add(carried);
      client.once("close", () => this.#carried.delete(carried));
      carried.begin();
    } catch (error) {
      refuse(client, messageOf(error));
    }
  }

  /** Connects to Postgres, with TLS where it offers that. */
  async #reach(client: Socket): Promise<Socket> {
    const { host, port } = this.#catalog;
    const plain = connectTcp({ host, port, lookup: this.#addresses.lookup });
    plain.setNoDelay(true);
    plain.unref();
    plain.on("error", () => {});
    client.once("close", () => plain.destroy());
    plain.write(SSL_REQUEST);
    if ((await firstByte(plain)) !== "S") return plain;
    const secure = connectTls({ socket: plain, servername: host, rejectUnauthorized: false });
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

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const GSS_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 48]);
/** As libpq sends it: alone, since it waits for each answer. */
const COMMIT = message("Q", "COMMIT\0");
const COMMITTED = Buffer.concat([message("C", "COMMIT\0"), message("Z", "I")]);
const TERMINATE = "X".charCodeAt(0);
const ROLLBACK = message("Q", "ROLLBACK\0");
const ROLLED_BACK = Buffer.concat([message("C", "ROLLBACK\0"), message("Z", "I")]);
/** What is answered in a transaction whose connection is gone, as often as asked, until it is rolled back. */
const LOST = Buffer.concat([
  message("E", "SFATAL\0VFATAL\0C08006\0Mserver closed the connection unexpectedly\0\0"),
  message("Z", "E"),
]);

/** One connection of DuckDB's. */
class Carried {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #isCommitted: (transaction: string) => Promise<boolean>;
  readonly #given = new ServerMessages();
  /** Whether the client waits for an answer. */
  #isAsked = true;
  /** Null where answers are passed on as they come. */
  #answer: { soFar: Buffer; messages: ServerMessages; take(answer: Buffer | null): void } | null = null;
  #isCommitting = false;

  constructor(client: Socket, server: Socket, isCommitted: (transaction: string) => Promise<boolean>) {
    this.#client = client;
    this.#server = server;
    this.#isCommitted = isCommitted;
  }

  begin(): void {
    this.#client.on("data", (data) => this.#fromClient(data));
    this.#server.on("data", (data) => this.#fromServer(data));
    this.#server.on("error", () => {});
    this.#server.on("close", () => this.#onLoss());
    this.#client.on("close", () => this.#server.destroy());
    this.#client.on("drain", () => this.#server.resume());
    this.#server.on("drain", () => this.#client.resume());
    this.#server.resume();
  }

  /** See CommitRelay. A statement that waits for its answer gets an error first; it is cut again when it has failed. */
  cut(): void {
    if (this.#isCommitting) return;
    this.#server.destroy();
    if (this.#given.inTransaction && this.#isAsked) return;
    // In advance: it is read when ROLLBACK has been sent. Both are done when these calls return.
    if (this.#given.inTransaction && !this.#client.writableEnded) this.#client.write(ROLLED_BACK);
    this.#client.destroy();
  }

  #fromClient(data: Buffer): void {
    // On loopback nothing has to be encrypted; the relay has seen to the rest of the way.
    if (isEncryptionRequest(data)) this.#client.write("N");
    else if (this.#server.destroyed) this.#answerAlone(data);
    else if (data.equals(COMMIT)) void this.#commit();
    else {
      this.#isAsked = true;
      if (!this.#server.write(data)) this.#client.pause();
    }
  }

  #fromServer(data: Buffer): void {
    if (!this.#answer) {
      if (!this.#give(data)) this.#server.pause();
      return;
    }
    this.#answer.soFar = Buffer.concat([this.#answer.soFar, data]);
    this.#answer.messages.follow(data);
    if (this.#answer.messages.areComplete) this.#answer.take(this.#answer.soFar);
  }

  #give(data: Buffer): boolean {
    this.#given.follow(data);
    if (this.#given.areComplete) this.#isAsked = false;
    return this.#client.writableEnded || this.#client.write(data);
  }

  /**
   * A transaction goes on without its server until DuckDB has rolled it back: what fails is the statement, and the
   * ROLLBACK succeeds. Otherwise the connection ends, and what the server said last still arrives.
   */
  #onLoss(): void {
    // There will be no `drain` any more.
    this.#client.resume();
    if (this.#answer) this.#answer.take(null);
    else if (!this.#given.inTransaction || this.#given.areBrokenOff) this.#client.end();
    else if (this.#isAsked) this.#give(LOST);
  }

  #answerAlone(data: Buffer): void {
    if (data.equals(ROLLBACK)) this.#client.end(ROLLED_BACK);
    else if (data[0] !== TERMINATE) this.#give(LOST);
  }

  async #commit(): Promise<void> {
    this.#isCommitting = true;
    this.#isAsked = true;
    const named = await this.#ask(message("Q", "SELECT txid_current_if_assigned()\0"));
    const answer = named && (await this.#ask(COMMIT));
    if (answer) this.#give(answer);
    else if (named && (await this.#wasCommitted(transactionIn(named)))) this.#client.end(COMMITTED);
    // COMMIT was not even sent.
    else this.#client.destroy();
    this.#isCommitting = false;
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
        messages: new ServerMessages(),
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

/** What Postgres says of a transaction, asked by a process of its own: logging in takes a thread. */
async function transactionStatus(catalog: PostgresLogin, transaction: string): Promise<string> {
  const script = fileURLToPath(new URL("transaction-status.mjs", import.meta.url));
  // By its standard input: anybody may read a command line, and this one would hold the password.
  const input = JSON.stringify({ catalog, transaction });
  return (await execaNode(script, { input, nodeOptions: [], timeout: 60_000 })).stdout;
}
