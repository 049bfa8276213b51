import { connect, createServer, type Server, type Socket } from "node:net";

/** A way to a server that can be cut and mended. */
export class Road {
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  port = 0;
  /** Takes connections and breaks them off. */
  broken = false;
  /** Called for each connection. */
  onConnect: () => void = () => {};

  constructor(target: URL) {
    this.#target = target;
  }

  async open(): Promise<void> {
    const server = createServer((socket) => this.#carry(socket));
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.port = (server.address() as { port: number }).port;
    this.#server = server;
  }

  /** Nothing listens any more, and what was open is gone. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    const closed = new Promise((resolve) => (server ? server.close(resolve) : resolve(null)));
    this.reset();
    await closed;
  }

  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #carry(socket: Socket): void {
    this.onConnect();
    socket.on("error", () => {});
    if (this.broken) {
      socket.resetAndDestroy();
      return;
    }
    const onward = connect(Number(this.#target.port), this.#target.hostname);
    for (const end of [socket, onward]) {
      this.#sockets.add(end);
      end.on("error", () => {});
      end.on("close", () => {
        this.#sockets.delete(end);
        socket.destroy();
        onward.destroy();
      });
    }
    socket.pipe(onward).pipe(socket);
  }
}
