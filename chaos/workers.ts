import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LotusEvent } from "../orchestration/events.ts";
import { signalProcess } from "../platform/processes.ts";
import { killedBy, type Trap } from "./trap.ts";
import type { FromWorker, ToWorker, WorkerOrder } from "./worker-process.ts";

/** How long a worker may take to start, on a machine that has other things to do. */
const STARTING_MS = 180_000;
const QUIET_MS = 5_000;

export interface WorkerHooks {
  event(event: LotusEvent): void;
  fenceLost(): void;
  commitFailed(): void;
  outOfMemory(): void;
  /** It came to a trap, which has killed it unless it stands at it now. */
  sprung(id: number): void;
  /** It ended, and nobody had killed it. */
  fell(): void;
}

/** A process of worker-process.ts, whose code is loaded, and its log. */
interface Hand {
  child: ChildProcess;
  log: string;
}

/** One worker process after another: whoever dies is followed by the next at once, as under any supervisor. */
export class Workers {
  readonly name: string;
  /** What the next one is told. */
  order: WorkerOrder;
  #traps: Trap[] = [];
  #lastSign = 0;
  #startedAt = 0;
  #startMs = 0;
  #isReady = false;
  readonly #hooks: WorkerHooks;
  readonly #folder: string;
  #forks = 0;
  #current: Hand | null = null;
  #standby: Hand | null = null;
  #end: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(name: string, order: WorkerOrder, folder: string, hooks: WorkerHooks) {
    this.name = name;
    this.order = order;
    this.#folder = folder;
    this.#hooks = hooks;
  }

  /** Null while none runs. */
  get pid(): number | null {
    return this.#current?.child.pid ?? null;
  }

  start(): void {
    this.#stopping = false;
    this.#begin();
  }

  /** Kills it, and none follows. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const hand of [this.#standby, this.#current]) {
      if (hand) await end(hand.child);
    }
    this.#standby = null;
    await this.#end;
  }

  /** The traps that are set for this worker, and for those that follow it. */
  setTraps(traps: Trap[]): void {
    this.#traps = traps;
    this.#send({ kind: "traps", traps });
  }

  /** Lets a worker go on that told of a trap. */
  /** Frees a process that waits at a trap or stopped itself there, once it has had the time to. */
  letGo(id: number): void {
    this.goOn(id);
    const { pid } = this;
    setTimeout(() => {
      if (pid !== null && pid === this.pid) signalProcess(pid, "SIGCONT");
    }, 1000);
  }

  goOn(id: number): void {
    this.#send({ kind: "goOn", id });
  }

  /**
   * Whether it has had nothing to do for some seconds, or for as long as its start took where the machine is slow: a
   * trap that was not sprung by then is not going to be.
   */
  get isIdle(): boolean {
    const quietMs = Math.max(QUIET_MS, this.#startMs * 2);
    return this.#isReady ? Date.now() - this.#lastSign > quietMs : Date.now() - this.#startedAt > STARTING_MS;
  }

  /** Takes it for busy until the time of isIdle has passed once more. */
  stir(): void {
    this.#lastSign = Date.now();
  }

  async kill(): Promise<void> {
    const end = this.#end;
    if (this.pid !== null) signalProcess(this.pid, "SIGKILL");
    await end;
  }

  #begin(): void {
    const hand = this.#standby ?? this.#fork();
    this.#standby = null;
    this.#current = hand;
    this.#startedAt = Date.now();
    this.#isReady = false;
    this.#end = this.#follow(hand);
    this.#send({ kind: "traps", traps: this.#traps });
    this.#send({ kind: "start", order: this.order });
  }

  async #follow({ child, log }: Hand): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    this.#current = null;
    const trap = killedBy(readFileSync(log, "utf8"));
    if (trap !== null) this.#hooks.sprung(trap);
    if (child.signalCode === null) {
      this.#hooks.fell();
      // One that cannot start, as a server is away, is not started again and again without a pause.
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    if (!this.#stopping) this.#begin();
  }

  #hear(message: FromWorker): void {
    this.#lastSign = Date.now();
    if (message.kind === "ready") {
      this.#isReady = true;
      this.#startMs = Date.now() - this.#startedAt;
      // The next one loads its code while this one works.
      if (!this.#stopping) this.#standby ??= this.#fork();
    } else if (message.kind === "sprung") this.#hooks.sprung(message.id);
    else if (message.kind === "event") this.#hooks.event(message.event);
    else if (message.kind !== "busy") this.#hooks[message.kind]();
  }

  #fork(): Hand {
    this.#forks += 1;
    const log = join(this.#folder, "workers", `${this.name}-${this.#forks}.log`);
    const file = openSync(log, "a");
    const child = fork(fileURLToPath(new URL("worker-process.ts", import.meta.url)), [], {
      execArgv: ["--import", "tsx"],
      // Not in the terminal's process group: a Ctrl-C reaches the harness, which then stops what it started.
      detached: true,
      env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
      stdio: ["ignore", file, file, "ipc"],
    });
    closeSync(file);
    child.on("message", (message) => this.#hear(message as FromWorker));
    child.on("error", () => {}); // A message to one that has just died.
    return { child, log };
  }

  #send(message: ToWorker): void {
    const child = this.#current?.child;
    if (child?.connected) child.send(message, () => {});
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exit = once(child, "exit");
  signalProcess(child.pid, "SIGKILL");
  await exit;
}
