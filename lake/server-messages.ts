const READY_FOR_QUERY = "Z".charCodeAt(0);
const HEAD = 5;

/**
 * Follows what a server says, message by message: each is a letter, its length in four bytes, and its content.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export class ServerMessages {
  #head = Buffer.alloc(0);
  #type = 0;
  /** Bytes that its content still lacks. */
  #rest = 0;
  /** Of the last ReadyForQuery: `I` outside of transactions, `T` in one, `E` in one that failed. */
  #status = "I";

  follow(data: Buffer): void {
    for (let at = 0; at < data.length; )
      at += this.#rest > 0 ? this.#followContent(data, at) : this.#followHead(data, at);
  }

  #followContent(data: Buffer, at: number): number {
    if (this.#type === READY_FOR_QUERY) this.#status = String.fromCharCode(data[at] as number);
    const length = Math.min(this.#rest, data.length - at);
    this.#rest -= length;
    return length;
  }

  #followHead(data: Buffer, at: number): number {
    // A result has one for each row: only one that comes in parts is put together.
    if (this.#head.length === 0 && data.length - at >= HEAD) {
      this.#begin(data, at);
      return HEAD;
    }
    const part = data.subarray(at, at + HEAD - this.#head.length);
    this.#head = Buffer.concat([this.#head, part]);
    if (this.#head.length === HEAD) {
      this.#begin(this.#head, 0);
      this.#head = Buffer.alloc(0);
    }
    return part.length;
  }

  #begin(head: Buffer, at: number): void {
    this.#type = head[at] as number;
    this.#rest = head.readInt32BE(at + 1) - 4;
  }

  /** Whether the server waits for a query. */
  get areComplete(): boolean {
    return this.#type === READY_FOR_QUERY && !this.areBrokenOff;
  }

  /** Whether the last message is not whole. */
  get areBrokenOff(): boolean {
    return this.#rest > 0 || this.#head.length > 0;
  }

  get inTransaction(): boolean {
    return this.#status !== "I";
  }
}
