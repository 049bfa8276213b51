import type { Squeeze } from "./plan.ts";
import type { RoundReport } from "./report.ts";
import type { Stage } from "./stage.ts";
import type { Trap } from "./trap.ts";
import type { WorkerOrder } from "./worker-process.ts";
import { Workers } from "./workers.ts";

const LOOK_MS = 100;
/** What does not come to rest by then is for the audit to tell. */
const LONGEST_REST_MS = 180_000;

/** The workers of a run, as many as a round wants, and the traps that are set for all of them. */
export class Crew {
  readonly workers: Workers[] = [];
  readonly #stage: Stage;
  readonly #traps = new Map<number, { trap: Trap; sprung: (by: Workers) => void }>();
  #nextTrap = 0;
  #order: WorkerOrder;
  /** Where what they tell is counted. */
  report: RoundReport | null = null;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#order = stage.order;
  }

  /** From now on workers have so much memory and disk; those that run are started anew. */
  async squeeze(limits: Squeeze | null): Promise<void> {
    const { order } = this.#stage;
    this.#order = limits
      ? {
          ...order,
          engine: { ...order.engine, memoryLimit: limits.memoryLimit },
          spillLimit: limits.spillLimit,
        }
      : order;
    for (const workers of this.workers) {
      workers.order = this.#order;
      await workers.kill();
    }
  }

  /** Starts or stops workers until there are so many. */
  async be(count: number): Promise<void> {
    while (this.workers.length > count) await this.workers.pop()?.stop();
    while (this.workers.length < count) {
      const name = String.fromCharCode("a".charCodeAt(0) + this.workers.length);
      const workers: Workers = new Workers(name, this.#order, this.#stage.folder, {
        event: (event) => {
          if (event.kind !== "batch" || !this.report) return;
          this.report.batches += 1;
          this.report.rows += event.rows;
        },
        fenceLost: () => this.#count("fencesLost"),
        commitFailed: () => this.#count("commitsFailed"),
        outOfMemory: () => this.#count("outOfMemory"),
        fell: () => this.#count("falls"),
        sprung: (id) => {
          const set = this.#traps.get(id);
          if (set) set.sprung(workers);
          // It was taken away at the same moment: nobody would let the worker go on.
          else workers.letGo(id);
        },
      });
      workers.start();
      this.workers.push(workers);
    }
  }

  /**
   * Sets a trap for all workers, and takes it away when one of them has come to it, when they have nothing to do, or
   * at the time `until` (milliseconds since 1970).
   * @returns who came to it (and died of it, where it kills); null: nobody.
   */
  async spring(trap: Omit<Trap, "id">, until: number): Promise<{ by: Workers; id: number } | null> {
    this.#nextTrap += 1;
    const id = this.#nextTrap;
    let over = false;
    const sprung = new Promise<Workers>((resolve) => {
      this.#traps.set(id, { trap: { ...trap, id }, sprung: resolve });
    });
    this.#tell();
    for (const workers of this.workers) workers.stir();
    const by = await Promise.race([sprung, this.#idle(() => over || Date.now() > until)]);
    over = true;
    this.#traps.delete(id);
    this.#tell();
    return by && { by, id };
  }

  /** Resolves when all of them have nothing to do, or have had enough time for it. */
  async rest(): Promise<void> {
    for (const workers of this.workers) workers.stir();
    const until = Date.now() + LONGEST_REST_MS;
    await this.#idle(() => Date.now() > until);
  }

  #tell(): void {
    const traps = [...this.#traps.values()].map(({ trap }) => trap);
    for (const workers of this.workers) workers.setTraps(traps);
  }

  async #idle(over: () => boolean): Promise<null> {
    while (!over() && !this.workers.every((workers) => workers.isIdle)) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return null;
  }

  #count(what: "falls" | "fencesLost" | "commitsFailed" | "outOfMemory"): void {
    if (this.report) this.report[what] += 1;
  }
}
