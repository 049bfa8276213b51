import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import { planBackfill } from "../../assets/backfill/plan.ts";
import { type Chunk, findBackfill, readChunks } from "../../assets/backfill/record.ts";
import type { BackfillRequest } from "../../assets/backfill/request.ts";
import { LotusError } from "../../common/errors.ts";
import { readSnapshot } from "../../lake/transaction.ts";
import { controlBackfill, findStartedBackfill, startBackfill } from "../../orchestration/wake.ts";
import { refuseViewer } from "../access.ts";
import type { App } from "../app.ts";
import type { ApiContext } from "../context.ts";
import { linkOf } from "../links.ts";
import { decodeCursor, encodeCursor, pageOf, pageQuery } from "../paging.ts";
import { problems } from "../problems.ts";
import { describeStarted, listBackfills, listChunks } from "../read/backfills.ts";
import {
  backfill,
  backfillChunk,
  backfillPlan,
  backfillRequest,
  backfillStates,
  chunkStates,
} from "../schemas/backfills.ts";
import { answer, handedOver } from "../schemas/common.ts";

const params = z.object({ id: z.string().min(1).max(200) });
const started = z
  .object({
    id: z.string(),
    created: z.boolean().describe("Whether this request made it"),
    plan: backfillPlan,
  })
  .meta({ id: "BackfillStarted" });

export function backfillRoutes(app: App, context: ApiContext): void {
  const { lake, store, project, client, temporal } = context;

  app.post(
    "/backfills",
    {
      schema: {
        tags: ["backfills"],
        operationId: "startBackfill",
        summary: "Begin a backfill, or say what it would do (dryRun)",
        description: "A viewer may ask what it would do.",
        body: backfillRequest,
        response: {
          200: answer("What it would do; or the backfill that the same key made before", started),
          202: answer("It has begun", started),
          ...problems(404, 409),
        },
      },
      config: { role: "viewer", dryRuns: true },
    },
    async ({ body, caller }, reply) => {
      const { dryRun, idempotencyKey, ...asked } = body;
      if (!dryRun) refuseViewer(caller);
      const request: BackfillRequest = {
        mode: asked.mode,
        streams: asked.streams ?? [],
        assets: asked.assets ?? [],
        downstreamOf: asked.downstreamOf ?? [],
        from: asked.from ?? null,
        to: asked.to ?? null,
        maxConcurrent: asked.maxConcurrent,
      };
      if (request.from !== null && request.to !== null && request.from > request.to)
        throw new LotusError(
          "REQUEST_INVALID",
          `from: ${request.from} lies after to: ${request.to}. Swap them.`,
        );
      const id = idempotencyKey === undefined ? randomUUID() : idOf(idempotencyKey);
      const before = idempotencyKey === undefined ? null : await findAsked(id);
      refuseOther(before, request);
      const planned = await lake.withSession((session) =>
        readSnapshot(session, () => planBackfill({ session, store, project }, request)),
      );
      const plan = planOf(request.mode, planned);
      if (dryRun || before !== null) return reply.code(200).send({ id, created: false, plan });
      const created = await startBackfill(client, id, { request, requestedBy: caller.name });
      // Somebody else was faster.
      if (!created) refuseOther(await findAsked(id), request);
      return reply.code(created ? 202 : 200).send({ id, created, plan });
    },
  );

  app.get(
    "/backfills",
    {
      schema: {
        tags: ["backfills"],
        operationId: "listBackfills",
        summary: "Backfills, newest first",
        querystring: pageQuery.extend({ state: z.enum(backfillStates).optional() }),
        response: { 200: answer("A page of backfills", pageOf(backfill)), ...problems() },
      },
    },
    async ({ query: { limit, cursor, state } }) => {
      const before = decodeCursor(z.object({ at: z.string(), id: z.string() }), cursor);
      const found = await lake.withSession((session) =>
        listBackfills(session, context, { state, before, limit: limit + 1 }),
      );
      const items = found.slice(0, limit);
      const last = items.at(-1);
      const next = found.length > limit && last ? encodeCursor({ at: last.requestedAt, id: last.id }) : null;
      return { items, next };
    },
  );

  app.get(
    "/backfills/:id",
    {
      schema: {
        tags: ["backfills"],
        operationId: "getBackfill",
        summary: "One backfill and how far it is",
        params,
        response: { 200: answer("The backfill", backfill), ...problems(404) },
      },
    },
    ({ params: { id } }) => mustFind(id),
  );

  app.get(
    "/backfills/:id/chunks",
    {
      schema: {
        tags: ["backfills"],
        operationId: "listBackfillChunks",
        summary: "Its chunks, in their order",
        params,
        querystring: pageQuery.extend({ state: z.enum(chunkStates).optional() }),
        response: { 200: answer("A page of chunks", pageOf(backfillChunk)), ...problems(404) },
      },
    },
    async ({ params: { id }, query: { limit, cursor, state } }) => {
      await mustFind(id);
      const after = decodeCursor(z.int(), cursor) ?? 0;
      const found = await lake.withSession((session) =>
        listChunks(session, context, { backfill: id, state, after, limit: limit + 1 }),
      );
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return { items, next: found.length > limit && last ? encodeCursor(last.number) : null };
    },
  );

  const controls = {
    pause: "Begin no further chunks; those that run end",
    resume: "Go on after a pause",
    cancel: "Give up the chunks that wait; those that run end",
  } as const;
  for (const [kind, summary] of Object.entries(controls) as [keyof typeof controls, string][]) {
    app.post(
      `/backfills/:id/${kind}`,
      {
        schema: {
          tags: ["backfills"],
          operationId: `${kind}Backfill`,
          summary,
          params,
          response: { 202: handedOver, ...problems(404) },
        },
      },
      async ({ params: { id } }, reply) => {
        await mustFind(id);
        const run = await controlBackfill(client, id, { kind });
        return reply.code(202).send({ run: linkOf(temporal, run), message: `${kind}: asked for` });
      },
    );
  }

  app.post(
    "/backfills/:id/retry",
    {
      schema: {
        tags: ["backfills"],
        operationId: "retryBackfill",
        summary: "Let chunks that failed, or were given up, wait once more",
        params,
        body: z
          .object({ chunk: z.int().min(1).nullable().default(null).describe("null: all of them") })
          .prefault({}),
        response: { 202: handedOver, ...problems(404, 409) },
      },
    },
    async ({ params: { id }, body: { chunk } }, reply) => {
      await mustFind(id);
      refuseRetry(id, chunk, await lake.withSession((session) => readChunks(session, id)));
      const run = await controlBackfill(client, id, { kind: "retry", chunk });
      const message = chunk === null ? "Chunks that failed wait again" : `Chunk ${chunk} waits again`;
      return reply.code(202).send({ run: linkOf(temporal, run), message });
    },
  );

  async function mustFind(id: string): Promise<z.infer<typeof backfill>> {
    const [found] = await lake.withSession((session) => listBackfills(session, context, { id, limit: 1 }));
    if (found) return found;
    const started = await findStartedBackfill(client, id);
    if (started) return describeStarted(temporal, id, started);
    throw new LotusError("NOT_FOUND", `There is no backfill ${id}. List them with GET /api/v1/backfills.`);
  }

  /** What was asked for under this id before; null: nothing. */
  async function findAsked(id: string): Promise<BackfillRequest | null> {
    const present = await lake.withSession((session) => findBackfill(session, id));
    return present?.request ?? (await findStartedBackfill(client, id))?.request ?? null;
  }

  /** A key that was used for something else is a mistake. */
  function refuseOther(before: BackfillRequest | null, request: BackfillRequest): void {
    if (before === null || JSON.stringify(before) === JSON.stringify(request)) return;
    throw new LotusError(
      "BACKFILL_REFUSED",
      "This idempotency key was used for another backfill. Choose another key.",
    );
  }
}

