/** What was used lately: a map that forgets what was not asked for longest, once it has more than `most` entries. */
export class Recent<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #most: number;
  readonly #forgotten: (value: V) => void;

  /** `forgotten` is told of each value that goes. */
  constructor(most: number, forgotten: (value: V) => void = () => {}) {
    this.#most = most;
    this.#forgotten = forgotten;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    this.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#most) return;
    const [oldest] = this.#entries.keys();
    this.delete(oldest as K);
  }

  delete(key: K): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#entries.delete(key);
    this.#forgotten(value);
  }

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.delete(key);
  }
}
