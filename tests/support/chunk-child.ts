import { refeedChunk } from "../../assets/backfill/refeed.ts";
import { reprocessChunk } from "../../assets/backfill/reprocess.ts";
import { RunnableModel } from "../../assets/feeder/runnable-model.ts";
import { loadProject } from "../../assets/project.ts";
import { Lake } from "../../lake/lake.ts";
import { openScratch, Session } from "../../lake/session.ts";
import { Backlog } from "../../sensors/backlog.ts";
import { ObjectStore } from "../../sensors/object-store.ts";
import type { FeedOrder } from "./feed-child.ts";

/** What a process that does one chunk of a backfill is told, as JSON in its first argument. */
export interface ChunkOrder extends FeedOrder {
  mode: "reprocess" | "refeed";
  backfill: string;
  chunk: number;
  /** Kills itself at this statement, from 1. */
  killAt: number;
}

/** Does a chunk in a process that kills itself on the way. */
async function work({ killAt, mode, backfill, chunk, ...order }: ChunkOrder): Promise<void> {
  let steps = Number.NEGATIVE_INFINITY;
  const { execute } = Session.prototype;
  // Before and after each statement, COMMIT among them.
  Session.prototype.execute = async function (sql) {
    step();
    await execute.call(this, sql);
    step();
  };
  function step(): void {
    steps += 1;
    if (steps === killAt) process.kill(process.pid, "SIGKILL");
  }
  const lake = await Lake.open({ ...order, engine: { memoryLimit: "1GB", threads: 2 } });
  const store = new ObjectStore(order.connections.s3);
  const { streams } = await loadProject(order.dir);
  const stream = streams[0];
  if (!stream) throw new Error("no stream");
  const { lookbackDays } = stream.feeder;
  const backlog = new Backlog({ source: stream.source, stream: stream.stream, lookbackDays }, store);
  const model = await RunnableModel.prepare(await openScratch(), stream.processed, stream.landing.table);
  // What opening the lake did does not count.
  steps = 0;
  const run = mode === "refeed" ? refeedChunk : reprocessChunk;
  await run({ lake, store, stream, backlog, model }, { backfill, number: chunk, runId: "child" });
  process.exit(0);
}

await work(JSON.parse(process.argv[2] ?? ""));
