import { Pool, type PoolClient } from "pg";
import { readPostgresUrl } from "../common/postgres-login.ts";
import { PgError } from "./pg-error.ts";
import {
  lastChangeOf,
  readTableVersions,
  type TableChange,
  type TableVersions,
  versionOf,
} from "./table-versions.ts";

/** A snapshot of the lake that stays readable until it is released. */
export interface PinnedSnapshot {
  id: number;
  /** Which schema the lake had then. */
  schemaVersion: number;
  /** A name for what a table holds: the same as long as it does not change. Null for no table of the lake. */
  versionOf(table: { schema: string; name: string }): string | null;
  /** A table's last change until then, or a later snapshot where that is not known. Null for no table of the lake. */
  lastChangeOf(table: { schema: string; name: string }): TableChange | null;
  /** How large a table is in the lake's files; null for none of the lake. */
  sizeOf(table: { schema: string; name: string }): Promise<TableSize | null>;
  /** The same snapshot, held once more. */
  again(): PinnedSnapshot;
  release(): void;
}

export interface TableSize {
  rows: number;
  bytes: number;
}

/**
 * The lake's newest snapshot, held for whoever reads it. A transaction in the catalog's database, begun before the
 * snapshot is read, keeps expiry and clean-up behind it (lake/horizon.ts); all who read the same snapshot share one.
 */
export class Snapshots {
  readonly #pool: Pool;
  #current: Anchor | null = null;
  #versions: TableVersions | null = null;
  #looking: Promise<Newest> | null = null;
  #anchoring: Promise<Anchor> | null = null;

  /** `catalogUrl`: the database that holds DuckLake's catalog. */
  constructor(catalogUrl: string) {
    this.#pool = new Pool({
      ...readPostgresUrl(catalogUrl),
      application_name: "lotus gateway",
      max: 100,
      idleTimeoutMillis: 30_000,
      // Of a server that has gone without a word: every session would wait for it.
      connectionTimeoutMillis: 15_000,
      query_timeout: 35_000,
      options: "-c idle_in_transaction_session_timeout=0 -c statement_timeout=30s",
    });
    this.#pool.on("error", () => {});
  }

  /** @throws PgError 08006 when the catalog does not answer. */
  async pin(): Promise<PinnedSnapshot> {
    try {
      for (;;) {
        // Only a look that begins now sees what has been committed until now; who comes meanwhile shares it.
        const { id, time } = await this.#look();
        const current = this.#current;
        if (current?.id === id && current.time === time && current.alive) return current.pin();
        const anchor = await this.#anchor();
        if (anchor.alive) return anchor.pin();
      }
    } catch (cause) {
      throw new PgError("08006", "the lake's catalog does not answer", { cause });
    }
  }

  /** The newest snapshot, held by nobody. */
  async newest(): Promise<Newest> {
    return this.#look();
  }

  async close(): Promise<void> {
    this.#current?.drop();
    await this.#pool.end();
  }

  #look(): Promise<Newest> {
    this.#looking ??= this.#pool
      .query<Newest>({ name: "newest", text: NEWEST })
      .then(({ rows }) => newestOf(rows))
      .finally(() => {
        this.#looking = null;
      });
    return this.#looking;
  }

  #anchor(): Promise<Anchor> {
    this.#anchoring ??= this.#openAnchor().finally(() => {
      this.#anchoring = null;
    });
    return this.#anchoring;
  }

  async #openAnchor(): Promise<Anchor> {
    const client = await this.#pool.connect();
    try {
      await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      const { rows } = await client.query<Newest>(NEWEST);
      const newest = newestOf(rows);
      this.#versions = await readTableVersions(client, newest, this.#versions);
      const anchor = new Anchor(this.#pool, client, newest, this.#versions);
      this.#current?.drop();
      this.#current = anchor;
      return anchor;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }
}

interface Newest {
  id: number;
  /** When it was made: where the catalog was restored, its numbers come again. */
  time: string;
  schemaVersion: number;
}

const NEWEST = `SELECT snapshot_id::int8::text AS id, snapshot_time::text AS time, schema_version::int8::text AS "schemaVersion"
  FROM ducklake.ducklake_snapshot ORDER BY snapshot_id DESC LIMIT 1`;

function newestOf(rows: readonly Newest[]): Newest {
  const [row] = rows;
  if (!row) throw new Error("the catalog has no snapshot");
  return { id: Number(row.id), time: row.time, schemaVersion: Number(row.schemaVersion) };
}

/** Rows that are inlined into the catalog do not count: they are few. */
const SIZE = `SELECT coalesce(sum(record_count), 0)::text AS rows, coalesce(sum(file_size_bytes), 0)::text AS bytes
  FROM ducklake.ducklake_data_file WHERE table_id = $1 AND end_snapshot IS NULL`;

/** How long nobody has to read a snapshot until it is let go: the next statement comes soon, mostly. */
const LINGER_MS = 1000;

/** A transaction in the catalog that reads one snapshot. */
class Anchor {
  readonly id: number;
  readonly time: string;
  readonly schemaVersion: number;
  readonly #pool: Pool;
  readonly #client: PoolClient;
  readonly #versions: TableVersions;
  #readers = 0;
  #dropped = false;
  #timer: NodeJS.Timeout | null = null;
  alive = true;

  constructor(pool: Pool, client: PoolClient, { id, time, schemaVersion }: Newest, versions: TableVersions) {
    this.#pool = pool;
    this.#client = client;
    this.#versions = versions;
    this.id = id;
    this.time = time;
    this.schemaVersion = schemaVersion;
    client.on("error", this.#lost);
    this.#settle();
  }

  pin(): PinnedSnapshot {
    this.#readers += 1;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    let released = false;
    return {
      id: this.id,
      schemaVersion: this.schemaVersion,
      versionOf: (table) => versionOf(this.#versions, table),
      lastChangeOf: (table) => lastChangeOf(this.#versions, table),
      sizeOf: (table) => this.#sizeOf(table),
      again: () => this.pin(),
      release: () => {
        if (released) return;
        released = true;
        this.#readers -= 1;
        this.#settle();
      },
    };
  }

  /** Nobody new reads it. */
  drop(): void {
    this.#dropped = true;
    this.#settle();
  }

  async #sizeOf({ schema, name }: { schema: string; name: string }): Promise<TableSize | null> {
    const id = this.#versions.ids.get(`${schema}.${name}`);
    if (id === undefined) return null;
    const { rows } = await this.#pool.query<{ rows: string; bytes: string }>(SIZE, [id]);
    return { rows: Number(rows[0]?.rows), bytes: Number(rows[0]?.bytes) };
  }

  #settle(): void {
    if (this.#readers > 0 || !this.alive || this.#timer) return;
    if (this.#dropped) this.#end();
    else this.#timer = setTimeout(() => this.#end(), LINGER_MS);
  }

  #end(): void {
    if (!this.alive) return;
    this.alive = false;
    if (this.#timer) clearTimeout(this.#timer);
    this.#client.off("error", this.#lost);
    this.#client.query("ROLLBACK").then(
      () => this.#client.release(),
      () => this.#client.release(true),
    );
  }

  /** Its readers read on: what they need is deleted after the next maintenance at the earliest. */
  #lost = () => {
    this.alive = false;
    if (this.#timer) clearTimeout(this.#timer);
    this.#client.release(true);
  };
}
