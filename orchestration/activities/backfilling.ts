import { nextChunks } from "../../assets/backfill/next.ts";
import { planBackfill } from "../../assets/backfill/plan.ts";
import {
  type Backfill,
  type BackfillState,
  backfillStateSql,
  type Chunk,
  type ChunkState,
  chunkStateSql,
  findBackfill,
  readChunks,
  recordBackfill,
} from "../../assets/backfill/record.ts";
import { refeedChunk } from "../../assets/backfill/refeed.ts";
import {
  type ChunkOutcome,
  type ChunkRequest,
  findChunk,
  reprocessChunk,
} from "../../assets/backfill/reprocess.ts";
import type { Stream } from "../../assets/definitions.ts";
import { LotusError } from "../../common/errors.ts";
import { advanceFence, readFence } from "../../lake/fence.ts";
import type { Session } from "../../lake/session.ts";
import { commitSnapshot, untilCommitted } from "../../lake/transaction.ts";
import type { Activities } from "../activity-types.ts";
import type { BackfillControl } from "../messages.ts";
import { tellAutomation, tellBackfill, wakeFeeder, wakeMaterialize } from "../wake.ts";
import type { WorkerContext } from "../worker-context.ts";
import { materializeTable } from "./enriching.ts";
import { rebuildStream } from "./feeding.ts";
import { isFinal, isRepeated, runActivity, runId } from "./run-activity.ts";

/** What keeps the logs of backfills in order: one writer at a time. */
const FENCE = "backfills";

/** The activities of backfills: of those that steer them, and of the writers that do their chunks. */
export function backfillingActivities(
  worker: WorkerContext,
): Pick<Activities, "beginBackfill" | "controlBackfill" | "advanceBackfill" | "runChunk"> {
  const { lake, store, project, client } = worker;

  /** Reads, decides and writes under the fence; `decide` gives the statements. */
  async function write<T>(
    id: string,
    decide: (session: Session) => Promise<{ result: T; statements: string[]; message: string }>,
    signal: AbortSignal,
  ): Promise<T> {
    const attempt = async (session: Session) => {
      const epoch = await readFence(session, FENCE);
      const { result, statements, message } = await decide(session);
      if (statements.length === 0) return result;
      return commitSnapshot(session, async () => {
        for (const statement of statements) await session.execute(statement);
        await advanceFence(session, FENCE, epoch);
        return {
          result,
          note: { author: `backfill/${id}`, message, details: { runId: runId(), backfill: id } },
        };
      });
    };
    return untilCommitted(lake, attempt, { signal });
  }

  return {
    beginBackfill: ({ id, request, requestedBy }) =>
      runActivity((signal) =>
        untilCommitted(
          lake,
          async (session) => {
            const epoch = await readFence(session, FENCE);
            if (await findBackfill(session, id)) return { chunks: (await readChunks(session, id)).length };
            const plan = await planBackfill({ session, store, project }, request);
            const chunks = plan.targets.flatMap((target) => target.chunks);
            return commitSnapshot(session, async () => {
              await recordBackfill(session, { id, request, requestedBy, run: runId() }, chunks);
              await advanceFence(session, FENCE, epoch);
              const message = `begin: ${request.mode}, ${chunks.length} chunks`;
              const details = { runId: runId(), backfill: id };
              return {
                result: { chunks: chunks.length },
                note: { author: `backfill/${id}`, message, details },
              };
            });
          },
          { signal },
        ),
      ),

    controlBackfill: ({ id, control }) =>
      runActivity((signal) =>
        write(
          id,
          async (session) => {
            const backfill = await mustFind(session, id);
            const statements = controlStatements(backfill, await readChunks(session, id), control, runId());
            return { result: undefined, statements, message: control.kind };
          },
          signal,
        ),
      ),

    advanceBackfill: ({ id, again }) =>
      runActivity(async (signal) => {
        // An attempt that died may have begun chunks and handed none of them over.
        const all = again || isRepeated();
        const { ended, wake, settled } = await write(id, (session) => advance(session, id, all), signal);
        for (const chunk of wake) await wakeWriter(id, chunk);
        for (const asset of settled) await tellAutomation(client, { kind: "settled", asset });
        return { ended };
      }),

    runChunk: ({ backfill, chunk: number }) =>
      runActivity(async (signal) => {
        const request = { backfill, number, runId: runId(), signal };
        try {
          return await runOne(request);
        } catch (error) {
          if (!(error instanceof LotusError) || !isFinal(error)) throw error;
          await recordFailure(request, error);
          return { changedRows: 0 };
        } finally {
          await tellBackfill(client, backfill);
        }
      }),
  };

  async function advance(session: Session, id: string, again: boolean) {
    const backfill = await mustFind(session, id);
    const chunks = await readChunks(session, id);
    const run = runId();
    const running = chunks.filter(({ state }) => state === "running");
    const begins =
      backfill.state === "running" ? nextChunks(project, chunks, backfill.request.maxConcurrent) : [];
    const statements = begins.map((chunk) => chunkStateSql(id, chunk, { state: "running", run }));
    const left = chunks.some(({ state }) => state === "waiting" || state === "running");
    if (!left && backfill.state === "running")
      statements.push(
        backfillStateSql(backfill, chunks.some(({ state }) => state === "failed") ? "failed" : "done", run),
      );
    // What reads its tables waits for the end of a burst of chunks, and no longer than that.
    const rests = !left || backfill.state !== "running";
    const settled = rests ? [...new Set(chunks.map(({ asset }) => asset))] : [];
    return {
      result: { ended: !left, wake: again ? [...running, ...begins] : begins, settled },
      statements,
      message: left ? `${begins.length} chunks begin` : "ended",
    };
  }

  async function wakeWriter(backfill: string, { asset, number }: Chunk): Promise<void> {
    const work = { kind: "chunk", trigger: "backfill", backfill, chunk: number } as const;
    const stream = project.streams.find(({ processed }) => processed.asset === asset);
    if (stream) await wakeFeeder(client, stream, work);
    else await wakeMaterialize(client, asset, work);
  }

  async function runOne(request: ChunkRequest & { signal: AbortSignal }): Promise<ChunkOutcome> {
    const { backfill, asset, files, done } = await lake.withSession(async (session) => {
      const chunk = await findChunk(session, request);
      return {
        backfill: await mustFind(session, request.backfill),
        ...chunk,
        done: chunk.state !== "running",
      };
    });
    if (done) return { changedRows: 0 };
    const stream = project.streams.find(({ processed }) => processed.asset === asset);
    if (!stream || !files) return rebuildWhole(asset, stream, request);
    const started = Date.now();
    const context = await worker.feeders.get(stream.source, stream.stream);
    const run = backfill.request.mode === "refeed" ? refeedChunk : reprocessChunk;
    const outcome = await run(context, request);
    worker.events.emit({
      kind: "chunk",
      backfill: request.backfill,
      asset,
      files: files.files,
      changedRows: outcome.changedRows,
      milliseconds: Date.now() - started,
    });
    const more = await lake.withSession((session) => hasMore(session, request.backfill, asset));
    await tellAutomation(client, { kind: more ? "busy" : "settled", asset });
    return outcome;
  }

  /** A rebuild is the same however often it is done, so that it is recorded as done afterwards. */
  async function rebuildWhole(
    asset: string,
    stream: Stream | undefined,
    request: ChunkRequest & { signal: AbortSignal },
  ): Promise<ChunkOutcome> {
    const { signal } = request;
    const reason = `backfill ${request.backfill}`;
    const { changedRows } = stream
      ? await rebuildStream(worker, stream, { reason, keepOlder: false, signal })
      : await materializeTable(worker, asset, { full: true, signal });
    await recordChunk(request, { state: "done", changedRows });
    return { changedRows };
  }

  async function recordFailure(request: ChunkRequest, error: LotusError): Promise<void> {
    await recordChunk(request, { state: "failed", message: `${error.message} [${error.code}]` });
  }

  async function recordChunk(
    request: ChunkRequest,
    entry: { state: ChunkState; changedRows?: number; message?: string },
  ): Promise<void> {
    await untilCommitted(
      lake,
      async (session) => {
        const chunk = await findChunk(session, request);
        if (chunk.state !== "running") return;
        await commitSnapshot(session, async () => {
          await session.execute(chunkStateSql(request.backfill, chunk, { ...entry, run: request.runId }));
          const message = `chunk ${request.number} is ${entry.state}`;
          const details = { runId: request.runId, backfill: request.backfill, chunk: request.number };
          return { result: null, note: { author: `backfill/${request.backfill}`, message, details } };
        });
      },
      { signal: request.signal },
    );
  }
}

