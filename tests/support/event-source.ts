import { type ClientRequest, get, type IncomingMessage } from "node:http";

/** A server-sent event as it came. */
export interface ReceivedEvent {
  id: number | null;
  event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests know what to expect.
  data: any;
}

/** Listens to server-sent events over a socket of its own. */
export class EventSource {
  readonly events: ReceivedEvent[] = [];
  readonly response: IncomingMessage;
  readonly #request: ClientRequest;
  #rest = "";

  private constructor(request: ClientRequest, response: IncomingMessage) {
    this.#request = request;
    this.response = response;
    response.setEncoding("utf8");
    response.on("error", () => {});
    response.on("data", (text: string) => this.#take(text));
  }

  /** Connects; `take: false` reads nothing of what comes. */
  static open(
    url: string,
    headers: Record<string, string>,
    options: { take?: boolean } = {},
  ): Promise<EventSource> {
    return new Promise((resolve, reject) => {
      const request = get(url, { headers, agent: false }, (response) => {
        const source = new EventSource(request, response);
        if (options.take === false) response.pause();
        resolve(source);
      });
      request.on("error", reject);
    });
  }

  /** Those that tell of snapshots. */
  get news(): ReceivedEvent[] {
    return this.events.filter(({ id }) => id !== null);
  }

  close(): void {
    this.#request.destroy();
  }

  #take(text: string): void {
    const parts = (this.#rest + text).split("\n\n");
    this.#rest = parts.pop() ?? "";
    for (const part of parts) {
      const fields = new Map(
        part.split("\n").map((line) => {
          const cut = line.indexOf(": ");
          return [line.slice(0, cut), line.slice(cut + 2)] as const;
        }),
      );
      const event = fields.get("event");
      if (event === undefined) continue;
      const id = fields.get("id");
      this.events.push({
        id: id === undefined ? null : Number(id),
        event,
        data: JSON.parse(fields.get("data") ?? "null"),
      });
    }
  }
}
