import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { LotusError } from "../../common/errors.ts";
import type { App } from "../app.ts";
import type { ApiContext } from "../context.ts";
import { problems } from "../problems.ts";
import { type News, newestSnapshot, newsAfter } from "../read/news.ts";

/** How soon what happened is told. */
const LOOK_MS = 1000;
/** A line now and then keeps proxies from hanging up. */
const BEAT_MS = 15_000;
const AT_ONCE = 200;
const MOST_LISTENERS = 100;

/**
 * One stream of what happens, for consoles and scripts. Told by the lake's own history, so that it is whole whichever
 * process did the work: an event's id is its snapshot, and a listener that was away asks for what came after the last.
 */
export function liveRoutes(app: App, { lake, observer }: ApiContext): void {
  const listeners = new Set<(news: News[]) => void>();
  const ending = new AbortController();
  let looking: Promise<void> | null = null;
  app.addHook("onClose", async () => {
    ending.abort();
    await looking;
  });

  /** One look for all listeners; ends with the last of them. */
  async function look(): Promise<void> {
    let last: number | null = null;
    while (listeners.size > 0 && !ending.signal.aborted) {
      try {
        const from: number = last ?? (await lake.withSession(newestSnapshot));
        const news: News[] =
          last === null ? [] : await lake.withSession((session) => newsAfter(session, from, AT_ONCE));
        last = news.at(-1)?.id ?? from;
        if (news.length > 0) for (const listener of listeners) listener(news);
      } catch (error) {
        // The catalog is away; the next look finds it, and what happened meanwhile.
        app.log.debug({ err: error }, "no look at the lake");
      }
      await setTimeout(LOOK_MS, undefined, { signal: ending.signal }).catch(() => {});
    }
    looking = null;
  }

  app.get(
    "/events",
    {
      config: { rateLimit: false },
      schema: {
        tags: ["live"],
        operationId: "followEvents",
        summary: "What happens, as it happens (server-sent events)",
        description:
          "Events: `batch`, `materialization`, `state`, `backfill`, `maintenance`, `other`, each with the snapshot as its id; " +
          "`status` when an asset's state has changed, without an id. Resume with Last-Event-ID.",
        querystring: z.object({
          after: z.coerce.number().int().min(0).optional().describe("As Last-Event-ID"),
        }),
        response: {
          200: {
            description: "Events, until either side hangs up",
            content: { "text/event-stream": { schema: z.string() } },
          },
          ...problems(),
        },
      },
    },
    async (request, reply) => {
      if (listeners.size >= MOST_LISTENERS)
        throw new LotusError("RATE_LIMITED", "Too many listen already. Try again later.");
      const given = request.headers["last-event-id"];
      let last = Number(given ?? request.query.after ?? Number.NaN);
      if (given !== undefined && !Number.isSafeInteger(last))
        throw new LotusError("REQUEST_INVALID", "Last-Event-ID: name the id of an event.");
      if (!Number.isSafeInteger(last)) last = await lake.withSession(newestSnapshot);
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
      });
      const send = (event: string, data: unknown, id?: number) =>
        raw.write(
          `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
        );
      const tell = (news: News[]) => {
        for (const entry of news) {
          if (entry.id <= last) continue;
          last = entry.id;
          send(entry.kind, entry, entry.id);
        }
      };
      raw.write("retry: 2000\n\n");
      for (;;) {
        const missed = await lake.withSession((session) => newsAfter(session, last, AT_ONCE));
        tell(missed);
        if (missed.length < AT_ONCE) break;
      }
      let told = "";
      const tellStatus = async () => {
        const { status, at } = await observer.current();
        const assets = status.assets.map(({ key, state, message }) => ({ key, state, reason: message }));
        const text = JSON.stringify(assets);
        if (text !== told) send("status", { at: at.toISOString(), idle: status.idle, assets });
        told = text;
      };
      const statusTimer = setInterval(() => void tellStatus().catch(() => {}), 2000);
      const beat = setInterval(() => raw.write(": still here\n\n"), BEAT_MS);
      listeners.add(tell);
      looking ??= look();
      const end = () => {
        clearInterval(statusTimer);
        clearInterval(beat);
        listeners.delete(tell);
        raw.end();
      };
      raw.once("close", end);
      ending.signal.addEventListener("abort", end);
      void tellStatus().catch(() => {});
    },
  );
}
