import { type FeederContext, feedBatch } from "../../assets/feeder/feed-batch.ts";
import { RunnableModel } from "../../assets/feeder/runnable-model.ts";
import { loadProject } from "../../assets/project.ts";
import type { Connections } from "../../common/settings.ts";
import { Lake, type LakeOptions } from "../../lake/lake.ts";
import { openScratch } from "../../lake/session.ts";
import { Backlog } from "../../sensors/backlog.ts";
import { ObjectStore } from "../../sensors/object-store.ts";

/** What a feeding process is told, as JSON in its first argument. */
export interface FeedOrder {
  connections: Connections;
  extensions: LakeOptions["extensions"];
  spillDir: string;
  /** A project with one stream. */
  dir: string;
}

/** Feeds until nothing is left, and prints the id of each batch before and after it: a process to be killed. */
async function feedAll(order: FeedOrder): Promise<void> {
  const lake = await Lake.open({ ...order, engine: { memoryLimit: "1GB", threads: 2 } });
  const store = new ObjectStore(order.connections.s3);
  const { streams } = await loadProject(order.dir);
  const stream = streams[0];
  if (!stream) throw new Error("no stream");
  const { lookbackDays } = stream.feeder;
  const backlog = new Backlog({ source: stream.source, stream: stream.stream, lookbackDays }, store);
  const model = await RunnableModel.prepare(await openScratch(), stream.processed, stream.landing.table);
  const context: FeederContext = { lake, store, stream, backlog, model };
  await lake.withSession((session) => backlog.scan(session, { cursorKey: null, whole: true }));
  for (let count = 0; ; count += 1) {
    const batchId = `child-${process.pid}-${count}`;
    process.stdout.write(`begin ${batchId}\n`);
    const { remaining } = await feedBatch(context, { batchId, runId: "child" });
    process.stdout.write(`done ${batchId}\n`);
    if (remaining === 0) break;
  }
  process.exit(0);
}

await feedAll(JSON.parse(process.argv[2] ?? ""));
