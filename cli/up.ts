import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { isGrpcServiceError } from "@temporalio/client";
import colors from "picocolors";
import type { Project } from "../assets/definitions.ts";
import { formatFinding } from "../assets/findings.ts";
import { type ErrorCode, LotusError, messageOf } from "../common/errors.ts";
import type { Connections, Settings } from "../common/settings.ts";
import { firstLine } from "../lake/faults.ts";
import { connectTemporal, registerSearchAttributes } from "../orchestration/connect.ts";
import { LotusEvents } from "../orchestration/events.ts";
import { keepSensorsRunning, startSensors } from "../orchestration/standing.ts";
import { collectStatus, type LakeStatus } from "../orchestration/status.ts";
import { scheduleMaintenance } from "../orchestration/wake.ts";
import { type RunningWorker, startWorker } from "../orchestration/worker.ts";
import { cachedWorkflowBundle } from "../orchestration/workflow-bundle.ts";
import { type Platform, startPlatform } from "../platform/platform.ts";
import { provision } from "../platform/provision.ts";
import type { ObjectStore } from "../sensors/object-store.ts";
import { rawPrefix } from "../sensors/raw-layout.ts";
import { type GatewayProcess, startGatewayProcess } from "./gateway-process.ts";
import { describeEvent, print, statusTables } from "./output.ts";
import { rememberProject } from "./running-project.ts";
import { openRuntime, type Runtime } from "./runtime.ts";
import { serveApi } from "./serve-api.ts";

export interface UpOptions {
  once: boolean;
  sample: boolean;
  /** Whether to serve the API and the console. */
  serve: boolean;
  report: (line: string) => void;
}

/**
 * Runs a lake until it is told to stop (SIGINT, SIGTERM) or, with `once`, until nothing is new; then shuts it down
 * in order.
 * @returns the exit code: 1 when, with `once`, something failed.
 */
export async function up(settings: Settings, project: Project, options: UpOptions): Promise<number> {
  const { report } = options;
  showFindings(project, report);
  const stop = stopSignal(report);
  const closers: (() => Promise<void>)[] = [];
  try {
    const { connections, platform } = await startConnections(settings, report);
    if (platform) {
      closers.push(() => platform.stop());
      platform.onExit((service) =>
        stop.raise(new Error(`${service} has died and does not come back; see ${settings.stateDir}/logs.`)),
      );
    }
    if (stop.asked()) return 0;
    const runtime = await openRuntime(settings, connections, { mode: "write", report });
    closers.push(() => runtime.close());
    rememberProject(settings.stateDir, project.dir);
    if (options.sample && runtime.embedded) await fillEmptyBucket(runtime.store, project, report);
    if (stop.asked()) return 0;
    const events = new LotusEvents();
    events.listen((event) => report(describeEvent(event)));
    const worker = await startLake(runtime, settings, connections, project, events);
    closers.push(() => worker.stop());
    worker.ended.catch((error) => stop.raise(error));
    const api = options.serve ? await serveApi(runtime, settings, project, { log: "file" }) : null;
    if (api) {
      closers.push(() => api.stop());
      report(`console  ${api.url}`);
    }
    const gateway = options.serve ? await serveBi(settings, connections, project, report) : null;
    if (gateway) closers.push(() => gateway.stop());
    const status = await settle(runtime, project, stop, report);
    if (status) showLake(status, connections, { api: api?.url ?? null, gateway: gateway?.url() ?? null });
    if (options.once) return status && !status.assets.some(({ state }) => state === "failed") ? 0 : 1;
    if (status)
      print(
        `\nRunning. A file that lands in s3://${connections.s3.bucket}/raw/ is fed in seconds. Ctrl-C stops.`,
      );
    await stop.wait();
    return 0;
  } finally {
    for (const close of closers.reverse()) await close();
    if (closers.length > 0) report("stopped");
  }
}

async function startConnections(
  settings: Settings,
  report: UpOptions["report"],
): Promise<{ connections: Connections; platform: Platform | null }> {
  if (settings.connections) return { connections: settings.connections, platform: null };
  const tools = await provision(report);
  const platform = await startPlatform({ stateDir: settings.stateDir, tools, report });
  return { connections: platform.connections, platform };
}

async function startLake(
  runtime: Runtime,
  settings: Settings,
  connections: Connections,
  project: Project,
  events: LotusEvents,
): Promise<RunningWorker> {
  const temporal = await connectTemporal(connections.temporal);
  try {
    await registerSearchAttributes(temporal, connections.temporal.namespace);
  } finally {
    await temporal.close();
  }
  const { lake, store, client } = runtime;
  const worker = await startWorker({
    lake,
    store,
    project,
    client,
    temporal: connections.temporal,
    events,
    workflowBundle: await cachedWorkflowBundle(join(settings.stateDir, "cache")),
  });
  const { everyMs, ...keep } = settings.maintenance;
  await scheduleMaintenance(client, everyMs, keep);
  await startSensors(client, project);
  const end = keepSensorsRunning(client, project);
  return {
    ...worker,
    stop: () => {
      end();
      return worker.stop();
    },
  };
}

