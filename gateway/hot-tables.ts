import type { Lake } from "../lake/lake.ts";
import { literal, qualified } from "../lake/sql.ts";
import type { PinnedSnapshot, TableSize } from "./snapshots.ts";

/** A table by its names in the lake. */
interface NamedTable {
  schema: string;
  name: string;
}

/** Larger ones are read from the lake: they take memory, and what the lake's catalog costs does not show in them. */
const MOST_ROWS = 200_000;
const MOST_BYTES = 8 * 1024 * 1024;
/** Of all copies together, as large as they are in the lake's files. */
const MOST_BYTES_OF_ALL = 48 * 1024 * 1024;
/** A copy that nothing new reads is dropped so much later: statements that are about to run may name it. */
const GRACE_MS = 60_000;

interface Copy {
  bytes: number;
  usedAt: number;
}

/**
 * Small tables, copied into DuckDB's memory as they are in a snapshot: a statement that reads only such asks neither the
 * catalog nor S3 for anything. A copy holds until the table changes; the next statement after that reads the lake,
 * while another copy is made.
 */
export class HotTables {
  readonly #lake: Lake;
  readonly #copies = new Map<string, Copy>();
  /** Versions that are being copied, or are not to be. */
  readonly #settled = new Set<string>();
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(lake: Lake) {
    this.#lake = lake;
  }

  /** Statements that each DuckDB needs before copies can be made. */
  static readonly prelude: readonly string[] = ["CREATE SCHEMA memory.hot"];

  /** The copy of a table as it is in a snapshot, in DuckDB's SQL; null while there is none, which asks for one. */
  find(table: NamedTable, snapshot: PinnedSnapshot): string | null {
    const version = snapshot.versionOf(table);
    if (version === null) return null;
    const copy = this.#copies.get(version);
    if (copy) {
      copy.usedAt = performance.now();
      return nameOf(version);
    }
    if (!this.#settled.has(version) && !this.#closed) this.#ask(table, version, snapshot.again());
    return null;
  }

  /** DuckDB was opened anew: its memory is empty. */
  forget(): void {
    this.#copies.clear();
    this.#settled.clear();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#work;
  }

  /** One after another, beside what clients ask for. */
  #ask(table: NamedTable, version: string, snapshot: PinnedSnapshot): void {
    this.#settled.add(version);
    this.#work = this.#work
      .then(async () => {
        const size = this.#closed ? null : await snapshot.sizeOf(table);
        if (size && isSmall(size)) await this.#copy(table, version, snapshot, size);
      })
      // It stays where it is: in the lake.
      .catch(() => {})
      .finally(() => snapshot.release());
  }

  async #copy(
    table: NamedTable,
    version: string,
    { id }: PinnedSnapshot,
    { bytes }: TableSize,
  ): Promise<void> {
    const source = `${qualified("lakehouse", table.schema, table.name)} AT (VERSION => ${literal(id)})`;
    await this.#lake.withSession((session) =>
      session.execute(`CREATE OR REPLACE TABLE ${nameOf(version)} AS FROM ${source}`),
    );
    this.#copies.set(version, { bytes, usedAt: performance.now() });
    this.#makeRoom();
  }

  /** Those that were used longest ago go first. */
  #makeRoom(): void {
    let bytes = 0;
    const latest = [...this.#copies].sort(([, a], [, b]) => b.usedAt - a.usedAt);
    for (const [version, copy] of latest) {
      bytes += copy.bytes;
      if (bytes > MOST_BYTES_OF_ALL || performance.now() > copy.usedAt + 10 * GRACE_MS) this.#drop(version);
    }
  }

  #drop(version: string): void {
    this.#copies.delete(version);
    this.#settled.delete(version);
    const drop = () =>
      this.#copies.has(version)
        ? undefined
        : this.#lake
            .withSession((session) => session.execute(`DROP TABLE IF EXISTS ${nameOf(version)}`))
            .catch(() => {});
    setTimeout(drop, GRACE_MS).unref();
  }
}

function isSmall({ rows, bytes }: TableSize): boolean {
  return rows <= MOST_ROWS && bytes <= MOST_BYTES;
}

function nameOf(version: string): string {
  return qualified("memory", "hot", version);
}
