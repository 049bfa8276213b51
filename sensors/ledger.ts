import { z } from "zod";
import type { Session } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import type { StoredObject } from "./object-store.ts";

/** What the lake knows of an object. */
export interface LedgerEntry {
  etag: string;
  state: "fed" | "quarantined";
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
  advance(epoch: number, committed: { key: string; etag: string; state: "fed" | "waiting" }[]): void {
    for (const entry of committed) this.#record(entry.key, entry.etag, entry.state);
    this.#epoch = epoch;
  }

  standing(object: StoredObject): ObjectStanding {
    const entry = this.#entries.get(object.key);
    if (!entry) return "new";
    if (entry.etag === object.etag) return "known";
    return entry.state === "fed" ? "overwritten" : "new";
  }

  #record(key: string, etag: string, state: z.infer<typeof logRow>["state"]): void {
    if (state === "released") this.#entries.delete(key);
    else this.#entries.set(key, { etag, state: state === "fed" ? "fed" : "quarantined" });
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
