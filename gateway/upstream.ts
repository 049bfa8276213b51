import { connect, type LookupFunction, type Socket } from "node:net";
import { PgError } from "./pg-error.ts";
import { type Frame, FrameReader } from "./wire/frames.ts";
import { errorFields, FLUSH, TERMINATE } from "./wire/messages.ts";

/** Where the shadow database's server listens. */
export interface ServerAddress {
  host: string;
  port: number;
  lookup: LookupFunction;
}

/** What Postgres says without being asked, or beside an answer. */
export interface UpstreamEvents {
  /** To be passed on: notices, settings that changed, notifications, a fatal error. */
  aside(frame: Frame): void;
  closed(): void;
}

/** A message of Postgres's may hold a row of its catalog: parse trees have some hundred kilobytes. */
const LARGEST = 256 * 1024 * 1024;

/** A server that has gone without a word is noticed some ten seconds after so long a silence. */
const KEEP_ALIVE_MS = 60_000;

/** Answers that nobody has taken yet; while there are more, Postgres waits. */
const MOST_WAITING = 4 * 1024 * 1024;

/**
 * The client's own connection to Postgres. Answers are taken one by one, in order; the analysed tree of a statement,
 * which Postgres tells as a notice, is set aside for whoever sent it.
 */
export class Upstream {
  readonly #socket: Socket;
  readonly #events: UpstreamEvents;
  readonly #reader = new FrameReader(LARGEST);
  readonly #arrived: Frame[] = [];
  #arrivedBytes = 0;
  #waiting: { resolve: (frame: Frame) => void; reject: (error: Error) => void } | null = null;
  #closed = false;
  #skipped = "";
  #later: Buffer | null = null;
  #trees: string[] = [];

  private constructor(socket: Socket, events: UpstreamEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on("data", (piece) => this.#receive(piece));
    socket.on("error", () => {});
    socket.on("close", () => this.#onClose());
  }

  /** @throws PgError 08006 when the server does not answer. */
  static open({ host, port, lookup }: ServerAddress, events: UpstreamEvents): Promise<Upstream> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, lookup });
      socket.once("connect", () => resolve(new Upstream(socket, events)));
      socket.once("error", (cause) =>
        reject(
          new PgError("08006", "the gateway does not reach its Postgres", {
            hint: "Whoever runs Lotus has to start it again.",
            cause,
          }),
        ),
      );
    });
  }

  /** @throws PgError 08006 when the connection has ended. */
  send(...messages: Buffer[]): void {
    if (this.#closed) throw lost();
    const all = this.#later ? [this.#later, ...messages] : messages;
    this.#later = null;
    this.#socket.write(all.length === 1 ? (all[0] as Buffer) : Buffer.concat(all));
  }

  /** Sends together with what comes next, or when the client has been answered: it does not wait for this. */
  sendLater(message: Buffer): void {
    if (this.#later) this.send();
    this.#later = message;
    setImmediate(() => {
      if (this.#later && !this.#closed) this.send();
    });
  }

  /** The next answer. @throws PgError 08006 when the connection ends. */
  next(): Promise<Frame> {
    const frame = this.#arrived.shift();
    if (frame) {
      this.#arrivedBytes -= frame.bytes.length;
      if (this.#arrivedBytes < MOST_WAITING) this.#socket.resume();
      return Promise.resolve(frame);
    }
    if (this.#closed) return Promise.reject(lost());
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Sends messages and takes answers until one of these types, or an error, has come; that one is the last. */
  async ask(messages: readonly Buffer[], until: string): Promise<Frame[]> {
    this.send(...messages, FLUSH);
    const answers: Frame[] = [];
    for (;;) {
      const frame = await this.next();
      answers.push(frame);
      if (frame.type === "E" || until.includes(frame.type)) return answers;
    }
  }

  /** The next answer of this type is for nobody; those before it are not. */
  skip(type: string): void {
    this.#skipped += type;
  }

  /**
   * The first tree that came since this was asked last, or null. Those that follow are of the bodies of SQL functions,
   * which Postgres runs as it plans.
   */
  takeTree(): string | null {
    return this.#trees.splice(0).at(0) ?? null;
  }

  /** Says goodbye. */
  end(): void {
    if (this.#closed) return;
    this.send(TERMINATE);
    this.#socket.end();
    this.#socket.setTimeout(5000, () => this.#socket.destroy());
  }

  #receive(piece: Buffer): void {
    this.#reader.push(piece);
    try {
      for (let frame = this.#reader.next(); frame; frame = this.#reader.next()) this.#take(frame);
    } catch {
      this.#socket.destroy();
    }
  }

  #take(frame: Frame): void {
    if (frame.type === "N") {
      const fields = errorFields(frame.body);
      if (fields.get("V") === "LOG") {
        if (fields.get("M") === "parse tree:") this.#trees.push(fields.get("D") ?? "");
        return;
      }
    }
    if (ASIDE.has(frame.type) || isFatal(frame)) {
      this.#events.aside(frame);
      return;
    }
    if (this.#skipped.startsWith(frame.type)) {
      this.#skipped = this.#skipped.slice(1);
      return;
    }
    if (this.#waiting) {
      const { resolve } = this.#waiting;
      this.#waiting = null;
      resolve(frame);
      return;
    }
    this.#arrived.push(frame);
    this.#arrivedBytes += frame.bytes.length;
    if (this.#arrivedBytes >= MOST_WAITING) this.#socket.pause();
  }

  #onClose(): void {
    this.#closed = true;
    this.#waiting?.reject(lost());
    this.#waiting = null;
    this.#events.closed();
  }
}

/** Notices, settings, notifications: they come at any time. */
const ASIDE = new Set(["N", "S", "A"]);

function isFatal(frame: Frame): boolean {
  return frame.type === "E" && /^(FATAL|PANIC)$/.test(errorFields(frame.body).get("V") ?? "");
}

function lost(): PgError {
  return new PgError("08006", "the connection to the gateway's Postgres is lost");
}