/** Tables are kept up to date without it, too: what keeps it from starting is said, and the rest goes on. */
async function serveBi(
  settings: Settings,
  connections: Connections,
  project: Project,
  report: UpOptions["report"],
): Promise<GatewayProcess | null> {
  try {
    return await startGatewayProcess(settings, connections, { project: project.dir, report });
  } catch (error) {
    report(colors.red(`BI tools cannot connect: ${messageOf(error)}`));
    return null;
  }
}

/** A project may bring sample data: its file sample.ts exports `generate`. */
interface SampleModule {
  generate(options: {
    put: (key: string, body: Uint8Array) => Promise<void>;
    report: (line: string) => void;
  }): Promise<void>;
}

async function fillEmptyBucket(
  store: ObjectStore,
  project: Project,
  report: UpOptions["report"],
): Promise<void> {
  const file = join(project.dir, "sample.ts");
  if (!existsSync(file)) return;
  for (const { source, stream } of project.streams) {
    const { objects } = await store.page(rawPrefix(source, stream), null, null);
    if (objects.length > 0) return;
  }
  const sample = (await import(pathToFileURL(file).href)) as SampleModule;
  await sample.generate({ put: (key, body) => store.put(key, body), report });
}

/**
 * Waits until nothing more happens by itself, however often a server goes away meanwhile; null when the wait was cut
 * short.
 */
async function settle(
  runtime: Runtime,
  project: Project,
  stop: StopSignal,
  report: UpOptions["report"],
): Promise<LakeStatus | null> {
  let obstacle: ErrorCode | null = null;
  while (!stop.asked()) {
    const started = performance.now();
    try {
      const status = await collectStatus({ ...runtime, project });
      if (status.settled) return status;
      obstacle = null;
    } catch (error) {
      if (!isPassing(error)) throw error;
      const code = error instanceof LotusError ? error.code : "TEMPORAL_UNREACHABLE";
      if (obstacle !== code) report(`waiting: ${firstLine(error)} [${code}]`);
      obstacle = code;
    }
    // A look lists the whole bucket: it must not take the time of those that feed.
    const pause = Math.max(700, 2 * (performance.now() - started));
    await Promise.race([stop.wait(), setTimeout(pause, undefined, { ref: false })]);
  }
  return null;
}

/** Whether an error may go away by itself: a server is not there, or a statement met another's. */
function isPassing(error: unknown): boolean {
  return error instanceof LotusError ? error.retryable : isGrpcServiceError(error);
}

function showLake(
  status: LakeStatus,
  { temporal, s3, catalogUrl }: Connections,
  { api, gateway }: { api: string | null; gateway: string | null },
): void {
  print();
  print(statusTables(status));
  if (api) print(`console      ${api} (API: ${api}/docs)`);
  if (gateway) print(`BI           ${gateway}`);
  if (temporal.ui) print(`Temporal UI  ${temporal.ui}`);
  print(`catalog      ${withoutPassword(catalogUrl)} (lotus status --json shows the password)`);
  print(`S3           ${s3.endpoint ?? `AWS ${s3.region}`}, bucket ${s3.bucket}`);
}

function withoutPassword(url: string): string {
  const parsed = new URL(url);
  parsed.password = "";
  return parsed.href;
}

function showFindings(project: Project, report: UpOptions["report"]): void {
  for (const finding of project.findings) {
    if (finding.severity === "error") report(colors.red(formatFinding(finding)));
  }
  for (const [asset, reason] of Object.entries(project.disabled))
    report(colors.yellow(`${asset} is disabled: ${reason}`));
}

interface StopSignal {
  asked(): boolean;
  /** Settles when asked to stop; rejects when something died. */
  wait(): Promise<void>;
  raise(error: unknown): void;
}

/** Listens for SIGINT and SIGTERM. A second one ends the process at once. */
function stopSignal(report: UpOptions["report"]): StopSignal {
  let asked = false;
  let resolve = () => {};
  let reject = (_error: unknown) => {};
  const waiting = new Promise<void>((onStop, onDeath) => {
    resolve = onStop;
    reject = onDeath;
  });
  waiting.catch(() => {});
  const listener = () => {
    if (asked) process.exit(130);
    asked = true;
    report("stopping; once more to stop at once");
    resolve();
  };
  process.on("SIGINT", listener);
  process.on("SIGTERM", listener);
  return {
    asked: () => asked,
    wait: () => waiting,
    raise: (error) => {
      if (!asked) reject(error);
    },
  };
}
