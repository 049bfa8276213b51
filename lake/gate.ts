/**
 * Lets the statements of one DuckDB run side by side, and at times one alone. DuckDB 1.5.5 deadlocks when its number of
 * threads is changed while a DuckLake table is read: the thread that changes it waits for the others to end, and one of
 * these, which asks the catalog for the table's files by a query of its own, waits for it (docs/ducklake.md).
 */
export class Gate {
  #inside = 0;
  #barred: Promise<void> | null = null;
  #onEmpty: (() => void) | null = null;

  /** Runs a statement beside others, once nothing runs alone. */
  async beside<T>(statement: () => Promise<T>): Promise<T> {
    while (this.#barred) await this.#barred;
    this.#inside += 1;
    try {
      return await statement();
    } finally {
      this.#inside -= 1;
      if (this.#inside === 0) this.#onEmpty?.();
    }
  }

  /** Runs a statement alone: those that run are waited for, those that come wait for it. */
  async alone<T>(statement: () => Promise<T>): Promise<T> {
    while (this.#barred) await this.#barred;
    let open = () => {};
    this.#barred = new Promise((resolve) => {
      open = resolve;
    });
    try {
      if (this.#inside > 0) {
        await new Promise<void>((resolve) => {
          this.#onEmpty = resolve;
        });
      }
      return await statement();
    } finally {
      this.#onEmpty = null;
      this.#barred = null;
      open();
    }
  }
}
