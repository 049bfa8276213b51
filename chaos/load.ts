import type { Landing } from "./shop.ts";
import type { Stage } from "./stage.ts";
import { untilDone } from "./until-done.ts";

/** A round's landings, which happen part by part: one with each blow, so that it meets work. */
export class Load {
  readonly #stage: Stage;
  readonly #round: number;
  readonly #parts: Landing[][];
  #turn: Promise<void> = Promise.resolve();

  constructor(stage: Stage, round: number, landings: readonly Landing[], parts: number) {
    this.#stage = stage;
    this.#round = round;
    const cut = (part: number) => Math.floor((landings.length * part) / parts);
    this.#parts = Array.from({ length: parts }, (_, part) => landings.slice(cut(part), cut(part + 1)));
  }

  /** Whether anything is left. */
  get isOver(): boolean {
    return this.#parts.length === 0;
  }

  /** Lands the next part, after those that were asked for before. */
  land(): Promise<void> {
    const landings = this.#parts.shift() ?? [];
    this.#turn = this.#turn.then(async () => {
      for (const landing of landings) await this.#put(landing);
    });
    return this.#turn;
  }

  async landRest(): Promise<void> {
    while (!this.isOver) await this.land();
    await this.#turn;
  }

  /** S3 may be away meanwhile: what is not there yet is put again. */
  async #put(landing: Landing): Promise<void> {
    const { memory, store } = this.#stage;
    if (landing.kind === "delete") {
      await memory.forget(this.#round, landing.key);
      await untilDone(() => store.delete(landing.key));
    } else {
      const { bytes } = await memory.remember(this.#round, landing);
      await untilDone(() => store.put(landing.key, bytes));
    }
  }
}
