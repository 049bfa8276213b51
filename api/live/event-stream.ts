import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";

/** A line now and then keeps proxies from hanging up. */
const BEAT_MS = 15_000;
/** A listener that takes nothing for so long is let go. It comes back, and is told what it missed. */
const PATIENCE_MS = 60_000;

/** Server-sent events over one response. No more is written than the other side takes. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #closed = new AbortController();
  readonly #beat: NodeJS.Timeout;

  constructor(response: ServerResponse, headers: Record<string, string>) {
    this.#response = response;
    response.writeHead(200, {
      ...headers,
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    });
    response.write("retry: 2000\n\n");
    this.#beat = setInterval(() => {
      if (this.isFree) response.write(": still here\n\n");
    }, BEAT_MS);
    response.once("close", () => {
      clearInterval(this.#beat);
      this.#closed.abort();
    });
  }

  /** Aborted once the connection is closed, by whichever side. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Whether the other side has taken what was written. */
  get isFree(): boolean {
    return !this.closed.aborted && !this.#response.writableNeedDrain;
  }

  /** Writes an event. Resolves when there may be more; hangs up on who takes nothing any more. */
  async send(event: string, data: unknown, id?: number): Promise<void> {
    if (this.closed.aborted) return;
    const lines = [
      ...(id === undefined ? [] : [`id: ${id}`]),
      `event: ${event}`,
      `data: ${JSON.stringify(data)}`,
    ];
    if (this.#response.write(`${lines.join("\n")}\n\n`)) return;
    const waited = new AbortController();
    const taken = once(this.#response, "drain", { signal: this.closed }).then(() => true);
    const tooLong = setTimeout(PATIENCE_MS, false, { signal: waited.signal });
    const isTaken = await Promise.race([taken, tooLong]).catch(() => false);
    waited.abort();
    if (!isTaken) this.#response.destroy();
  }

  /** Ends it. */
  end(): void {
    this.#response.end();
  }
}
