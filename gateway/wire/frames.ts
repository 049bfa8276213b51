import { PgError } from "../pg-error.ts";

/**
 * Messages of Postgres's protocol 3 as they travel: a type byte, an int32 length that counts itself, a body
 * (https://www.postgresql.org/docs/18/protocol-message-formats.html).
 */
export interface Frame {
  /** The type's letter. */
  type: string;
  /** All of it, type and length included: what is passed on as it is. */
  bytes: Buffer;
  body: Buffer;
}

/** Cuts what arrives into frames. */
export class FrameReader {
  readonly #limit: number;
  #pieces: Buffer[] = [];
  #size = 0;

  /** `limit`: bytes that a message may have. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#size += piece.length;
  }

  /** The next whole frame, or null while it has not arrived. @throws PgError for a length that cannot be. */
  next(): Frame | null {
    if (this.#size < 5) return null;
    const length = this.#peek(5).readInt32BE(1);
    if (length < 4 || length > this.#limit) throw new PgError("08P01", `invalid message length ${length}`);
    if (this.#size < length + 1) return null;
    const bytes = this.#take(length + 1);
    return { type: String.fromCharCode(bytes[0] as number), bytes, body: bytes.subarray(5) };
  }

  /** Takes what has not been cut yet, for another reader. */
  remainder(): Buffer {
    const rest = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#size = 0;
    return rest;
  }

  #peek(size: number): Buffer {
    const [first] = this.#pieces;
    if (first && first.length >= size) return first;
    this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0] as Buffer;
  }

  #take(size: number): Buffer {
    const first = this.#peek(size);
    this.#size -= size;
    if (first.length === size) this.#pieces.shift();
    else this.#pieces[0] = first.subarray(size);
    return first.subarray(0, size);
  }
}

/** A message of this type. */
export function frame(type: string, body: Buffer = EMPTY): Buffer {
  const bytes = Buffer.allocUnsafe(5 + body.length);
  bytes.write(type, 0, "latin1");
  bytes.writeInt32BE(4 + body.length, 1);
  body.copy(bytes, 5);
  return bytes;
}

const EMPTY = Buffer.alloc(0);

/** A text as the protocol has it: UTF-8, ended by a zero byte. */
export function cString(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}

export function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** Reads a message's body from its start to its end. @throws PgError 08P01 where it ends too early. */
export class BodyReader {
  readonly #body: Buffer;
  #offset = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  string(): string {
    const end = this.#body.indexOf(0, this.#offset);
    if (end < 0) throw malformed();
    const text = this.#body.toString("utf8", this.#offset, end);
    this.#offset = end + 1;
    return text;
  }

  letter(): string {
    return this.bytes(1).toString("latin1");
  }

  int16(): number {
    return this.bytes(2).readInt16BE();
  }

  int32(): number {
    return this.bytes(4).readInt32BE();
  }

  uint32(): number {
    return this.bytes(4).readUInt32BE();
  }

  bytes(length: number): Buffer {
    if (length < 0 || this.#offset + length > this.#body.length) throw malformed();
    const found = this.#body.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return found;
  }

  /** What an int16 counts, each read by `read`. */
  list<T>(read: () => T): T[] {
    const count = this.int16();
    if (count < 0) throw malformed();
    return Array.from({ length: count }, read);
  }

  get atEnd(): boolean {
    return this.#offset === this.#body.length;
  }

  /** @throws PgError 08P01 when something is left. */
  end(): void {
    if (!this.atEnd) throw malformed();
  }
}

function malformed(): PgError {
  return new PgError("08P01", "invalid message format");
}
