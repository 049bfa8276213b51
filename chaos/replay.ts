import { z } from "zod";
import type { Stream } from "../assets/definitions.ts";
import type { Session } from "../lake/session.ts";
import { identifier, identifiers, literal, qualified } from "../lake/sql.ts";
import { landedTable, rememberedColumns } from "./memory.ts";

/** What the ledger says of a file. */
export interface FedFile {
  etag: string;
  rows: number;
  /** Whether its rows are in landing. */
  live: boolean;
}

/**
 * What a stream's tables ought to hold, computed from the harness's memory in the order in which the ledger says that
 * the files were fed. The order is all that is taken from the lake: which rows a file has, which version is later and
 * what an overwritten, a lost or a removed file means is decided here once more, in other words.
 */
export class Replay {
  readonly #stream: Stream;
  readonly #files = new Map<string, FedFile>();
  /** Key → the content whose rows the processed table shows; for a stream without a key. */
  readonly #counted = new Map<string, string>();
  #epoch = 0;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** The contents whose rows are in landing. */
  get live(): string[] {
    return [...this.#files.values()].filter((file) => file.live).map((file) => file.etag);
  }

  /** Key → what was fed under it last. */
  get files(): ReadonlyMap<string, FedFile> {
    return this.#files;
  }

  /** Takes in what the ledger says up to an epoch; null: all of it. */
  async follow(session: Session, until: number | null): Promise<void> {
    const events = await session.query(
      eventRow,
      `SELECT key, etag, state, rows, epoch FROM lakehouse.meta.feeder_file_log
       WHERE source = ${literal(this.#stream.source)} AND stream = ${literal(this.#stream.stream)}
         AND epoch > ${this.#epoch} AND epoch <= ${until ?? Number.MAX_SAFE_INTEGER} ORDER BY epoch, key`,
    );
    while (events.length > 0) {
      const epoch = events[0]?.epoch ?? 0;
      const next = events.findIndex((event) => event.epoch !== epoch);
      await this.#apply(session, events.splice(0, next === -1 ? events.length : next));
      this.#epoch = epoch;
    }
  }

  /** A SELECT of the rows of these contents; one that is named twice counts twice. */
  rowsOf(etags: readonly string[]): string {
    const columns = identifiers(
      rememberedColumns(this.#stream).map((column) => column.name),
      "l",
    );
    const list = etags.map((etag) => `(${literal(etag)})`).join(", ");
    const wanted = etags.length === 0 ? "SELECT NULL::VARCHAR AS etag WHERE FALSE" : `VALUES ${list}`;
    return `SELECT ${columns} FROM (${wanted}) AS w (etag)
      JOIN harness.contents AS c ON c.etag = w.etag AND c.stream = ${literal(this.#stream.stream)}
      JOIN ${landedTable(this.#stream.stream)} AS l ON l.content = c.id`;
  }

  /** A SELECT of the rows that the processed table ought to show. */
  processed(): string {
    if (this.#stream.destinationSyncMode === "overwrite") {
      const rows = this.rowsOf(this.live);
      return `SELECT * FROM (${rows}) WHERE _airbyte_generation_id = (SELECT max(_airbyte_generation_id) FROM (${rows}))`;
    }
    if (this.#stream.primaryKey.length === 0) return this.rowsOf([...this.#counted.values()]);
    return this.#epoch === 0 ? this.rowsOf([]) : `SELECT * FROM ${this.#shown}`;
  }

  async #apply(session: Session, commit: readonly z.infer<typeof eventRow>[]): Promise<void> {
    const added: string[] = [];
    const replaced: string[] = [];
    for (const { key, etag, state, rows } of commit) {
      const before = this.#files.get(key);
      this.#files.set(key, { etag, rows, live: state === "fed" });
      if (state !== "fed") continue;
      (before ? replaced : added).push(etag);
      this.#counted.set(key, etag);
    }
    if (this.#stream.primaryKey.length === 0 || this.#stream.destinationSyncMode === "overwrite") return;
    const complete = [...this.#files.values()].every((file) => file.live);
    if (replaced.length > 0 && complete) {
      await this.#show(session, `SELECT *, 0 AS preference FROM (${this.rowsOf(this.live)})`);
      return;
    }
    // An equal version stays as it is, unless it comes from a file that overwrites another.
    const shown = this.#epoch === 0 ? "" : `SELECT *, 1 AS preference FROM ${this.#shown} UNION ALL BY NAME `;
    await this.#show(
      session,
      `${shown} SELECT *, 0 AS preference FROM (${this.rowsOf(added)})
       UNION ALL BY NAME SELECT *, 2 AS preference FROM (${this.rowsOf(replaced)})`,
    );
  }

  /** Keeps the latest row of each key. */
  async #show(session: Session, rows: string): Promise<void> {
    const { cursorField, primaryKey } = this.#stream;
    const versions = [...(cursorField ? [cursorField] : []), "_airbyte_extracted_at", "_airbyte_raw_id"];
    const latest = versions.map((name) => `${identifier(name)} DESC NULLS LAST`).join(", ");
    await session.execute(
      `CREATE OR REPLACE TEMP TABLE latest AS SELECT * EXCLUDE (preference) FROM (${rows})
       QUALIFY row_number() OVER (PARTITION BY ${identifiers(primaryKey)} ORDER BY ${latest}, preference DESC) = 1`,
    );
    await session.execute(`CREATE OR REPLACE TABLE ${this.#shown} AS FROM latest`);
  }

  get #shown(): string {
    return qualified("harness", "main", `shown_${this.#stream.stream}`);
  }
}

const eventRow = z.object({
  key: z.string(),
  etag: z.string(),
  state: z.enum(["fed", "removed", "lost"]),
  rows: z.coerce.number(),
  epoch: z.coerce.number(),
});