/** Whether chunks of this table are still to be done. */
async function hasMore(session: Session, backfill: string, table: string): Promise<boolean> {
  const chunks = await readChunks(session, backfill);
  return chunks.some(({ asset, state }) => asset === table && (state === "waiting" || state === "running"));
}

async function mustFind(session: Session, id: string): Promise<Backfill> {
  const backfill = await findBackfill(session, id);
  if (backfill) return backfill;
  throw new LotusError("NOT_FOUND", `There is no backfill ${id}.`);
}

/** What is written when somebody asks something of a backfill; nothing where it makes no difference. Pure. */
function controlStatements(
  backfill: Backfill,
  chunks: readonly Chunk[],
  control: BackfillControl,
  run: string,
): string[] {
  const { id, state } = backfill;
  const becomes = (next: BackfillState) => (state === next ? [] : [backfillStateSql(backfill, next, run)]);
  switch (control.kind) {
    case "pause":
      return state === "running" ? becomes("paused") : [];
    case "resume":
      return state === "paused" ? becomes("running") : [];
    case "cancel": {
      if (state !== "running" && state !== "paused") return [];
      const waiting = chunks.filter((chunk) => chunk.state === "waiting");
      return [
        ...becomes("cancelled"),
        ...waiting.map((chunk) => chunkStateSql(id, chunk, { state: "cancelled", run })),
      ];
    }
    case "retry": {
      const asked = (chunk: Chunk) => control.chunk === null || chunk.number === control.chunk;
      const again = chunks.filter(
        (chunk) => asked(chunk) && (chunk.state === "failed" || chunk.state === "cancelled"),
      );
      if (again.length === 0) return [];
      return [
        // A pause lasts until somebody ends it.
        ...(state === "paused" ? [] : becomes("running")),
        ...again.map((chunk) =>
          chunkStateSql(id, { ...chunk, attempt: chunk.attempt + 1 }, { state: "waiting", run }),
        ),
      ];
    }
  }
}
