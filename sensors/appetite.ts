import type { BatchLimits } from "./batch-plan.ts";
import type { StoredObject } from "./object-store.ts";

/** Into how many parts the rows of a batch of one file are cut: 1 is all at once. */
const PARTS = [1, 4, 16, 64] as const;
const FIRST_PATIENCE = 4;
const LONGEST_PATIENCE = 64;

/**
 * How much one batch of a stream takes on, as memory allows: half as much after each batch that ran out of it, down to
 * one file; then that one's rows in ever more parts. It is remembered, so that not every batch begins by running out
 * again, and grows back one step after a number of batches that went well: 4, and twice as many each time that growing
 * turned out too early. Pure; lost with the process, which costs a few more tries.
 */
export class Appetite {
  /** Bytes of raw files in one batch. */
  #bytes = Number.POSITIVE_INFINITY;
  #step = 0;
  /** The size of the file that needs the step; what is much smaller does not. */
  #heavy = 0;
  #took: readonly StoredObject[] = [];
  #patience = FIRST_PATIENCE;
  #wentWell = 0;
  #grewLast = false;

  /** The limits of the next batch: the stream's own, or less. */
  limits({ batchFiles, batchBytes }: BatchLimits): BatchLimits {
    if (this.#bytes >= batchBytes) this.#bytes = Number.POSITIVE_INFINITY;
    return { batchFiles, batchBytes: Math.min(batchBytes, this.#bytes) };
  }

  /** Tells which files are in the batch in hand. */
  take(files: readonly StoredObject[]): void {
    this.#took = files;
  }

  /** Into how many parts the batch's rows are to be cut. Above 1, memory is also to be spared in every other way. */
  get parts(): number {
    return this.#isHeavy ? (PARTS[this.#step] ?? 1) : 1;
  }

  /** Whether the batch is as small as can be. `divisible`: whether its rows can be cut into parts. */
  isSmallest(divisible: boolean): boolean {
    // Rows that cannot be cut still gain from what else goes with the first step.
    return !this.#canHalve && this.#isHeavy && this.#step >= (divisible ? PARTS.length - 1 : 1);
  }

  /**
   * After the batch ran out of memory.
   * @returns false when it was as small as it can be: there is no use in another try.
   */
  shrink(divisible: boolean): boolean {
    if (this.#grewLast) this.#patience = Math.min(this.#patience * 2, LONGEST_PATIENCE);
    this.#grewLast = false;
    this.#wentWell = 0;
    if (this.#canHalve) {
      this.#bytes = Math.floor(this.#size / 2);
      return true;
    }
    if (this.isSmallest(divisible)) return false;
    // What goes for a larger file already is tried first.
    if (this.#isHeavy || this.#step === 0) this.#step += 1;
    this.#heavy = this.#size;
    return true;
  }

  /** After the batch went well. */
  grow(): void {
    this.#wentWell += 1;
    if (this.#step === 0 && this.#bytes === Number.POSITIVE_INFINITY) {
      if (this.#wentWell >= LONGEST_PATIENCE) this.#patience = FIRST_PATIENCE;
    } else if (this.#wentWell >= this.#patience) {
      this.#wentWell = 0;
      this.#grewLast = true;
      if (this.#step > 0) this.#step -= 1;
      else this.#bytes *= 2;
    }
  }

  get #size(): number {
    return this.#took.reduce((bytes, file) => bytes + file.size, 0);
  }

  get #canHalve(): boolean {
    return this.#took.length > 1 && this.#size > 1;
  }

  get #isHeavy(): boolean {
    return this.#step > 0 && this.#size * 2 >= this.#heavy;
  }
}
