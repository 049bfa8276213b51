import type { Duplex } from "node:stream";
import { PgError } from "./pg-error.ts";
import { type Frame, FrameReader } from "./wire/frames.ts";

/** Bytes that one message of a client may have: a statement, its parameters. */
const LARGEST = 64 * 1024 * 1024;
/** Before it has logged in. */
const LARGEST_UNKNOWN = 64 * 1024;
/** Messages read ahead of the one that is worked on. */
const READ_AHEAD = 4 * 1024 * 1024;
/** What is written is held back until there is so much of it, or the client is waited for. */
const HELD_BACK = 16 * 1024;

/** The client's side: its messages one by one, and writing no faster than it reads. */
export class ClientChannel {
  readonly #stream: Duplex;
  #reader = new FrameReader(LARGEST_UNKNOWN);
  #queue: Frame[] = [];
  #queued = 0;
  #waiting: { resolve: (frame: Frame | null) => void; reject: (error: unknown) => void } | null = null;
  #failure: unknown = null;
  #closed = false;
  #drained: (() => void)[] = [];
  #outbox: Buffer[] = [];
  #outboxSize = 0;

  /** `closed` is called once, when the client is gone. */
  constructor(stream: Duplex, closed: () => void) {
    this.#stream = stream;
    stream.on("data", (piece: Buffer) => this.#receive(piece));
    stream.on("error", () => {});
    stream.on("drain", () => this.#release());
    stream.on("close", () => {
      this.#closed = true;
      this.#release();
      this.#waiting?.resolve(null);
      this.#waiting = null;
      closed();
    });
    // A half-open client asks nothing more.
    stream.on("end", () => stream.destroy());
  }

  /** From now on its messages may be large. */
  trust(): void {
    const trusted = new FrameReader(LARGEST);
    trusted.push(this.#reader.remainder());
    this.#reader = trusted;
    this.#cut();
  }

  get gone(): boolean {
    return this.#closed;
  }

  /** The next message; null when the client is gone. @throws PgError for one that cannot be. */
  next(): Promise<Frame | null> {
    const frame = this.#queue.shift();
    if (frame) {
      this.#queued -= frame.bytes.length;
      if (this.#queued < READ_AHEAD) this.#stream.resume();
      return Promise.resolve(frame);
    }
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.resolve(null);
    this.flush();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Writes; together with what follows, where that is soon. */
  write(bytes: Buffer): void {
    this.#outbox.push(bytes);
    this.#outboxSize += bytes.length;
    if (this.#outboxSize > HELD_BACK) this.flush();
  }

  /** Writes, and waits while the client reads more slowly than that. @throws PgError 08006 when it is gone. */
  async writeAtItsPace(bytes: Buffer): Promise<void> {
    this.write(bytes);
    if (!this.#closed && this.#stream.writableNeedDrain) {
      await new Promise<void>((resolve) => this.#drained.push(resolve));
    }
    if (this.#closed) throw new PgError("08006", "the client is gone");
  }

  /** Sends what is held back. */
  flush(): void {
    const [first] = this.#outbox;
    if (first && !this.#closed)
      this.#stream.write(this.#outbox.length === 1 ? first : Buffer.concat(this.#outbox));
    this.#outbox = [];
    this.#outboxSize = 0;
  }

  end(last?: Buffer): void {
    if (this.#closed) return;
    this.flush();
    this.#stream.end(last);
    setTimeout(() => this.#stream.destroy(), 2000).unref();
  }

  #receive(piece: Buffer): void {
    this.#reader.push(piece);
    this.#cut();
  }

  #cut(): void {
    try {
      for (let frame = this.#reader.next(); frame; frame = this.#reader.next()) this.#take(frame);
    } catch (error) {
      this.#failure = error;
      this.#waiting?.reject(error);
      this.#waiting = null;
    }
    if (this.#queued >= READ_AHEAD) this.#stream.pause();
  }

  #take(frame: Frame): void {
    if (this.#waiting) {
      const { resolve } = this.#waiting;
      this.#waiting = null;
      resolve(frame);
      return;
    }
    this.#queue.push(frame);
    this.#queued += frame.bytes.length;
  }

  #release(): void {
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}
