import { z } from "zod";
import { refuseHeld } from "../../assets/holds.ts";
import { refusePaused } from "../../assets/pauses.ts";
import { LotusError } from "../../common/errors.ts";
import type { LakeView } from "../../orchestration/lake-view.ts";
import { tickSensor, wakeFeeder } from "../../orchestration/wake.ts";
import { findStream } from "../../orchestration/worker-context.ts";
import type { App } from "../app.ts";
import type { ApiContext } from "../context.ts";
import { linkOf } from "../links.ts";
import { decodeCursor, pageByKey, pageOf, pageOfRows, pageQuery } from "../paging.ts";
import { problems } from "../problems.ts";
import {
  describeStream,
  listBatches,
  listFiles,
  readThroughputs,
  summariseStreams,
  type Throughputs,
} from "../read/streams.ts";
import { assetStates } from "../schemas/assets.ts";
import { answer, flag, handedOver, streamParams } from "../schemas/common.ts";
import { batch, ledgerFile, ledgerStates, streamDetail, streamSummary } from "../schemas/streams.ts";

const LAST_BATCHES = 20;

export function streamRoutes(app: App, context: ApiContext): void {
  const { project, observer, lake, client, temporal } = context;

  const read = new WeakMap<LakeView, Promise<Throughputs>>();

  const summaries = async () => {
    const seen = await observer.current();
    const throughputs = await throughputsOf(seen.view);
    return summariseStreams(project, seen).map((stream) => ({ ...stream, throughput: throughputs(stream) }));
  };

  /** Read once for as long as the lake stays as it is, whoever asks. */
  function throughputsOf(view: LakeView): Promise<Throughputs> {
    const present = read.get(view);
    if (present) return present;
    const reading = lake.withSession(readThroughputs);
    reading.catch(() => read.delete(view));
    read.set(view, reading);
    return reading;
  }

  app.get(
    "/streams",
    {
      schema: {
        tags: ["streams"],
        operationId: "listStreams",
        summary: "Every stream: its cursor, and what waits",
        querystring: pageQuery.extend({
          source: z.string().optional(),
          state: z.enum(assetStates).optional(),
          waiting: flag.optional().describe("Only those for which files wait, or do not"),
          quarantined: flag.optional().describe("Only those with files set aside, or without"),
        }),
        response: { 200: answer("A page of streams, by name", pageOf(streamSummary)), ...problems() },
      },
    },
    async ({ query }) => {
      const found = (await summaries()).filter(
        (stream) =>
          (query.source === undefined || stream.source === query.source) &&
          (query.state === undefined || stream.state === query.state) &&
          (query.waiting === undefined || stream.lag.files > 0 === query.waiting) &&
          (query.quarantined === undefined || stream.quarantinedFiles > 0 === query.quarantined),
      );
      const keyOf = ({ source, stream }: { source: string; stream: string }) => `${source}/${stream}`;
      return pageByKey(
        found.sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1)),
        keyOf,
        query,
      );
    },
  );

  app.get(
    "/streams/:source/:stream",
    {
      schema: {
        tags: ["streams"],
        operationId: "getStream",
        summary: "One stream: config, lag, last batches, throughput",
        params: streamParams,
        response: { 200: answer("The stream", streamDetail), ...problems(404) },
      },
    },
    async ({ params }) => {
      const stream = findStream(project, params.source, params.stream);
      const summary = (await summaries()).find(
        (entry) => entry.source === params.source && entry.stream === params.stream,
      );
      if (!summary) throw new LotusError("NOT_FOUND", `No stream ${params.source}/${params.stream}.`);
      return lake.withSession(async (session) => ({
        ...summary,
        ...describeStream(stream),
        lastBatches: await listBatches(session, temporal, params, { before: null, limit: LAST_BATCHES }),
      }));
    },
  );

  app.get(
    "/streams/:source/:stream/batches",
    {
      schema: {
        tags: ["streams"],
        operationId: "listBatches",
        summary: "A stream's batches, newest first",
        params: streamParams,
        querystring: pageQuery,
        response: { 200: answer("A page of batches", pageOf(batch)), ...problems(404) },
      },
    },
    async ({ params, query }) => {
      findStream(project, params.source, params.stream);
      const before = decodeCursor(z.int(), query.cursor);
      const found = await lake.withSession((session) =>
        listBatches(session, temporal, params, { before, limit: query.limit + 1 }),
      );
      return pageOfRows(found, query.limit, ({ epoch }) => epoch);
    },
  );

  app.get(
    "/streams/:source/:stream/files",
    {
      schema: {
        tags: ["streams"],
        operationId: "listFiles",
        summary: "The ledger: every object that was fed, by key",
        params: streamParams,
        querystring: pageQuery.extend({
          state: z.enum(ledgerStates).optional(),
          prefix: z.string().max(1024).optional().describe("Only keys that begin so"),
        }),
        response: { 200: answer("A page of files, by key", pageOf(ledgerFile)), ...problems(404) },
      },
    },
    async ({ params, query: { limit, cursor, state, prefix } }) => {
      findStream(project, params.source, params.stream);
      const after = decodeCursor(z.string(), cursor);
      const options = { after, limit: limit + 1, state: state ?? null, prefix: prefix ?? null };
      const found = await lake.withSession((session) => listFiles(session, params, options));
      return pageOfRows(found, limit, ({ key }) => key);
    },
  );

  app.post(
    "/streams/:source/:stream/tick",
    {
      schema: {
        tags: ["streams"],
        operationId: "tickStream",
        summary: "Look for new files now",
        params: streamParams,
        response: { 202: handedOver, ...problems(404) },
      },
    },
    async ({ params }, reply) => {
      findStream(project, params.source, params.stream);
      const run = await tickSensor(client, params);
      return reply.code(202).send({ run: linkOf(temporal, run), message: "Its sensor looks now" });
    },
  );

  app.post(
    "/streams/:source/:stream/feed",
    {
      schema: {
        tags: ["streams"],
        operationId: "feedStream",
        summary: "Feed what waits now, whatever its sensor says",
        params: streamParams,
        response: { 202: handedOver, ...problems(404, 409) },
      },
    },
    async ({ params }, reply) => {
      const stream = findStream(project, params.source, params.stream);
      await lake.withSession(async (session) => {
        await refuseHeld(session, stream.processed.asset);
        await refusePaused(session, stream);
      });
      const run = await wakeFeeder(client, params, { kind: "feed", trigger: "manual" });
      return reply.code(202).send({ run: linkOf(temporal, run), message: "It is fed until nothing waits" });
    },
  );

  for (const action of ["pause", "resume"] as const) {
    app.post(
      `/streams/:source/:stream/${action}`,
      {
        schema: {
          tags: ["streams"],
          operationId: `${action}Stream`,
          summary:
            action === "pause" ? "Feed nothing until it is resumed; files wait" : "Feed again what waits",
          params: streamParams,
          response: { 202: handedOver, ...problems(404) },
        },
      },
      async ({ params, caller }, reply) => {
        findStream(project, params.source, params.stream);
        const run = await wakeFeeder(client, params, { kind: action, trigger: "manual", by: caller.name });
        const message = action === "pause" ? "It pauses after the batch that runs" : "It goes on";
        return reply.code(202).send({ run: linkOf(temporal, run), message });
      },
    );
  }
}
