import { z } from "zod";
import type { EnrichedModel, Project, Stream } from "../assets/definitions.ts";
import { TOMBSTONE_COLUMN } from "../assets/version-columns.ts";
import { messageOf } from "../common/errors.ts";
import type { Connections } from "../common/settings.ts";
import type { LakeExtensions } from "../lake/lake.ts";
import type { Session } from "../lake/session.ts";
import { identifier, literal, qualified } from "../lake/sql.ts";
import { rawPrefix } from "../sensors/raw-layout.ts";
import { digested, type Memory } from "./memory.ts";
import { attachLake } from "./plain-lake.ts";
import { Replay } from "./replay.ts";

/**
 * Holds the lake against the harness's memory, in plain DuckDB: what ought to be there is computed from the rows that
 * landed, with SQL of its own, and compared row by row with what the lake shows.
 */
export class Oracle {
  readonly #memory: Memory;
  readonly #project: Project;
  readonly #connections: Connections;
  readonly #extensions: LakeExtensions;
  readonly #replays: Map<string, Replay>;

  constructor(memory: Memory, project: Project, connections: Connections, extensions: LakeExtensions) {
    this.#memory = memory;
    this.#project = project;
    this.#connections = connections;
    this.#extensions = extensions;
    this.#replays = new Map(project.streams.map((stream) => [stream.stream, new Replay(stream)]));
  }

