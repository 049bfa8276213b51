interface RecentOptions<V> {
  /** What an entry counts; default: 1. */
  weigh?: (value: V) => number;
  /** Is told of each value that goes. */
  forgotten?: (value: V) => void;
}

/** What was used lately: a map that forgets what was not asked for longest while its entries weigh more than `most`. */
export class Recent<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #most: number;
  readonly #weigh: (value: V) => number;
  readonly #forgotten: (value: V) => void;
  #weight = 0;

  constructor(most: number, { weigh = () => 1, forgotten = () => {} }: RecentOptions<V> = {}) {
    this.#most = most;
    this.#weigh = weigh;
    this.#forgotten = forgotten;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** One that is too heavy alone is forgotten at once. */
  set(key: K, value: V): void {
    this.delete(key);
    this.#entries.set(key, value);
    this.#weight += this.#weigh(value);
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#most) return;
      this.delete(oldest);
    }
  }

  delete(key: K): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#entries.delete(key);
    this.#weight -= this.#weigh(value);
    this.#forgotten(value);
  }

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.delete(key);
  }
}
