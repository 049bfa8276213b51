import { assetStates, isResting, recordAssetState } from "../../assets/asset-states.ts";
import { readCursorKey } from "../../assets/feeder/batch-record.ts";
import { type FeederContext, feedBatch } from "../../assets/feeder/feed-batch.ts";
import { changeQuarantine } from "../../assets/feeder/quarantine.ts";
import { rebuildProcessed } from "../../assets/feeder/rebuild.ts";
import { hasUnpublished } from "../../assets/feeder/unpublished.ts";
import { isHeld } from "../../assets/holds.ts";
import { feederAssetKey } from "../../assets/names.ts";
import { setPaused } from "../../assets/pauses.ts";
import { untilCommitted } from "../../lake/transaction.ts";
import type { Activities } from "../activity-types.ts";
import type { StreamName } from "../messages.ts";
import { tellAutomation, wakeFeeder } from "../wake.ts";
import type { WorkerContext } from "../worker-context.ts";
import { countsAsFailure, runActivity, runId } from "./run-activity.ts";

/** The activities of a stream: its sensor's and its writer's. */
export function feedingActivities(
  worker: WorkerContext,
): Pick<
  Activities,
  "tickSensor" | "feedBatch" | "publishGeneration" | "rebuildProcessed" | "changeQuarantine" | "setPaused"
> {
  return {
    tickSensor: ({ source, stream, told }) =>
      runActivity(async () => {
        const context = await worker.feeders.get(source, stream);
        const { lake, store, backlog } = context;
        const waiting = await lake.withSession(async (session) => {
          const cursorKey = backlog.cursorKey ?? (await readCursorKey(session, store, context.stream));
          // Who tells may know of a file that is late beyond the look-back.
          return backlog.scan(session, { cursorKey, whole: told });
        });
        const count = waiting.files + waiting.misplaced + waiting.lost;
        // Whoever fed the last files of a generation may not have come to publish it.
        const unpublished = () => lake.withSession((session) => hasUnpublished(session, context.stream));
        const wakes =
          (count > 0 || (await unpublished())) && (await mayFeed(context, worker.startedAt, told));
        if (wakes) {
          if (count > 0)
            worker.events.emit({ kind: "found", source, stream, files: count, bytes: waiting.bytes });
          await wakeFeeder(worker.client, { source, stream }, { kind: "feed", trigger: "sensor" });
        } else if (told) {
          // Whoever told the sensor may have announced a burst; there is none.
          await tellAutomation(worker.client, { kind: "settled", asset: context.stream.processed.asset });
        }
        return { waiting: count, pollMs: context.stream.feeder.pollMs };
      }),

    feedBatch: ({ source, stream, batchId }) =>
      runActivity((signal) =>
        writeStream(worker, { source, stream }, async (context) => {
          const started = Date.now();
          const { asset } = context.stream.processed;
          const outcome = await feedBatch(context, { batchId, runId: runId(), signal });
          const { files, rows, bytes, quarantined, replaced, lost, remaining } = outcome;
          if (files + quarantined + lost > 0) {
            worker.events.emit({
              kind: "batch",
              source,
              stream,
              files,
              rows,
              bytes,
              quarantined,
              replaced,
              lost,
              remaining,
              milliseconds: Date.now() - started,
            });
          }
          const publish = remaining === 0 && context.stream.destinationSyncMode === "overwrite";
          if (!publish)
            await tellAutomation(worker.client, { kind: remaining > 0 ? "busy" : "settled", asset });
          return { files, rows, quarantined, remaining, publish };
        }),
      ),

    publishGeneration: ({ source, stream }) =>
      runActivity((signal) =>
        writeStream(worker, { source, stream }, async (context) => {
          const { asset } = context.stream.processed;
          const published = await context.lake.withSession(
            async (session) => !(await isHeld(session, asset)) && hasUnpublished(session, context.stream),
          );
          if (published)
            await rebuild(worker, context, {
              reason: "a generation is complete",
              keepOlder: false,
              signal,
            });
          await tellAutomation(worker.client, { kind: "settled", asset });
          return { published };
        }),
      ),

    rebuildProcessed: ({ source, stream, reason, keepOlder }) =>
      runActivity((signal) => rebuildStream(worker, { source, stream }, { reason, keepOlder, signal })),

    setPaused: ({ source, stream, paused, by }) =>
      runActivity(async (signal) => {
        const context = await worker.feeders.get(source, stream);
        const change = { paused, by, run: runId() };
        await untilCommitted(context.lake, (session) => setPaused(session, context.stream, change), {
          signal,
        });
        await tellAutomation(worker.client, { kind: "settled", asset: context.stream.processed.asset });
      }),

    changeQuarantine: ({ source, stream, action, key }) =>
      runActivity(async (signal) => {
        const context = await worker.feeders.get(source, stream);
        return changeQuarantine(context, { action, key, runId: runId(), signal });
      }),
  };
}

/**
 * Makes a stream's processed table anew from landing, and tells who watches.
 * @throws what rebuildProcessed throws
 */
export function rebuildStream(
  worker: WorkerContext,
  name: StreamName,
  how: RebuildOptions,
): Promise<{ rows: number; changedRows: number }> {
  return writeStream(worker, name, async (context) => {
    const { asset, rows, changedRows } = await rebuild(worker, context, how);
    await tellAutomation(worker.client, { kind: "settled", asset });
    return { rows, changedRows };
  });
}

interface RebuildOptions {
  reason: string;
  keepOlder: boolean;
  signal: AbortSignal;
}

async function rebuild(worker: WorkerContext, context: FeederContext, how: RebuildOptions) {
  const started = Date.now();
  const outcome = await rebuildProcessed(context, { runId: runId(), ...how });
  const { reason } = how;
  worker.events.emit({ kind: "rebuild", ...outcome, reason, milliseconds: Date.now() - started });
  return outcome;
}

/** Runs a piece of a stream's writer's work; a model's fault is recorded and told, and so is its end. */
async function writeStream<T>(
  worker: WorkerContext,
  name: StreamName,
  work: (context: FeederContext) => Promise<T>,
): Promise<T> {
  const { failed } = worker;
  const context = await worker.feeders.get(name.source, name.stream);
  const { asset, codeHash } = context.stream.processed;
  try {
    const result = await work(context);
    if (failed.delete(asset)) await record("ok", null);
    return result;
  } catch (error) {
    if (countsAsFailure(error)) {
      failed.add(asset);
      await record("failed", error.message);
      worker.events.emit({ kind: "failure", asset, message: error.message });
      await tellAutomation(worker.client, { kind: "settled", asset });
    }
    throw error;
  }

  async function record(state: "ok" | "failed", message: string | null) {
    await context.lake.withSession((session) =>
      recordAssetState(session, { asset, state, message, codeHash, run: runId() }),
    );
  }
}

/**
 * Whether a stream's writer may be woken: not while its table is held or the stream is paused, nor soon after a failure
 * unless `told`.
 */
async function mayFeed({ lake, stream }: FeederContext, startedAt: Date, told: boolean): Promise<boolean> {
  const { asset, codeHash } = stream.processed;
  const states = await lake.withSession(assetStates);
  if (states.get(feederAssetKey(stream.source, stream.stream))?.state === "paused") return false;
  const state = states.get(asset);
  return state?.state !== "held" && (told || !isResting(state, codeHash, startedAt));
}