  /** Looks at a lake that has settled. @returns what differs; empty when nothing does. */
  async look(): Promise<string[]> {
    const { session } = this.#memory;
    await attachLake(session, this.#connections, this.#extensions);
    try {
      await session.execute("DROP SCHEMA IF EXISTS harness.expected CASCADE; CREATE SCHEMA harness.expected");
      const findings: string[] = [];
      for (const stream of this.#project.streams)
        findings.push(...(await this.#lookAtStream(session, stream)));
      for (const model of inOrder(this.#project.models)) {
        await expectModel(session, this.#project, model);
        findings.push(...(await compare(session, "main", model.asset)));
      }
      return findings;
    } finally {
      await session.execute("USE harness.main; DETACH lakehouse");
    }
  }

  async #lookAtStream(session: Session, stream: Stream): Promise<string[]> {
    const replay = this.#replays.get(stream.stream) as Replay;
    const { asset } = stream.processed;
    const expectProcessed = () => session.execute(`CREATE TABLE ${expected(asset)} AS ${replay.processed()}`);
    const findings: string[] = [];
    // A generation is shown as it was when it was published.
    const publishes = stream.destinationSyncMode === "overwrite";
    if (publishes) {
      const published = await publishedEpoch(session, asset);
      await replay.follow(session, published);
      await expectProcessed();
      if (await fedSince(session, stream, published))
        findings.push(`${asset}: a generation was not published`);
    }
    await replay.follow(session, null);
    if (!publishes) await expectProcessed();
    await session.execute(`CREATE TABLE ${expected(stream.landing.table)} AS ${replay.rowsOf(replay.live)}`);
    return [
      ...findings,
      ...(await objectFindings(session, stream, replay)),
      ...(await compare(session, "staging", stream.landing.table)),
      ...(await compare(session, "main", asset)),
    ];
  }
}

const epochRow = z.object({ epoch: z.coerce.number() });

/** The epoch in which a processed table was last written as a whole. */
async function publishedEpoch(session: Session, asset: string): Promise<number> {
  const row = await session.queryOne(
    epochRow,
    `SELECT coalesce(max(epoch), 0) AS epoch FROM lakehouse.meta.materializations WHERE asset = ${literal(asset)}`,
  );
  return row.epoch;
}

async function fedSince(session: Session, stream: Stream, epoch: number): Promise<boolean> {
  const [row] = await session.queryRaw(
    `SELECT 1 FROM lakehouse.meta.feeder_batches WHERE source = ${literal(stream.source)}
       AND stream = ${literal(stream.stream)} AND files > 0 AND epoch > ${epoch} LIMIT 1`,
  );
  return row !== undefined;
}

const objectRow = z.object({
  key: z.string(),
  /** What lies there; null: it was deleted. */
  etag: z.string().nullable(),
  /** Whether it can be read; null where nothing lies. */
  readable: z.boolean().nullable(),
  /** Everything that ever lay there. */
  etags: z.array(z.string()),
  reason: z.string().nullable(),
});

/** Every object was fed, or waits in quarantine for a good reason; and nothing was fed that never lay there. */
async function objectFindings(session: Session, stream: Stream, replay: Replay): Promise<string[]> {
  const prefix = rawPrefix(stream.source, stream.stream);
  const objects = await session.query(
    objectRow,
    `SELECT l.key, l.etag, c.rows IS NOT NULL AS readable, l.etags, q.reason
     FROM (SELECT key, last(etag ORDER BY number) AS etag, list(DISTINCT etag) FILTER (etag IS NOT NULL) AS etags
           FROM harness.landings WHERE starts_with(key, ${literal(prefix)}) GROUP BY key) AS l
     LEFT JOIN harness.contents AS c ON c.etag = l.etag AND c.stream = ${literal(stream.stream)}
     LEFT JOIN lakehouse.meta.quarantine AS q ON q.key = l.key AND q.etag = l.etag
     ORDER BY l.key`,
  );
  const findings: string[] = [];
  for (const { key, etag, readable, etags, reason } of objects) {
    const fed = replay.files.get(key);
    if (fed && !etags.includes(fed.etag)) findings.push(`fed as it never landed: ${key}`);
    if (etag === null) {
      // Of a file without rows there is nothing to take out.
      if (fed?.live && fed.rows > 0) findings.push(`deleted, and still in landing: ${key}`);
    } else if (!readable) {
      if (reason === null) findings.push(`broken, and not in quarantine: ${key}`);
      if (fed?.live) findings.push(`overwritten by a broken one, and still in landing: ${key}`);
    } else if (fed?.etag === etag) {
      if (reason !== null) findings.push(`fed, and in quarantine: ${key}: ${reason}`);
    } else if (reason === null) {
      findings.push(`neither fed nor in quarantine: ${key}`);
    } else if (!SET_ASIDE_RIGHTLY.test(reason) || stream.primaryKey.length > 0) {
      findings.push(`in quarantine, though nothing is wrong with it: ${key}: ${reason}`);
    }
  }
  for (const key of replay.files.keys()) {
    if (!objects.some((object) => object.key === key)) findings.push(`fed, and never landed: ${key}`);
  }
  return findings;
}

/** The one reason for which a good file waits: nobody could tell which rows it replaces. */
const SET_ASIDE_RIGHTLY = /^overwritten after it was fed, while landing lacks other files/;

/** Runs a model over the expected tables, without what the source deleted. */
async function expectModel(session: Session, project: Project, model: EnrichedModel): Promise<void> {
  await session.execute(
    "DROP SCHEMA IF EXISTS harness.seen CASCADE; CREATE SCHEMA harness.seen; USE harness.seen",
  );
  for (const upstream of model.upstream) {
    const stream = project.streams.find((candidate) => candidate.processed.asset === upstream);
    const deletes = stream?.landing.columns.some((column) => column.name === TOMBSTONE_COLUMN);
    const alive = deletes ? `WHERE ${identifier(TOMBSTONE_COLUMN)} IS NULL` : "";
    await session.execute(
      `CREATE VIEW ${identifier(upstream)} AS SELECT * FROM ${expected(upstream)} ${alive}`,
    );
  }
  await session.execute(`CREATE TABLE ${expected(model.asset)} AS ${model.sql}`);
  await session.execute("USE harness.main");
}

const countRow = z.object({ missing: z.coerce.number(), extra: z.coerce.number() });

/** Compares a table of the lake with the expected one of the same name, row by row. */
async function compare(session: Session, schema: "staging" | "main", table: string): Promise<string[]> {
  const lakeTable = qualified("lakehouse", schema, table);
  try {
    const present = await session.describe(lakeTable);
    // A column that no file has brought yet.
    const compared = (await session.describe(expected(table))).map(({ name }) => {
      const column = present.find((candidate) => candidate.name === name);
      return `${column ? digested(column) : "NULL"} AS ${identifier(name)}`;
    });
    const right = `SELECT * FROM ${expected(table)}`;
    const found = `SELECT ${compared.join(", ")} FROM ${lakeTable}`;
    const { missing, extra } = await session.queryOne(
      countRow,
      `SELECT (SELECT count(*) FROM (${right} EXCEPT ALL ${found})) AS missing,
         (SELECT count(*) FROM (${found} EXCEPT ALL ${right})) AS extra`,
    );
    if (missing + extra === 0) return [];
    const examples = async (sql: string) =>
      JSON.stringify(await session.queryRaw(`SELECT * FROM (${sql}) ORDER BY ALL LIMIT 2`));
    return [
      `${table}: ${missing} rows are missing, such as ${await examples(`${right} EXCEPT ALL ${found}`)}; ` +
        `${extra} are not right, such as ${await examples(`${found} EXCEPT ALL ${right}`)}`,
    ];
  } catch (error) {
    return [`${table} cannot be read: ${messageOf(error)}`];
  }
}

/** Models in an order in which each comes after those that it reads. */
function inOrder(models: readonly EnrichedModel[]): EnrichedModel[] {
  const left = new Set(models);
  const order: EnrichedModel[] = [];
  while (left.size > 0) {
    const unread = new Set([...left].map((model) => model.asset));
    const next = [...left].filter((model) => !model.upstream.some((upstream) => unread.has(upstream)));
    if (next.length === 0) throw new Error("models in a circle");
    for (const model of next) left.delete(model);
    order.push(...next);
  }
  return order;
}

function expected(table: string): string {
  return qualified("harness", "expected", table);
}
