import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { type ErrorCode, LotusError, messageOf } from "../common/errors.ts";
import { endProcess, signalProcess } from "./processes.ts";
import type { Report } from "./progress.ts";

export type ServiceName = "postgres" | "s3" | "temporal";

export interface ServiceSpec<Name extends string = ServiceName> {
  name: Name;
  /** For people: `Postgres`. */
  title: string;
  command: string;
  args: string[];
  /** The child's whole environment: nothing of ours, whose variables these programs would take as settings. */
  env: Record<string, string>;
  cwd: string;
  user?: { uid: number; gid: number };
  logFile: string;
  /** The signal that ends it in order. */
  stopSignal: NodeJS.Signals;
  stopGraceMilliseconds: number;
  /** Whether it answers; called again and again after a start. */
  isReady: (pid: number) => Promise<boolean>;
  /** The error when it does not start. */
  unreachable: ErrorCode;
}

export interface ServiceHooks {
  report: Report;
  /** Its pid changed. */
  changed: () => void;
  givenUp: (code: number | string | null) => void;
}

const startMilliseconds = 120_000;
const restartDelays = [200, 1_000, 2_000, 5_000, 10_000];
/** After this long without a fall, a service's earlier falls are forgotten. */
const healthyMilliseconds = 60_000;
const largestLog = 10 << 20;

/**
 * A program that runs beside us, such as one service of the embedded platform: started in a process group of its own, so that a terminal's Ctrl-C reaches
 * only us; started again on the same port when it dies; given up after five falls in a row.
 */
export class Service<Name extends string = ServiceName> {
  readonly #spec: ServiceSpec<Name>;
  readonly #hooks: ServiceHooks;
  #child: ChildProcess | null = null;
  #stopping = false;
  #supervision: Promise<void> = Promise.resolve();
  #wake = () => {};

  constructor(spec: ServiceSpec<Name>, hooks: ServiceHooks) {
    this.#spec = spec;
    this.#hooks = hooks;
  }

  get name(): Name {
    return this.#spec.name;
  }

  /** Null while it does not run. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /**
   * Starts it and waits until it answers.
   * @throws LotusError with the code of the spec, its last words and where its log is.
   */
  async start(): Promise<void> {
    const child = await this.#launch();
    this.#supervision = this.#supervise(child);
  }

  /** Ends it: politely, then by SIGKILL. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    if (this.pid !== null) {
      const how = await endProcess(this.pid, this.#spec.stopSignal, this.#spec.stopGraceMilliseconds);
      if (how === "killed") this.#hooks.report(`${this.#spec.title} did not stop in time and was killed`);
    }
    await this.#supervision;
  }

  /** For an exit of our own process that leaves no time to wait. */
  signalNow(): void {
    this.#stopping = true;
    if (this.pid !== null) signalProcess(this.pid, this.#spec.stopSignal);
  }

  /** Follows the service until it is stopped or given up. */
  async #supervise(first: ChildProcess): Promise<void> {
    const { title, logFile } = this.#spec;
    let child: ChildProcess | null = first;
    let code: number | string | null = null;
    let reason = "";
    let falls = 0;
    for (;;) {
      if (child !== null) {
        const since = Date.now();
        code = await ending(child);
        reason = `${title} ended (${code})`;
        this.#setChild(null);
        if (Date.now() - since > healthyMilliseconds) falls = 0;
      }
      if (this.#stopping) return;
      const delay = restartDelays[falls];
      if (delay === undefined) {
        this.#hooks.report(`${reason}; ${title} is given up after ${falls} tries. See ${logFile}.`);
        this.#hooks.givenUp(code);
        return;
      }
      falls += 1;
      this.#hooks.report(`${reason}; starting ${title} again in ${delay / 1000} s`);
      await this.#pause(delay);
      if (this.#stopping) return;
      try {
        child = await this.#launch();
        this.#hooks.report(`${title} is back`);
      } catch (error) {
        child = null;
        reason = messageOf(error);
      }
    }
  }

  async #launch(): Promise<ChildProcess> {
    const child = this.#spawn();
    this.#setChild(child);
    try {
      await this.#untilReady(child);
      return child;
    } catch (error) {
      this.#setChild(null);
      throw error;
    }
  }

  #setChild(child: ChildProcess | null): void {
    this.#child = child;
    this.#hooks.changed();
  }

  #spawn(): ChildProcess {
    const spec = this.#spec;
    rotate(spec.logFile);
    const log = openSync(spec.logFile, "a", 0o600);
    try {
      const child = spawn(spec.command, spec.args, {
        cwd: spec.cwd,
        env: spec.env,
        stdio: ["ignore", log, log],
        detached: true,
        ...(spec.user ?? {}),
      });
      child.on("error", () => {}); // A failed spawn shows as a child without a pid.
      return child;
    } finally {
      closeSync(log);
    }
  }

  async #untilReady(child: ChildProcess): Promise<void> {
    const spec = this.#spec;
    const deadline = Date.now() + startMilliseconds;
    const fail = (what: string) =>
      new LotusError(
        spec.unreachable,
        `${spec.title} ${what}${lastWords(spec.logFile)}. See ${spec.logFile}.`,
      );
    for (;;) {
      if (child.pid === undefined) throw fail(`could not be run (${spec.command})`);
      if (child.exitCode !== null || child.signalCode !== null) {
        throw fail(`ended at its start (${child.exitCode ?? child.signalCode})`);
      }
      if (await spec.isReady(child.pid)) return;
      if (Date.now() > deadline || this.#stopping) {
        await endProcess(child.pid, spec.stopSignal, spec.stopGraceMilliseconds);
        throw fail(`did not answer within ${startMilliseconds / 1000} s`);
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** Ends early when the service is stopped. */
  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** The exit code or signal of a process, once it has ended. */
async function ending(child: ChildProcess): Promise<number | string | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode ?? child.signalCode;
}

function rotate(logFile: string): void {
  if (existsSync(logFile) && statSync(logFile).size > largestLog) renameSync(logFile, `${logFile}.1`);
}

/** The last line of a log, for an error message. */
function lastWords(logFile: string): string {
  const lines = readFileSync(logFile, "utf8").split("\n");
  const last = lines.findLast((line) => line.trim() !== "");
  return last ? `: ${last.trim().slice(0, 300)}` : "";
}
