import { Recent } from "../common/recent.ts";
import type { LakeRun } from "./preparation.ts";
import type { ShadowState } from "./shadow/shadow-table.ts";

/** Characters of the trees of one session's: each is a plan in Postgres's memory, too. */
const MOST = 512 * 1024;
const MOST_SEEN = 256;
const LONGEST = 8192;

/** Postgres reads these in a constant as it analyses the statement, and would not again. */
const TIMELY = /now|today|tomorrow|yesterday|\\|u&/i;

interface Known {
  run: LakeRun;
  /** Of its tree, when it was noted: it may be renewed since. */
  size: number;
  shown: ShadowState;
}

/**
 * Statements that a session has asked for more than once, without a name of its own for them: Postgres keeps them under
 * names of the gateway's, and is not asked again what they mean. They hold as long as the settings and the tables that
 * they were analysed with.
 */
export class KnownStatements {
  readonly #seen = new Recent<string, true>(MOST_SEEN);
  readonly #known = new Recent<string, Known>(MOST, {
    weigh: ({ size }) => size,
    forgotten: ({ run }) => this.#stale.push(run.statement),
  });
  #stale: string[] = [];
  #names = 0;

  /** What a statement means, where it is known and the shadow database shows what it showed then. */
  find(key: string, shown: ShadowState): LakeRun | null {
    const known = this.#known.get(key);
    return known?.shown === shown ? known.run : null;
  }

  /** A name to have a statement parsed under that was asked for before; none for any other. */
  nameFor(key: string): string {
    if (!this.#seen.get(key)) return "";
    this.#names += 1;
    return `lotus_gateway_${this.#names}`;
  }

  /** A statement of lake tables was asked for, and analysed. */
  note(key: string, run: LakeRun, shown: ShadowState): void {
    if (run.statement !== "") this.#known.set(key, { run, size: run.size, shown });
    else if (key.length <= LONGEST && !TIMELY.test(key)) this.#seen.set(key, true);
  }

  forget(key: string): void {
    this.#known.delete(key);
  }

  forgetAll(): void {
    this.#known.clear();
  }

  /** Postgres has forgotten them all. */
  areGone(): void {
    this.#known.clear();
    this.#stale = [];
  }

  /** Names that Postgres can forget. */
  takeStale(): string[] {
    return this.#stale.splice(0);
  }
}

/** Statements with the same key are the same to Postgres. */
export function keyOf(sql: string, parameterTypes: readonly number[]): string {
  return `${parameterTypes.join()} ${sql}`;
}
