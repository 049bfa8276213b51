import { z } from "zod";
import { LotusError } from "../../common/errors.ts";
import { tickSensor } from "../../orchestration/wake.ts";
import { confirmationUrl, matchSource, notifiedObjects, readSyncEnd } from "../../sensors/notifications.ts";
import { rawPrefix } from "../../sensors/raw-layout.ts";
import type { App } from "../app.ts";
import type { ApiContext } from "../context.ts";
import { problems } from "../problems.ts";
import { answer } from "../schemas/common.ts";

const woken = z
  .object({
    woken: z.array(z.string()).describe("SOURCE/STREAM whose sensors look now"),
    ignored: z.int().describe("Objects of no stream of this lake"),
    message: z.string(),
  })
  .meta({ id: "Woken" });

const key = "raw/shopify/orders/year=2026/month=01/day=09/2026_01_09_1767916800000_0.parquet";
const s3Event = z.record(z.string(), z.unknown()).meta({
  id: "S3Event",
  description: "As AWS, MinIO (`Records`), SNS, EventBridge and SeaweedFS (`key`, `event_type`) send them",
  examples: [
    {
      Records: [
        {
          eventName: "ObjectCreated:Put",
          s3: { bucket: { name: "landing" }, object: { key: encodeURIComponent(key) } },
        },
      ],
    },
    { "detail-type": "Object Created", detail: { bucket: { name: "landing" }, object: { key } } },
    { key: `/buckets/landing/${key}`, event_type: "create" },
  ],
});
const airbyteEvent = z.record(z.string(), z.unknown()).meta({
  id: "AirbyteEvent",
  description: "As Airbyte's notification webhook sends them",
  examples: [
    {
      data: {
        connection: { name: "Shopify → lake" },
        source: { name: "Shopify" },
        jobId: 9988,
        success: true,
      },
    },
  ],
});

const token = z.object({
  token: z.string().optional().describe("For senders that know no Authorization header"),
});

/**
 * What S3 servers and Airbyte send when something is new. It makes sensors look, nothing more: the same event twice, or
 * too early, or a lie, does no harm.
 */
export function eventRoutes(app: App, { project, store, client }: ApiContext): void {
  // SNS calls its JSON text.
  app.addContentTypeParser("text/plain", { parseAs: "string" }, app.getDefaultJsonParser("error", "error"));
  app.post(
    "/events/s3",
    {
      config: { tokenInQuery: true, readsOnly: true },
      schema: {
        tags: ["events in"],
        operationId: "receiveS3Event",
        summary: "An S3 server's event notification: AWS, MinIO, SeaweedFS",
        querystring: token,
        body: s3Event,
        response: { 202: answer("Sensors were woken, or none is concerned", woken), ...problems() },
      },
    },
    async ({ body, log }, reply) => {
      const subscribeUrl = confirmationUrl(body);
      if (subscribeUrl !== null) {
        // Whoever can post here could make this machine ask any address: a person looks at it first.
        log.warn({ subscribeUrl }, "SNS asks to be confirmed: open this address");
        return reply.code(202).send({ woken: [], ignored: 0, message: "To confirm, open what the log says" });
      }
      const objects = notifiedObjects(body);
      if (objects === null)
        throw new LotusError(
          "REQUEST_INVALID",
          "This is no event of AWS's, MinIO's or SeaweedFS's shape. docs/api.md has an example of each.",
        );
      const streams = new Set<(typeof project.streams)[number]>();
      let ignored = 0;
      for (const { bucket, key } of objects) {
        const stream =
          bucket !== null && bucket !== store.bucket
            ? undefined
            : project.streams.find((candidate) =>
                key.startsWith(rawPrefix(candidate.source, candidate.stream)),
              );
        if (stream) streams.add(stream);
        else ignored += 1;
      }
      return reply.code(202).send({ ...(await wake([...streams])), ignored });
    },
  );

  app.post(
    "/events/airbyte",
    {
      config: { tokenInQuery: true, readsOnly: true },
      schema: {
        tags: ["events in"],
        operationId: "receiveAirbyteEvent",
        summary: "Airbyte's notification that a sync has ended",
        querystring: token.extend({
          source: z.string().optional().describe("Which source it was; default: by the names in Airbyte"),
        }),
        body: airbyteEvent,
        response: { 202: answer("Sensors were woken, or none is concerned", woken), ...problems() },
      },
    },
    async ({ body, query }, reply) => {
      const end = readSyncEnd(body);
      if (end === null)
        throw new LotusError(
          "REQUEST_INVALID",
          "This is no notification of Airbyte's. docs/api.md has an example.",
        );
      const sources = [...new Set(project.streams.map(({ source }) => source))];
      const source = query.source ?? matchSource(sources, end.names);
      const streams = project.streams.filter((stream) => stream.source === source);
      const answer = await wake(streams);
      const told =
        streams.length > 0
          ? answer.message
          : `No source of this lake is called ${[query.source ?? end.names].flat().join(" or ") || "so"}. There are: ${sources.join(", ")}. Name one with ?source=`;
      return reply.code(202).send({ ...answer, ignored: 0, message: told });
    },
  );

  async function wake(streams: readonly { source: string; stream: string }[]) {
    await Promise.all(streams.map((stream) => tickSensor(client, stream)));
    const names = streams.map(({ source, stream }) => `${source}/${stream}`);
    return {
      woken: names,
      message: names.length === 0 ? "No stream of this lake is concerned" : "They look now",
    };
  }
}
