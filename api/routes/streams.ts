import { z } from "zod";
import { LotusError } from "../../common/errors.ts";
import { feederId, sensorId } from "../../orchestration/names.ts";
import { tickSensor, wakeFeeder } from "../../orchestration/wake.ts";
import { findStream } from "../../orchestration/worker-context.ts";
import type { App } from "../app.ts";
import type { ApiContext } from "../context.ts";
import { runUrl } from "../links.ts";
import { decodeCursor, encodeCursor, pageByKey, pageOf, pageQuery } from "../paging.ts";
import { problems } from "../problems.ts";
import {
  describeStream,
  listBatches,
  listFiles,
  listQuarantined,
  summariseStreams,
  throughputOf,
} from "../read/streams.ts";
import { accepted, streamParams } from "../schemas/common.ts";
import { batch, ledgerFile, quarantinedFile, streamDetail, streamSummary } from "../schemas/streams.ts";

const LAST_BATCHES = 20;

export function streamRoutes(app: App, context: ApiContext): void {
  const { project, observer, lake, client, temporal } = context;

  const summaries = async () => {
    const seen = await observer.current();
    return summariseStreams(project, seen, seen.view.paused);
  };

  app.get(
    "/streams",
    {
      schema: {
        tags: ["streams"],
        summary: "Every stream: its cursor, and what waits",
        querystring: pageQuery.extend({
          source: z.string().optional(),
          state: z.string().optional(),
          waiting: z.stringbool().optional().describe("Only those for which files wait, or do not"),
          quarantined: z.stringbool().optional().describe("Only those with files set aside, or without"),
        }),
        response: { 200: pageOf(streamSummary), ...problems() },
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
        summary: "One stream: config, lag, last batches, throughput",
        params: streamParams,
        response: { 200: streamDetail, ...problems(404) },
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
        lastBatches: await listBatches(session, params, { before: null, limit: LAST_BATCHES }),
        throughput: await throughputOf(session, params),
      }));
    },
  );

  app.get(
    "/streams/:source/:stream/batches",
    {
      schema: {
        tags: ["streams"],
        summary: "A stream's batches, newest first",
        params: streamParams,
        querystring: pageQuery,
        response: { 200: pageOf(batch), ...problems(404) },
      },
    },
    async ({ params, query }) => {
      findStream(project, params.source, params.stream);
      const before = decodeCursor(z.int(), query.cursor);
      const found = await lake.withSession((session) =>
        listBatches(session, params, { before, limit: query.limit + 1 }),
      );
      const items = found.slice(0, query.limit);
      const last = items.at(-1);
      return { items, next: found.length > query.limit && last ? encodeCursor(last.epoch) : null };
    },
  );

  app.get(
    "/streams/:source/:stream/files",
    {
      schema: {
        tags: ["streams"],
        summary: "The ledger: every object that was fed, by key",
        params: streamParams,
        querystring: pageQuery.extend({
          state: z.enum(["fed", "removed", "lost"]).optional(),
          prefix: z.string().max(1024).optional().describe("Only keys that begin so"),
        }),
        response: { 200: pageOf(ledgerFile), ...problems(404) },
      },
    },
    async ({ params, query: { limit, cursor, state, prefix } }) => {
      findStream(project, params.source, params.stream);
      const after = decodeCursor(z.string(), cursor);
      const options = { after, limit: limit + 1, state: state ?? null, prefix: prefix ?? null };
      const found = await lake.withSession((session) => listFiles(session, params, options));
      return pageOfKeys(found, limit);
    },
  );

  app.post(
    "/streams/:source/:stream/tick",
    {
      schema: {
        tags: ["streams"],
        summary: "Look for new files now",
        params: streamParams,
        response: { 202: accepted, ...problems(404) },
      },
    },
    async ({ params }, reply) => {
      findStream(project, params.source, params.stream);
      await tickSensor(client, params);
      return reply.code(202).send(handedTo(sensorId(params.source, params.stream), "Its sensor looks now"));
    },
  );

  for (const action of ["pause", "resume"] as const) {
    app.post(
      `/streams/:source/:stream/${action}`,
      {
        schema: {
          tags: ["streams"],
          summary:
            action === "pause" ? "Feed nothing until it is resumed; files wait" : "Feed again what waits",
          params: streamParams,
          response: { 202: accepted, ...problems(404) },
        },
      },
      async ({ params, caller }, reply) => {
        findStream(project, params.source, params.stream);
        await wakeFeeder(client, params, { kind: action, trigger: "manual", by: caller.name });
        const message = action === "pause" ? "It pauses after the batch that runs" : "It goes on";
        return reply.code(202).send(handedTo(feederId(params.source, params.stream), message));
      },
    );
  }

  app.get(
    "/quarantine",
    {
      schema: {
        tags: ["quarantine"],
        summary: "Files that were set aside, with their reasons",
        querystring: pageQuery.extend({ source: z.string().optional(), stream: z.string().optional() }),
        response: { 200: pageOf(quarantinedFile), ...problems() },
      },
    },
    async ({ query: { limit, cursor, source, stream } }) => {
      const after = decodeCursor(z.string(), cursor);
      const options = { after, limit: limit + 1, source: source ?? null, stream: stream ?? null };
      return pageOfKeys(await lake.withSession((session) => listQuarantined(session, options)), limit);
    },
  );

  for (const action of ["retry", "drop"] as const) {
    app.post(
      `/streams/:source/:stream/quarantine/${action}`,
      {
        schema: {
          tags: ["quarantine"],
          summary: action === "retry" ? "Let files wait once more" : "Never feed these files as they are",
          params: streamParams,
          body: z.object({
            key: z.string().min(1).max(1024).nullable().describe("null: all of the stream's"),
          }),
          response: { 202: accepted, ...problems(404) },
        },
      },
      async ({ params, body: { key } }, reply) => {
        findStream(project, params.source, params.stream);
        await wakeFeeder(client, params, { kind: "quarantine", trigger: "manual", action, key });
        const what = key === null ? "All files that were set aside" : key;
        const message = action === "retry" ? `${what}: will be fed once more` : `${what}: will be dropped`;
        return reply.code(202).send(handedTo(feederId(params.source, params.stream), message));
      },
    );
  }

  function handedTo(workflowId: string, message: string) {
    return { run: { workflowId, runId: null, url: runUrl(temporal, workflowId, null) }, message };
  }
}

function pageOfKeys<T extends { key: string }>(
  found: T[],
  limit: number,
): { items: T[]; next: string | null } {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last ? encodeCursor(last.key) : null };
}
