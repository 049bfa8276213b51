import { chmodSync, existsSync, lstatSync, mkdirSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { LotusError } from "../common/errors.ts";
import type { Connections } from "../common/settings.ts";
import { lockHolder, tryLock } from "./lock.ts";
import { choosePort } from "./ports.ts";
import { preparePostgres } from "./postgres.ts";
import { systemFolder } from "./postgres-binaries.ts";
import { endProcess, listProcesses } from "./processes.ts";
import type { Report } from "./progress.ts";
import type { Tools } from "./provision.ts";
import { createBucket, s3Service, usesSidecar } from "./s3.ts";
import { Service, type ServiceName, type ServiceSpec } from "./service.ts";
import {
  connectionsOf,
  freshSecrets,
  type PlatformState,
  readState,
  type StatePaths,
  statePaths,
  writeState,
} from "./state.ts";
import { temporalService } from "./temporal.ts";

/** Postgres, S3 and Temporal of one machine, running. */
export interface Platform {
  connections: Connections;
  /** Ends Temporal, S3 and Postgres in that order and frees the state folder. Can be called more than once. */
  stop(): Promise<void>;
  /** Called when a service died and could not be brought back; what dies is otherwise started again and reported. */
  onExit(callback: (service: ServiceName, code: number | string | null) => void): void;
}

/**
 * Starts Postgres, S3 and Temporal on 127.0.0.1 with all their state in `stateDir`. Ports and secrets stay the same
 * from one start to the next (a port that somebody else took meanwhile is replaced). What a killed predecessor left
 * running is stopped first.
 * @throws LotusError STATE_LOCKED when another process runs on the same folder; CATALOG_UNREACHABLE, S3_UNREACHABLE or
 * TEMPORAL_UNREACHABLE when a service does not start.
 */
export async function startPlatform(options: {
  stateDir: string;
  tools: Pick<Tools, "temporal" | "versitygw">;
  report: Report;
  /** Registered beside `default`, which the connections name. */
  temporalNamespaces?: readonly string[];
}): Promise<Platform> {
  const paths = openStateFolder(options.stateDir);
  const release = takeLock(paths);
  try {
    await stopLeftovers(paths, options.report);
    return await startServices(paths, release, options);
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * The connections of the lake that runs on this state folder.
 * @throws LotusError NOT_RUNNING
 */
export function attachRunning(stateDir: string): Connections {
  return connectionsOf(runningState(stateDir));
}

/** Who the embedded platform's own user of the gateway is. @throws LotusError NOT_RUNNING */
export function embeddedAnalyst(stateDir: string): { user: string; password: string } {
  return { user: "analyst", password: runningState(stateDir).secrets.analystPassword };
}

function runningState(stateDir: string): PlatformState {
  const paths = statePaths(resolve(stateDir));
  if (lockHolder(paths.lock) === null) {
    throw new LotusError(
      "NOT_RUNNING",
      `No lake runs on ${paths.root}. Start one with npm start, or set LOTUS_STATE_DIR to the folder of one that runs.`,
    );
  }
  const state = readState(paths);
  if (state?.phase !== "running") {
    throw new LotusError("NOT_RUNNING", `The lake on ${paths.root} is not up yet. Try again in a moment.`);
  }
  return state;
}

/**
 * Deletes a state folder, what a killed run left running on it, and what belongs to it elsewhere (Postgres's data, see
 * preparePostgres).
 * @throws LotusError STATE_LOCKED while a lake runs on it.
 */
export async function removeState(stateDir: string): Promise<void> {
  if (!existsSync(stateDir)) return;
  const paths = statePaths(realpathSync(stateDir));
  const release = takeLock(paths);
  await stopLeftovers(paths, () => {});
  if (lstatSync(paths.postgres, { throwIfNoEntry: false })?.isSymbolicLink()) {
    const home = dirname(readlinkSync(paths.postgres));
    if (dirname(home) === systemFolder) rmSync(home, { recursive: true, force: true });
  }
  rmSync(paths.root, { recursive: true, force: true, maxRetries: 3 });
  release();
}

function openStateFolder(stateDir: string): StatePaths {
  if (process.platform === "win32") {
    throw new LotusError(
      "PROVISION_FAILED",
      "The embedded platform runs on Linux and macOS. Use WSL, or set LOTUS_CATALOG_URL and the other connections.",
    );
  }
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const paths = statePaths(realpathSync(stateDir));
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 });
  return paths;
}

function takeLock(paths: StatePaths): () => void {
  const lock = tryLock(paths.lock);
  if (lock.held) return lock.release;
  throw new LotusError(
    "STATE_LOCKED",
    `Process ${lock.by.pid} on ${lock.by.host} already runs on ${paths.root}. Stop it (kill ${lock.by.pid}), or use another folder with LOTUS_STATE_DIR.`,
  );
}

/**
 * Ends what a killed predecessor left behind. We hold the lock, so any server on our data is a leftover; it is known
 * by its command line, which names the data, so a pid that was given to another program since cannot fool us.
 */
async function stopLeftovers(paths: StatePaths, report: Report): Promise<void> {
  const data = existsSync(paths.postgres) ? realpathSync(paths.postgres) : paths.postgres;
  const kinds = [
    { program: "postgres", mark: data, signal: "SIGINT" },
    { program: "versitygw", mark: paths.s3, signal: "SIGTERM" },
    { program: "temporal", mark: paths.temporal, signal: "SIGINT" },
  ] as const;
  const leftovers = listProcesses().flatMap(({ pid, command }) => {
    const kind = kinds.find(
      ({ program, mark }) =>
        command[0]?.includes(program) &&
        command.some((part) => part === mark || ` ${part} `.includes(` ${mark} `)),
    );
    return kind && pid !== process.pid ? [{ pid, ...kind }] : [];
  });
  await Promise.all(
    leftovers.map(async ({ pid, program, signal }) => {
      report(`stopping ${program} (process ${pid}), left over by a run that was killed`);
      await endProcess(pid, signal, 10_000);
    }),
  );
  // With no server on the data, its pid file is stale; Postgres would take any process of that number for its owner.
  if (existsSync(data)) rmSync(join(data, "postmaster.pid"), { force: true });
}

async function startServices(
  paths: StatePaths,
  release: () => void,
  options: Parameters<typeof startPlatform>[0],
): Promise<Platform> {
  const { report } = options;
  const earlier = readState(paths);
  const state: PlatformState = {
    phase: "starting",
    ports: await choosePorts(earlier?.ports),
    secrets: earlier?.secrets ?? freshSecrets(),
    pids: { postgres: null, s3: null, temporal: null },
  };
  writeState(paths, state);

  const services: Service[] = [];
  const exitListeners: ((service: ServiceName, code: number | string | null) => void)[] = [];
  const launch = async (spec: ServiceSpec): Promise<Service> => {
    const service: Service = new Service(spec, {
      report,
      changed: () => {
        state.pids[spec.name] = service.pid;
        writeState(paths, state);
      },
      givenUp: (code) => {
        for (const listener of exitListeners) listener(spec.name, code);
      },
    });
    services.push(service);
    await service.start();
    return service;
  };
  // The last resort for an exit that nobody prepared; a SIGKILL is left to the next start.
  const onProcessExit = () => {
    for (const service of services) service.signalNow();
  };
  process.on("exit", onProcessExit);

  let stopped: Promise<void> | null = null;
  const stop = () => {
    stopped ??= (async () => {
      state.phase = "stopped";
      const order: ServiceName[] = ["temporal", "s3", "postgres"];
      const sorted = services.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
      for (const service of sorted) await service.stop();
      process.off("exit", onProcessExit);
      writeState(paths, state);
      release();
    })();
    return stopped;
  };

  const started = await Promise.allSettled([
    startPostgres(paths, state, earlier === null, report, launch),
    startS3(paths, state, options.tools.versitygw, report, launch),
    launch(
      temporalService(paths, {
        program: options.tools.temporal,
        port: state.ports.temporal,
        uiPort: state.ports.temporalUi,
        namespaces: options.temporalNamespaces ?? [],
      }),
    ),
  ]);
  const failed = started.find((result) => result.status === "rejected");
  if (failed) {
    await stop();
    throw failed.reason;
  }
  chmodSync(paths.temporal, 0o600); // Its server made it, readable by all.
  state.phase = "running";
  writeState(paths, state);
  return {
    connections: connectionsOf(state),
    stop,
    onExit: (callback) => {
      exitListeners.push(callback);
    },
  };
}

type Launch = (spec: ServiceSpec) => Promise<Service>;

async function startPostgres(
  paths: StatePaths,
  state: PlatformState,
  passwordIsNew: boolean,
  report: Report,
  launch: Launch,
): Promise<void> {
  const spec = await preparePostgres(paths, {
    port: state.ports.postgres,
    password: state.secrets.postgresPassword,
    passwordIsNew,
    report,
  });
  await launch(spec);
}

async function startS3(
  paths: StatePaths,
  state: PlatformState,
  program: string,
  report: Report,
  launch: Launch,
): Promise<void> {
  const spec = (sidecar: boolean) =>
    s3Service(paths, {
      program,
      port: state.ports.s3,
      accessKey: state.secrets.s3AccessKey,
      secretKey: state.secrets.s3SecretKey,
      sidecar,
    });
  try {
    await launch(spec(usesSidecar(paths)));
  } catch (error) {
    if (usesSidecar(paths) || !/xattr|extended attribute/i.test((error as Error).message)) throw error;
    report("this file system has no extended attributes: S3 keeps its metadata in a folder of their own");
    await launch(spec(true));
  }
  const { s3 } = connectionsOf(state);
  if (!existsSync(join(paths.s3, s3.bucket))) await createBucket(s3, s3.bucket);
}

async function choosePorts(earlier: PlatformState["ports"] | undefined): Promise<PlatformState["ports"]> {
  const taken: number[] = [];
  const choose = async (preferred: number | undefined) => {
    const port = await choosePort(preferred, taken);
    taken.push(port);
    return port;
  };
  return {
    postgres: await choose(earlier?.postgres),
    s3: await choose(earlier?.s3),
    temporal: await choose(earlier?.temporal),
    temporalUi: await choose(earlier?.temporalUi),
  };
}
