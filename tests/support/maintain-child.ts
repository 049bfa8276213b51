import type { Stream } from "../../assets/definitions.ts";
import { retainLanding } from "../../assets/feeder/retention.ts";
import { RunnableModel } from "../../assets/feeder/runnable-model.ts";
import { cleanUpFiles } from "../../lake/clean-up.ts";
import { expireSnapshots } from "../../lake/expiry.ts";
import { Lake } from "../../lake/lake.ts";
import { deleteOrphans } from "../../lake/orphans.ts";
import { openScratch, Session } from "../../lake/session.ts";
import { Backlog } from "../../sensors/backlog.ts";
import { ObjectStore } from "../../sensors/object-store.ts";
import type { FeedOrder } from "./feed-child.ts";

/** What a process that looks after a lake is told, as JSON in its first argument. */
export interface MaintainOrder extends Omit<FeedOrder, "dir"> {
  stream: Stream;
  /** ISO time that counts as now. */
  now: string;
  /** Kills itself at this step of its way, from 1; its last steps may be fewer. */
  killAt: number;
}

/** Statements that change something that stays. */
const LASTING = /^\s*(COMMIT|DELETE FROM __ducklake)|ducklake_expire_snapshots/;

/** Retention, expiry, clean-up and orphans of one stream, in a process that kills itself on the way. */
async function maintain({ killAt, now: time, stream, ...order }: MaintainOrder): Promise<void> {
  let steps = 0;
  const step = () => {
    steps += 1;
    if (steps === killAt) process.kill(process.pid, "SIGKILL");
  };
  watch(step);
  const now = new Date(time);
  const lake = await Lake.open({ ...order, engine: { memoryLimit: "1GB", threads: 2 } });
  const store = new ObjectStore(order.connections.s3);
  const { lookbackDays } = stream.feeder;
  const backlog = new Backlog({ source: stream.source, stream: stream.stream, lookbackDays }, store);
  const model = await RunnableModel.prepare(await openScratch(), stream.processed, stream.landing.table);
  // What opening the lake did does not count.
  steps = 0;
  const context = { lake, store, stream, backlog, model };
  while ((await retainLanding(context, { runId: "child", now })).remaining > 0);
  await expireSnapshots(lake, { keepFrom: null, before: now });
  await cleanUpFiles(lake, store, { scheduledBefore: now });
  await deleteOrphans(lake, store, { olderThan: now });
  process.exit(0);
}

/** Calls `step` before and after everything that changes the lake or the bucket. Done from outside, on the classes. */
function watch(step: () => void): void {
  const { execute, queryRaw } = Session.prototype;
  const around = async <T>(lasting: boolean, work: () => Promise<T>): Promise<T> => {
    if (lasting) step();
    const result = await work();
    if (lasting) step();
    return result;
  };
  Session.prototype.execute = function (sql) {
    return around(LASTING.test(sql), () => execute.call(this, sql));
  };
  Session.prototype.queryRaw = function (sql) {
    return around(LASTING.test(sql), () => queryRaw.call(this, sql));
  };
  const { delete: remove, deleteExactly } = ObjectStore.prototype;
  ObjectStore.prototype.delete = function (key) {
    return around(true, () => remove.call(this, key));
  };
  ObjectStore.prototype.deleteExactly = function (key, etag) {
    return around(true, () => deleteExactly.call(this, key, etag));
  };
}

await maintain(JSON.parse(process.argv[2] ?? ""));
