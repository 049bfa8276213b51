import { writeSync } from "node:fs";
import type { Moment, Point } from "./points.ts";

/**
 * What a worker does to itself when it comes to a point: it dies (`kill`), stops like a process that is swapped out
 * (`stop`), or says so and waits until it may go on (`tell`).
 */
export interface Trap {
  /** The same in every worker: the first that comes to the point springs it. */
  id: number;
  point: Point;
  moment: Moment;
  /** How often the moment passes before. */
  skip: number;
  /** Between a `during` or `after` moment and the deed. */
  delayMs: number;
  deed: "kill" | "stop" | "tell";
}

/** The line that a worker leaves in its log before it kills itself; a message on its way would be lost. */
const KILLED = "killed itself by trap ";

/** The id of the trap by which the process of this log killed itself, or null. */
export function killedBy(log: string): number | null {
  const last = log.split("\n").findLast((line) => line.includes(KILLED));
  return last ? Number.parseInt(last.slice(last.indexOf(KILLED) + KILLED.length), 10) : null;
}

/** The traps of a worker, in its own process. */
export class Traps {
  readonly #tell: (id: number) => Promise<void>;
  readonly #passed = new Map<number, number>();
  readonly #waiting = new Map<number, () => void>();
  #set: readonly Trap[] = [];

  /** @param tell tells the harness that a trap was sprung that does not kill. */
  constructor(tell: (id: number) => Promise<void>) {
    this.#tell = tell;
  }

  /** Replaces those that are set. */
  set(traps: readonly Trap[]): void {
    this.#set = traps;
  }

  goOn(id: number): void {
    this.#waiting.get(id)?.();
  }

  /** Springs the traps of a moment; the statement waits for what comes back. */
  reached(point: Point, moment: Moment): void | Promise<void> {
    const trap = this.#set.find((candidate) => candidate.point === point && candidate.moment === moment);
    if (!trap) return;
    const passed = this.#passed.get(trap.id) ?? 0;
    this.#passed.set(trap.id, passed + 1);
    if (passed < trap.skip) return;
    this.#set = this.#set.filter((candidate) => candidate !== trap);
    if (moment === "before" || trap.delayMs === 0) return this.#spring(trap);
    setTimeout(() => this.#spring(trap), trap.delayMs);
  }

  #spring({ id, deed, point, moment }: Trap): void | Promise<void> {
    if (deed === "kill") {
      writeSync(1, `${KILLED}${id} (${point} ${moment})\n`);
      process.kill(process.pid, "SIGKILL");
      return;
    }
    return this.#pause(id, deed);
  }

  async #pause(id: number, deed: "stop" | "tell"): Promise<void> {
    const released = new Promise<void>((resolve) => this.#waiting.set(id, resolve));
    await this.#tell(id);
    if (deed === "stop") process.kill(process.pid, "SIGSTOP");
    else await released;
  }
}
