/**
 * Random numbers that depend on nothing but their key: the same (seed, kind, a, b) gives the same sequence on any
 * machine, in any order of asking. So an order can be made again from its number instead of being kept.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number, kind: number, a: number, b = 0) {
    this.#a = (seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x9e3779b9)) | 0;
    this.#b = Math.imul(kind + 1, 0x85ebca6b) | 0;
    this.#c = (a ^ Math.imul(Math.floor(a / 2 ** 32), 0xc2b2ae35)) | 0;
    this.#d = b | 0;
    for (let round = 0; round < 14; round++) this.#word();
  }

  /** From 0 to below 1. */
  next(): number {
    return (this.#word() >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** Version 4 in form, but from the key. */
  uuid(): string {
    let hex = "";
    while (hex.length < 32) hex += (this.#word() >>> 0).toString(16).padStart(8, "0");
    const variant = "89ab"[Number.parseInt(hex[16] as string, 16) & 3];
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
  }

  /** sfc32: small, fast, and good enough for data that only has to look alive. */
  #word(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum;
  }
}
