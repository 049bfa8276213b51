import { z } from "zod";
import type { Session } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import type { StoredObject } from "./object-store.ts";

/** What the lake knows of an object: the etag that was fed, and the one that was set aside last. */
interface LedgerEntry {
  fed: string | null;
  setAside: string | null;
}

/** What an object in S3 is to the lake. */
export type ObjectStanding = "new" | "known" | "overwritten";

const logRow = z.object({
  key: z.string(),
  etag: z.string(),
  state: z.enum(["fed", "waiting", "released"]),
  epoch: z.coerce.number(),
});

/**
 * A stream's ledger in memory: a copy of what the log says up to an epoch of the stream's fence. The log is only
 * ever appended to, so that bringing the copy up to date reads what is newer, and an unchanged fence means an
 * unchanged ledger.
 */
export class Ledger {
  readonly #source: string;
  readonly #stream: string;
  readonly #entries = new Map<string, LedgerEntry>();
  #epoch = 0;

  constructor(source: string, stream: string) {
    this.#source = source;
    this.#stream = stream;
  }

  /** The epoch that this copy reaches. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Reads the log's entries after this copy's epoch. */
  async refresh(session: Session): Promise<void> {
    const rows = await session.query(logRow, this.#newEntriesSql());
    for (const row of rows) {
      this.#record(row.key, row.etag, row.state);
      this.#epoch = Math.max(this.#epoch, row.epoch);
    }
  }

  /** Records what this process has just committed itself at `epoch`. */
  advance(
    epoch: number,
    committed: { key: string; etag: string; state: z.infer<typeof logRow>["state"] }[],
  ): void {
    for (const entry of committed) this.#record(entry.key, entry.etag, entry.state);
    this.#epoch = epoch;
  }

  /** A key that was fed is never new again, whatever was set aside under it since. */
  standing(object: StoredObject): ObjectStanding {
    const entry = this.#entries.get(object.key);
    if (!entry) return "new";
    if (object.etag === entry.fed || object.etag === entry.setAside) return "known";
    return entry.fed === null ? "new" : "overwritten";
  }

  /** Whether an object under this key waits in the quarantine. */
  isSetAside(key: string): boolean {
    return (this.#entries.get(key)?.setAside ?? null) !== null;
  }

  #record(key: string, etag: string, state: z.infer<typeof logRow>["state"]): void {
    const entry = this.#entries.get(key) ?? { fed: null, setAside: null };
    if (state === "fed") entry.fed = etag;
    else entry.setAside = state === "waiting" ? etag : null;
    this.#entries.set(key, entry);
  }

  #newEntriesSql(): string {
    const which = `source = ${literal(this.#source)} AND stream = ${literal(this.#stream)} AND epoch > ${literal(this.#epoch)}`;
    return `
      SELECT key, etag, state, epoch FROM lakehouse.meta.feeder_file_log WHERE ${which}
      UNION ALL
      SELECT key, etag, state, epoch FROM lakehouse.meta.quarantine_log WHERE ${which}
      ORDER BY epoch`;
  }
}
