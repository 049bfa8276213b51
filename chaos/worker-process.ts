import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { Worker } from "@temporalio/worker";
import { loadProject } from "../assets/project.ts";
import { openRuntime } from "../cli/runtime.ts";
import type { Connections, EngineSettings } from "../common/settings.ts";
import { readSettings } from "../common/settings.ts";
import { connectTemporal, registerSearchAttributes } from "../orchestration/connect.ts";
import { type LotusEvent, LotusEvents } from "../orchestration/events.ts";
import { keepSensorsRunning, startSensors } from "../orchestration/standing.ts";
import { startWorker } from "../orchestration/worker.ts";
import { type Trap, Traps } from "./trap.ts";
import { watchStatements } from "./watch.ts";

/** What a worker is told at its start. */
export interface WorkerOrder {
  connections: Connections;
  projectDir: string;
  stateDir: string;
  engine: EngineSettings;
  /** What DuckDB may spill, such as `1MB`; null: what the disk holds. */
  spillLimit: string | null;
  /** The file of the workflow bundle. */
  bundle: string;
}

export type ToWorker =
  | { kind: "start"; order: WorkerOrder }
  /** The traps that are set from now on. */
  | { kind: "traps"; traps: Trap[] }
  /** The answer to `sprung` of a trap that tells. */
  | { kind: "goOn"; id: number };

export type FromWorker =
  | { kind: "ready" }
  /** It came to a named point: it has work. Told now and then. */
  | { kind: "busy" }
  /** A trap was sprung that does not kill. */
  | { kind: "sprung"; id: number }
  | { kind: "fenceLost" }
  | { kind: "commitFailed" }
  | { kind: "outOfMemory" }
  | { kind: "event"; event: LotusEvent };

const BUSY_MS = 500;

async function runWorker(): Promise<void> {
  const say = (line: string) => writeSync(1, `${new Date().toISOString()} ${line}\n`);
  const tell = (message: FromWorker) =>
    new Promise<void>((resolve) => {
      if (process.connected) process.send?.(message, () => resolve());
      else resolve();
    });
  const traps = new Traps((id) => tell({ kind: "sprung", id }));
  let toldBusy = 0;
  let begin = (_order: WorkerOrder) => {};
  const started = new Promise<WorkerOrder>((resolve) => {
    begin = resolve;
  });
  process.on("message", (message: ToWorker) => {
    if (message.kind === "start") begin(message.order);
    else if (message.kind === "traps") traps.set(message.traps);
    else traps.goOn(message.id);
  });
  // Whoever started this process is gone.
  process.on("disconnect", () => process.exit(1));
  watchStatements({
    reached(point, moment) {
      if (Date.now() - toldBusy > BUSY_MS) {
        toldBusy = Date.now();
        void tell({ kind: "busy" });
      }
      return traps.reached(point, moment);
    },
    fenceLost() {
      say("FENCE_LOST");
      void tell({ kind: "fenceLost" });
    },
    failed(point, message) {
      say(`failed ${point ?? ""} ${message.slice(0, 300)}`);
      if (point?.endsWith(".commit")) void tell({ kind: "commitFailed" });
      if (/Out of Memory Error/.test(message)) void tell({ kind: "outOfMemory" });
    },
  });

  offerWorkflowsSoon();
  const order = await started;
  const settings = {
    ...readSettings({}),
    connections: order.connections,
    stateDir: order.stateDir,
    engine: order.engine,
  };
  if (order.spillLimit !== null) limitSpill(order.spillLimit);
  const project = await loadProject(order.projectDir);
  const runtime = await openRuntime(settings, order.connections, { mode: "write", report: say });
  const temporal = await connectTemporal(order.connections.temporal);
  await registerSearchAttributes(temporal, order.connections.temporal.namespace);
  await temporal.close();
  const events = new LotusEvents();
  events.listen((event) => {
    say(JSON.stringify(event));
    void tell({ kind: "event", event });
  });
  const { lake, store, client } = runtime;
  const worker = await startWorker({
    lake,
    store,
    project,
    client,
    temporal: order.connections.temporal,
    events,
    workflowBundle: { codePath: order.bundle },
  });
  await startSensors(client, project);
  keepSensorsRunning(client, project);
  say("ready");
  await tell({ kind: "ready" });
  await worker.ended;
}

/**
 * Workflows that a killed worker had in its memory are kept for it for ten seconds before another may have them; here
 * for one, so that more kills fit into a round. Done from outside, as production has no use for it.
 */
function offerWorkflowsSoon(): void {
  const create = Worker.create;
  Worker.create = (options) =>
    create.call(Worker, { ...options, stickyQueueScheduleToStartTimeout: "1 second" });
}

/** Every DuckDB of this process finds its disk full when it has spilt so much. */
function limitSpill(limit: string): void {
  const create = DuckDBInstance.create;
  DuckDBInstance.create = (path, options) =>
    create.call(DuckDBInstance, path, { ...options, max_temp_directory_size: limit });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await runWorker();
    process.exit(0);
  } catch (error) {
    writeSync(2, `${error instanceof Error ? (error.stack ?? error.message) : error}\n`);
    process.exit(1);
  }
}
