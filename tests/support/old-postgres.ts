import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { FrameReader, frame, int32 } from "../../gateway/wire/frames.ts";
import {
  commandComplete,
  readyForQuery,
  rowDescription,
  textField,
  textRow,
} from "../../gateway/wire/messages.ts";

/** A server in this process that lets everybody in, and answers whatever it is asked with the version that it has. */
export class OldPostgres {
  readonly asked: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(version: { number: string; version: string }) {
    const fields = Object.keys(version).map(textField);
    const answer = Buffer.concat([
      rowDescription(fields),
      textRow(Object.values(version)),
      commandComplete("SELECT 1"),
      readyForQuery("I"),
    ]);
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      const reader = new FrameReader(10_000);
      socket.once("data", () => {
        socket.write(Buffer.concat([frame("R", int32(0)), readyForQuery("I")]));
        socket.on("data", (piece) => {
          reader.push(piece);
          for (let message = reader.next(); message; message = reader.next()) {
            if (message.type !== "Q") continue;
            this.asked.push(message.body.toString("utf8", 0, message.body.length - 1));
            socket.write(answer);
          }
        });
      });
      socket.on("error", () => {});
    });
  }

  static async start(version: { number: string; version: string }): Promise<OldPostgres> {
    const postgres = new OldPostgres(version);
    await new Promise<void>((resolve) => postgres.#server.listen(0, "127.0.0.1", resolve));
    return postgres;
  }

  get url(): string {
    return `postgres://lotus:secret@127.0.0.1:${(this.#server.address() as AddressInfo).port}/lotus`;
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
