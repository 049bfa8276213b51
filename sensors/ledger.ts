import { z } from "zod";
import { registeredPaths } from "../lake/registrations.ts";
import type { Session } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import type { StoredObject } from "./object-store.ts";
import { rawPrefix } from "./raw-layout.ts";

/** What the lake knows of an object. */
interface LedgerEntry {
  /** The etag that was fed last, whatever became of its rows. */
  fed: string | null;
  /** The epoch at which that was recorded. */
  epoch: number;
  /** Whether landing reads the object where it lies, so that it must stay as it was fed. */
  raw: boolean;
  /** Whether landing has lost its registration, although the ledger does not say so: an attempt died half-way. */
  unregistered: boolean;
  /** The etag that was set aside last. */
  setAside: string | null;
  /** Whether that one waits in the quarantine, rather than being dropped for good. */
  waits: boolean;
}

/** What an object in S3 is to the lake. */
export type ObjectStanding = "new" | "known" | "overwritten";

const fileState = z.enum(["fed", "removed", "lost"]);
const quarantineState = z.enum(["waiting", "released", "dropped"]);
const logRow = z.object({
  key: z.string(),
  etag: z.string(),
  state: z.union([fileState, quarantineState]),
  epoch: z.coerce.number(),
  raw: z.boolean(),
});

/** What this process has committed of an object. */
export interface LedgerRecord {
  key: string;
  etag: string;
  state: z.infer<typeof logRow>["state"];
  /** Whether rows of it are registered under its own key; default: no. */
  raw?: boolean;
}

/**
 * A stream's ledger in memory: a copy of what the log says up to an epoch of the stream's fence. The log is only
 * ever appended to, so that bringing the copy up to date reads what is newer, and an unchanged fence means an
 * unchanged ledger.
 */
export class Ledger {
  readonly #source: string;
  readonly #stream: string;
  /** What stands before a key in a path: `s3://bucket/`. */
  readonly #base: string;
  readonly #entries = new Map<string, LedgerEntry>();
  #epoch = 0;
  #releases = 0;
  #checked = false;

  constructor(source: string, stream: string, base: string) {
    this.#source = source;
    this.#stream = stream;
    this.#base = base;
  }

  /** The epoch that this copy reaches. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Reads the log's entries after this copy's epoch. */
  async refresh(session: Session): Promise<void> {
    const rows = await session.query(logRow, this.#newEntriesSql());
    for (const row of rows) {
      this.#record(row, row.epoch);
      this.#epoch = Math.max(this.#epoch, row.epoch);
    }
  }

  /**
   * Brings this copy up to date and compares it with the catalog: an attempt that died half-way may have taken
   * registrations out of landing without a record of it. They are marked.
   * @returns their keys.
   */
  async checkRegistrations(session: Session): Promise<string[]> {
    await this.refresh(session);
    this.#checked = true;
    const raw = [...this.registeredRaw()];
    if (raw.length === 0) return [];
    // Read after the log: what a batch has recorded by then is registered by then.
    const paths = await registeredPaths(session, this.#base + rawPrefix(this.#source, this.#stream));
    const missing = raw.filter((key) => !paths.has(this.#base + key));
    this.markUnregistered(missing);
    return missing;
  }

  /** Checks the registrations once, for what earlier processes left. */
  async load(session: Session): Promise<void> {
    if (!this.#checked) await this.checkRegistrations(session);
  }

  /** Records what this process has just committed itself at `epoch`. */
  advance(epoch: number, committed: readonly LedgerRecord[]): void {
    for (const record of committed) this.#record(record, epoch);
    this.#epoch = epoch;
  }

  /** A key that was fed is never new again, whatever was set aside under it since. */
  standing(object: StoredObject): ObjectStanding {
    const entry = this.#entries.get(object.key);
    if (!entry) return "new";
    if (object.etag === entry.setAside) return "known";
    if (object.etag === entry.fed) return entry.unregistered ? "overwritten" : "known";
    return entry.fed === null ? "new" : "overwritten";
  }

  /** Whether an object under this key waits in the quarantine. */
  isSetAside(key: string): boolean {
    return this.#entries.get(key)?.waits ?? false;
  }

  /** Whether some content under this key was fed or set aside. */
  sawContent(key: string): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && (entry.fed !== null || entry.setAside !== null);
  }

  /** How often something was taken out of the quarantine, as far as this copy knows: it may wait anywhere. */
  get releases(): number {
    return this.#releases;
  }

  /** The epoch at which an object under this key was last fed, removed or lost; 0 where none was. */
  fedAt(key: string): number {
    return this.#entries.get(key)?.epoch ?? 0;
  }

  /** The keys of the objects that landing reads where they lie. */
  registeredRaw(): Set<string> {
    const keys = new Set<string>();
    for (const [key, entry] of this.#entries) if (entry.raw) keys.add(key);
    return keys;
  }

  /** Whether landing reads the object under this key where it lies. */
  isRegisteredRaw(key: string): boolean {
    return this.#entries.get(key)?.raw ?? false;
  }

  /**
   * Notes that registrations were taken out of landing without a record of it. Until one is made, the objects under
   * these keys have to come in again, or count as lost, whatever their etags.
   */
  markUnregistered(keys: readonly string[]): void {
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry?.raw) entry.unregistered = true;
    }
  }

  #record({ key, etag, state, raw }: LedgerRecord, epoch: number): void {
    const entry = this.#entries.get(key) ?? {
      fed: null,
      epoch: 0,
      raw: false,
      unregistered: false,
      setAside: null,
      waits: false,
    };
    if (isFileState(state))
      Object.assign(entry, { fed: etag, epoch, raw: raw ?? false, unregistered: false });
    else Object.assign(entry, { setAside: state === "released" ? null : etag, waits: state === "waiting" });
    if (state === "released") this.#releases += 1;
    this.#entries.set(key, entry);
  }

  #newEntriesSql(): string {
    const which = `source = ${literal(this.#source)} AND stream = ${literal(this.#stream)} AND epoch > ${literal(this.#epoch)}`;
    // A file without rows is in the ledger, but DuckLake registers nothing for it.
    return `
      SELECT key, etag, state, epoch,
        state = 'fed' AND rows > 0 AND registered_path = concat(${literal(this.#base)}, key) AS raw
      FROM lakehouse.meta.feeder_file_log WHERE ${which}
      UNION ALL
      SELECT key, etag, state, epoch, FALSE AS raw FROM lakehouse.meta.quarantine_log WHERE ${which}
      ORDER BY epoch`;
  }
}

function isFileState(state: LedgerRecord["state"]): state is z.infer<typeof fileState> {
  return fileState.safeParse(state).success;
}
