import type { Socket } from "node:net";
import pg from "pg";
import { BodyReader, type Frame, FrameReader } from "../../gateway/wire/frames.ts";
import {
  bind,
  describe,
  errorFields,
  execute,
  type FieldDescription,
  parse,
  query,
  readRowDescription,
  SYNC,
} from "../../gateway/wire/messages.ts";

/** What a server sent for a statement, as it sent it. */
export interface WireAnswer {
  columns: { name: string; typeOid: number; typmod: number }[];
  rows: (Buffer | null)[][];
  /** The SQLSTATE. */
  error: { sqlstate: string; message: string } | null;
}

/** A client that hands on the bytes of values, which node-postgres does not. */
export class WireClient {
  readonly #client: pg.Client;
  readonly #socket: Socket;
  readonly #frames = new FrameReader(1 << 30);
  #arrived: () => void = () => {};

  private constructor(client: pg.Client) {
    this.#client = client;
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    this.#socket = stream;
    stream.removeAllListeners("data");
    stream.on("data", (piece) => {
      this.#frames.push(piece);
      this.#arrived();
    });
  }

  /** node-postgres logs in. */
  static async connect(config: pg.ClientConfig): Promise<WireClient> {
    const client = new pg.Client(config);
    client.on("error", () => {});
    await client.connect();
    return new WireClient(client);
  }

  close(): void {
    this.#socket.destroy();
    this.#client.end().catch(() => {});
  }

  /** By the simple protocol, in text. */
  async simple(sql: string): Promise<WireAnswer> {
    this.#socket.write(query(sql));
    return this.#answer();
  }

  /** By the extended protocol, in binary; parameters are given as text. */
  async extended(sql: string, parameters: readonly (string | null)[] = []): Promise<WireAnswer> {
    this.#socket.write(
      Buffer.concat([
        parse({ statement: "", sql, parameterTypes: [] }),
        bind({
          portal: "",
          statement: "",
          parameterFormats: [0],
          parameters: parameters.map((value) => (value === null ? null : Buffer.from(value))),
          resultFormats: [1],
        }),
        describe({ kind: "portal", name: "" }),
        execute("", 0),
        SYNC,
      ]),
    );
    return this.#answer();
  }

  /** Sends messages as they are, and a Sync, and gives all that comes. */
  async exchange(messages: Buffer): Promise<Frame[]> {
    // How often the server will be ready depends on what fails; this it refuses whatever happened.
    this.#socket.write(Buffer.concat([messages, SYNC, query("lotus_end")]));
    const frames: Frame[] = [];
    for (;;) {
      const frame = await this.#next();
      if (frame.type === "E" && errorFields(frame.body).get("M")?.includes("lotus_end")) break;
      frames.push(frame);
    }
    while ((await this.#next()).type !== "Z");
    return frames;
  }

  async #next(): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.next();
      if (frame) return frame;
      await new Promise<void>((resolve, reject) => {
        const hungUp = () => reject(new Error("the server hung up"));
        this.#socket.once("close", hungUp);
        this.#arrived = () => {
          this.#socket.off("close", hungUp);
          resolve();
        };
      });
    }
  }

  /** Until the server is ready for the next statement. */
  async #answer(): Promise<WireAnswer> {
    const answer: WireAnswer = { columns: [], rows: [], error: null };
    for (;;) {
      const frame = await this.#next();
      switch (frame.type) {
        case "T":
          answer.columns = readRowDescription(frame.body).map(described);
          break;
        case "D":
          answer.rows.push(readRow(frame.body));
          break;
        case "E": {
          const fields = errorFields(frame.body);
          answer.error = { sqlstate: fields.get("C") ?? "", message: fields.get("M") ?? "" };
          break;
        }
        case "Z":
          return answer;
      }
    }
  }
}

function described({ name, typeOid, typmod }: FieldDescription): WireAnswer["columns"][number] {
  return { name, typeOid, typmod };
}

function readRow(body: Buffer): (Buffer | null)[] {
  const reader = new BodyReader(body);
  return reader.list(() => {
    const length = reader.int32();
    return length === -1 ? null : Buffer.from(reader.bytes(length));
  });
}
