import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { LotusError } from "../../common/errors.ts";
import type { App } from "../app.ts";
import type { ApiContext } from "../context.ts";
import { EventStream } from "../live/event-stream.ts";
import { NewsFeed } from "../live/news-feed.ts";
import { type StatusNews, saysTheSame, statusOf } from "../live/status.ts";
import { problems } from "../problems.ts";
import { newestSnapshot } from "../read/news.ts";

const MOST_LISTENERS = 100;
const STATUS_MS = 2000;

const place = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional();

/**
 * One stream of what happens, for consoles and scripts. Told by the lake's own history, so that it is whole whichever
 * process did the work: an event's id is its snapshot, and a listener that was away asks for what came after the last.
 */
export function liveRoutes(app: App, { lake, observer, project }: ApiContext): void {
  const feed = new NewsFeed(lake);
  const streams = new Set<EventStream>();
  // Not onClose, which waits for the connections to end.
  app.addHook("preClose", async () => {
    for (const stream of streams) stream.end();
    await feed.stop();
  });

  app.get(
    "/events",
    {
      // A HEAD would wait for an end that does not come.
      exposeHeadRoute: false,
      config: { rateLimit: false },
      schema: {
        tags: ["live"],
        operationId: "followEvents",
        summary: "What happens, as it happens (server-sent events)",
        description:
          "Events: `batch`, `materialization`, `state`, `backfill`, `maintenance`, `other`, each with the snapshot as " +
          "its id; `status`, without an id, at the beginning and when the state or reason of an asset has changed: " +
          "`{at, idle, running: [asset], assets: [{key, state, reason}]}`, as `GET /assets` has them. Resume with " +
          "Last-Event-ID: nothing is lost, nothing told twice.",
        headers: z.object({ "last-event-id": place.describe("The id of the last event that was seen") }),
        querystring: z.object({ after: place.describe("As Last-Event-ID") }),
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
      if (feed.listeners >= MOST_LISTENERS)
        throw new LotusError("RATE_LIMITED", "Too many listen already. Try again later.");
      const newest = await lake.withSession(newestSnapshot);
      const after = request.headers["last-event-id"] ?? request.query.after ?? newest;
      reply.hijack();
      const stream = new EventStream(reply.raw, reply.getHeaders() as Record<string, string>);
      streams.add(stream);
      void tellStatus(stream);
      // One that was away since before the lake was made anew begins with what there is.
      for await (const news of feed.follow(Math.min(after, newest), stream.closed))
        for (const entry of news) await stream.send(entry.kind, entry, entry.id);
      streams.delete(stream);
      stream.end();
    },
  );

  /** Says how everything stands, now and whenever that has changed, while the stream is open. */
  async function tellStatus(stream: EventStream): Promise<void> {
    let told: StatusNews | null = null;
    while (!stream.closed.aborted) {
      // What stands is told only to who has taken what was told before: the latest is what counts.
      const status = stream.isFree ? await observer.current().then(seen, () => null) : null;
      if (status && stream.isFree && !(told && saysTheSame(told, status))) {
        await stream.send("status", status);
        told = status;
      }
      await setTimeout(STATUS_MS, undefined, { signal: stream.closed }).catch(() => {});
    }
  }

  function seen(observation: Parameters<typeof statusOf>[1]): StatusNews {
    return statusOf(project, observation);
  }
}
