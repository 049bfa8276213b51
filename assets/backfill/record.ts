import { z } from "zod";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import type { FileChunk } from "./chunks.ts";
import type { BackfillRequest } from "./request.ts";

/**
 * A backfill as the lake remembers it: what was asked for, its chunks, and how far each of them is. Two logs, of which
 * views show the last entry; `step` orders the entries, whatever the clocks of those who write them say.
 */
export type BackfillState = "running" | "paused" | "cancelled" | "done" | "failed";
export type ChunkState = "waiting" | "running" | "done" | "failed" | "cancelled";

/** A piece of a backfill. Without files: the whole table is rebuilt. */
export interface PlannedChunk {
  asset: string;
  files: FileChunk | null;
}

export interface Chunk extends PlannedChunk {
  number: number;
  state: ChunkState;
  /** How often it was begun anew, from 0. */
  attempt: number;
}

/** The order of a chunk's entries within one attempt: what is done stays done, whoever says otherwise too late. */
const RANK: Record<ChunkState, number> = { waiting: 0, running: 1, failed: 2, cancelled: 3, done: 4 };
const RANKS = 10;

export interface Backfill {
  id: string;
  request: BackfillRequest;
  state: BackfillState;
  step: number;
}

const ROWS_AT_ONCE = 1000;

const requestSchema: z.ZodType<BackfillRequest> = z.object({
  mode: z.enum(["reprocess", "refeed", "rebuild"]),
  streams: z.array(z.string()),
  assets: z.array(z.string()),
  downstreamOf: z.array(z.string()),
  from: z.string().nullable(),
  to: z.string().nullable(),
  maxConcurrent: z.number(),
});

/** Writes a backfill with its chunks, inside the caller's transaction. */
export async function recordBackfill(
  session: Session,
  backfill: { id: string; request: BackfillRequest; requestedBy: string; run: string },
  chunks: readonly PlannedChunk[],
): Promise<void> {
  const { id, request, requestedBy, run } = backfill;
  const entry = [
    literal(id),
    "'running'",
    "0",
    literal(JSON.stringify(request)),
    literal(requestedBy),
    literal(run),
    "now()",
  ];
  await session.execute(`INSERT INTO lakehouse.meta.backfill_log VALUES (${entry.join(", ")})`);
  const rows = chunks.map(({ asset, files }, index) => {
    const place = [
      files?.firstKey,
      files?.lastKey,
      files?.from,
      files?.to,
      files?.files ?? 0,
      files?.bytes ?? 0,
    ];
    return `(${[literal(id), index + 1, literal(asset), ...place.map((value) => literal(value ?? null)), "'waiting'", "0", "NULL", "NULL", "NULL", "now()"].join(", ")})`;
  });
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
    const some = rows.slice(from, from + ROWS_AT_ONCE);
    await session.execute(`INSERT INTO lakehouse.meta.backfill_chunk_log VALUES ${some.join(", ")}`);
  }
}

/** SQL that writes how far a backfill is. */
export function backfillStateSql({ id, step }: Backfill, state: BackfillState, run: string): string {
  return `INSERT INTO lakehouse.meta.backfill_log VALUES (${literal(id)}, ${literal(state)}, ${literal(step + 1)}, NULL, NULL, ${literal(run)}, now())`;
}

/** SQL that writes how far a chunk is. */
export function chunkStateSql(
  backfill: string,
  { number, attempt }: Pick<Chunk, "number" | "attempt">,
  entry: { state: ChunkState; changedRows?: number; message?: string; run: string },
): string {
  const values = [
    literal(backfill),
    number,
    ...["NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL"],
    literal(entry.state),
    attempt * RANKS + RANK[entry.state],
    literal(entry.changedRows ?? null),
    literal(entry.message ?? null),
    literal(entry.run),
    "now()",
  ];
  return `INSERT INTO lakehouse.meta.backfill_chunk_log VALUES (${values.join(", ")})`;
}

const backfillRow = z
  .object({ id: z.string(), state: z.string(), step: z.coerce.number(), request: z.string() })
  .transform(
    ({ id, state, step, request }): Backfill => ({
      id,
      state: state as BackfillState,
      step,
      request: requestSchema.parse(JSON.parse(request)),
    }),
  );

/** A backfill that was recorded, or null. */
export async function findBackfill(session: Session, id: string): Promise<Backfill | null> {
  const [found] = await session.query(
    backfillRow,
    `SELECT id, state, step, request FROM lakehouse.meta.backfills WHERE id = ${literal(id)}`,
  );
  return found ?? null;
}

const chunkRow = z
  .object({
    chunk: z.coerce.number(),
    asset: z.string(),
    first_key: z.string().nullable(),
    last_key: z.string().nullable(),
    from_day: z.string().nullable(),
    to_day: z.string().nullable(),
    files: z.coerce.number(),
    bytes: z.coerce.number(),
    state: z.string(),
    step: z.coerce.number(),
  })
  .transform((row): Chunk => {
    const { first_key: firstKey, last_key: lastKey, from_day: from, to_day: to, files, bytes } = row;
    const has = firstKey !== null && lastKey !== null && from !== null && to !== null;
    return {
      number: row.chunk,
      asset: row.asset,
      state: row.state as ChunkState,
      attempt: Math.floor(row.step / RANKS),
      files: has ? { firstKey, lastKey, from, to, files, bytes } : null,
    };
  });

/** A backfill's chunks in their order; only one of them where a number is given. */
export async function readChunks(session: Session, backfill: string, number?: number): Promise<Chunk[]> {
  return session.query(
    chunkRow,
    `SELECT chunk, asset, first_key, last_key, from_day, to_day, files, bytes, state, step
     FROM lakehouse.meta.backfill_chunks WHERE backfill = ${literal(backfill)}
       ${number === undefined ? "" : `AND chunk = ${literal(number)}`} ORDER BY chunk`,
  );
}
