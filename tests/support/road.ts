import { connect, createServer, type Server, type Socket } from "node:net";
import type { Connections } from "../../common/settings.ts";

/** A way to a server that can be cut and mended. */
export class Road {
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  port = 0;
  /** Takes connections and breaks them off. */
  broken = false;
  /** A statement that still arrives, and whose answer does not: the connection breaks. Once, then null again. */
  losesAnswerTo: string | null = null;
  /** A statement that does not even arrive. Once. */
  swallows: string | null = null;
  /** Called when an answer was lost. */
  afterLoss: () => void = () => {};
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
    socket.on("data", (data) => {
      if (this.swallows !== null && isQuery(data, this.swallows)) {
        this.swallows = null;
        socket.resetAndDestroy();
        return;
      }
      onward.write(data);
      if (this.losesAnswerTo === null || !isQuery(data, this.losesAnswerTo)) return;
      this.losesAnswerTo = null;
      onward.unpipe(socket);
      // The answer has come, and goes no further.
      onward.once("data", () => {
        socket.resetAndDestroy();
        this.afterLoss();
      });
      onward.resume();
    });
    onward.pipe(socket);
  }
}

/** The same servers, of which Postgres and S3 are reached by roads. */
export function byRoads(connections: Connections, roads: { postgres: Road; s3: Road }): Connections {
  const catalogUrl = new URL(connections.catalogUrl);
  catalogUrl.host = `127.0.0.1:${roads.postgres.port}`;
  return {
    ...connections,
    catalogUrl: catalogUrl.href,
    s3: { ...connections.s3, endpoint: `http://127.0.0.1:${roads.s3.port}` },
  };
}

/** Whether these bytes are a simple query of Postgres's protocol. */
function isQuery(data: Buffer, sql: string): boolean {
  return data.toString("latin1", 0, 1) === "Q" && data.toString("utf8", 5, data.length - 1) === sql;
}