/** @throws LotusError BACKFILL_REFUSED where there is nothing to retry; NOT_FOUND for a chunk that is not there. */
function refuseRetry(id: string, number: number | null, chunks: readonly Chunk[]): void {
  const chunk = chunks.find((candidate) => candidate.number === number);
  if (number !== null && !chunk)
    throw new LotusError("NOT_FOUND", `Backfill ${id} has no chunk ${number}; it has ${chunks.length}.`);
  const may = ({ state }: Chunk) => state === "failed" || state === "cancelled";
  if (chunk ? may(chunk) : chunks.some(may)) return;
  throw new LotusError(
    "BACKFILL_REFUSED",
    `${chunk ? `Chunk ${number} is ${chunk.state}` : "No chunk failed"}: only what failed, or was given up, is retried. GET /api/v1/backfills/${id}/chunks lists them.`,
  );
}

/** The same key gives the same id, whoever asks. */
function idOf(key: string): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 32);
}

function planOf(
  mode: BackfillRequest["mode"],
  { targets, downstream }: Awaited<ReturnType<typeof planBackfill>>,
): z.infer<typeof backfillPlan> {
  const sum = (value: (target: (typeof targets)[number]) => number) =>
    targets.reduce((total, target) => total + value(target), 0);
  return {
    mode,
    targets: targets.map(({ asset, stream, from, to, days, files, bytes, chunks, obstacle, note }) => ({
      asset,
      stream: stream && `${stream.source}/${stream.stream}`,
      from,
      to,
      days,
      files,
      bytes,
      chunks: chunks.length,
      obstacle,
      note,
    })),
    downstream,
    days: sum(({ days }) => days),
    files: sum(({ files }) => files),
    bytes: sum(({ bytes }) => bytes),
    chunks: sum(({ chunks }) => chunks.length),
  };
}
