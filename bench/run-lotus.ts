/**
 * Lotus itself: a worker on a lake that runs, files that are there. Timed from telling the sensor to the commit of
 * the last batch, after which processed table, ledger and cursor are right. With `apiUrlFile` it serves the API as
 * well, as `lotus up` does, and that file holds its address for as long as it feeds.
 */
import { rm, writeFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { pino } from "pino";
import { startApi } from "../api/server.ts";
import { loadProject } from "../assets/project.ts";
import type { Connections } from "../common/settings.ts";
import { Lake, type LakeExtensions } from "../lake/lake.ts";
import { threadsFor } from "../lake/threads.ts";
import { connectTemporal } from "../orchestration/connect.ts";
import { LotusEvents } from "../orchestration/events.ts";
import { tickSensor } from "../orchestration/wake.ts";
import { startWorker } from "../orchestration/worker.ts";
import { cachedWorkflowBundle } from "../orchestration/workflow-bundle.ts";
import { ObjectStore } from "../sensors/object-store.ts";
import { answer, readInput } from "./stage.ts";
import { SOURCE, STREAM } from "./workloads.ts";

const input = await readInput<{
  connections: Connections;
  extensions: LakeExtensions;
  project: string;
  folder: string;
  memoryLimit: string;
  apiUrlFile?: string;
}>();
const { connections } = input;
const project = await loadProject(input.project);
const store = new ObjectStore(connections.s3);
const temporal = await connectTemporal(connections.temporal);
const lake = await Lake.open({
  connections,
  engine: { memoryLimit: input.memoryLimit, threads: threadsFor(await store.check()) },
  extensions: input.extensions,
  spillDir: input.folder,
});
const events = new LotusEvents();
const worker = await startWorker({
  lake,
  store,
  project,
  client: temporal.client,
  temporal: connections.temporal,
  events,
  workflowBundle: await cachedWorkflowBundle(input.folder),
});

if (input.apiUrlFile) {
  const api = await startApi({
    settings: { host: "127.0.0.1", port: null, tokens: [], url: null },
    lastPort: null,
    maintenance: { keepMs: 0, orphanAgeMs: 0 },
    connections,
    project,
    lake,
    queryLake: lake,
    store,
    client: temporal.client,
    logger: pino({ level: "silent" }),
    version: "bench",
  });
  await writeFile(input.apiUrlFile, api.url);
}

let batches = 0;
const batchMilliseconds: number[] = [];
const drained = new Promise<number>((resolve, reject) => {
  events.listen((event) => {
    if (event.kind === "failure") reject(new Error(event.message));
    if (event.kind !== "batch") return;
    batches += 1;
    batchMilliseconds.push(event.milliseconds);
    if (event.remaining === 0) resolve(performance.now());
  });
});
const started = performance.now();
await tickSensor(temporal.client, { source: SOURCE, stream: STREAM });
const ended = await drained;
if (input.apiUrlFile) {
  await rm(input.apiUrlFile);
  // What was asked before that is answered.
  await setTimeout(1000);
}
const [row] = await lake.withSession((session) =>
  session.queryRaw(
    `SELECT count(*)::INTEGER AS n, count(DISTINCT id)::INTEGER AS keys, (SELECT cursor_path FROM meta.feeder_cursors) AS cursor FROM int_${SOURCE}__${STREAM}`,
  ),
);
await worker.stop();
answer(ended - started, {
  rows: Number(row?.n),
  keys: Number(row?.keys),
  cursor: row?.cursor,
  batches,
  batchMilliseconds,
});
