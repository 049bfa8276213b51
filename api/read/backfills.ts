import { z } from "zod";
import type { TemporalConnection } from "../../common/settings.ts";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import { backfillId } from "../../orchestration/names.ts";
import { runUrl } from "../links.ts";
import {
  type backfill,
  type backfillChunk,
  backfillModes,
  backfillStates,
  chunkStates,
} from "../schemas/backfills.ts";

const ISO = "'%Y-%m-%dT%H:%M:%S.%gZ'";
const count = z.coerce.number();

const backfillRow = z.object({
  id: z.string(),
  state: z.enum(backfillStates),
  request: z.string(),
  requested_by: z.string(),
  requested_at: z.string(),
  recorded_at: z.string(),
  assets: z.array(z.string()).nullable(),
  total: count,
  waiting: count,
  running: count,
  done: count,
  failed: count,
  cancelled: count,
  files: count,
  bytes: count,
  changed_rows: count,
});

const asked = z.looseObject({
  mode: z.enum(backfillModes),
  from: z.string().nullable(),
  to: z.string().nullable(),
  maxConcurrent: z.number(),
});

/** Backfills, newest first; those before `before` where one is given, or only the one of `id`. */
export async function listBackfills(
  session: Session,
  temporal: TemporalConnection,
  options: {
    id?: string;
    state?: string | undefined;
    before?: { at: string; id: string } | null;
    limit: number;
  },
): Promise<z.infer<typeof backfill>[]> {
  const { id, state, before, limit } = options;
  const conditions = [
    "TRUE",
    ...(id === undefined ? [] : [`b.id = ${literal(id)}`]),
    ...(state === undefined ? [] : [`b.state = ${literal(state)}`]),
    ...(before
      ? [`(strftime(requested_at, ${ISO}), b.id) < (${literal(before.at)}, ${literal(before.id)})`]
      : []),
  ];
  const counts = chunkStates.map((name) => `count(*) FILTER (state = ${literal(name)}) AS ${name}`);
  const rows = await session.query(
    backfillRow,
    `WITH chunks AS (
       SELECT backfill, list(DISTINCT asset ORDER BY asset) AS assets, count(*) AS total, ${counts.join(", ")},
         sum(files)::BIGINT AS files, sum(bytes)::BIGINT AS bytes, sum(changed_rows)::BIGINT AS changed_rows
       FROM lakehouse.meta.backfill_chunks ${id === undefined ? "" : `WHERE backfill = ${literal(id)}`} GROUP BY backfill)
     SELECT b.id, b.state, request, requested_by, strftime(requested_at, ${ISO}) AS requested_at,
       strftime(recorded_at, ${ISO}) AS recorded_at, assets,
       ${["total", ...chunkStates, "files", "bytes", "changed_rows"].map((name) => `coalesce(${name}, 0) AS ${name}`).join(", ")}
     FROM lakehouse.meta.backfills AS b LEFT JOIN chunks ON backfill = b.id
     WHERE ${conditions.join(" AND ")} ORDER BY requested_at DESC, b.id DESC LIMIT ${literal(limit)}`,
  );
  return rows.map((row) => {
    const { mode, from, to, maxConcurrent } = asked.parse(JSON.parse(row.request));
    const ended = row.state === "done" || row.state === "failed" || row.state === "cancelled";
    const { total, waiting, running, done, failed, cancelled } = row;
    return {
      id: row.id,
      mode,
      state: row.state,
      requestedBy: row.requested_by,
      requestedAt: row.requested_at,
      endedAt: ended ? row.recorded_at : null,
      from,
      to,
      maxConcurrent,
      assets: row.assets ?? [],
      chunks: { total, waiting, running, done, failed, cancelled },
      files: row.files,
      bytes: row.bytes,
      changedRows: row.changed_rows,
      run: { workflowId: backfillId(row.id), runId: null, url: runUrl(temporal, backfillId(row.id), null) },
    };
  });
}

const chunkRow = z
  .object({
    chunk: count,
    asset: z.string(),
    state: z.enum(chunkStates),
    from_day: z.string().nullable(),
    to_day: z.string().nullable(),
    files: count,
    bytes: count,
    changed_rows: z.coerce.number().nullable(),
    message: z.string().nullable(),
    started_at: z.string().nullable(),
    ended_at: z.string().nullable(),
  })
  .transform((row) => ({
    number: row.chunk,
    asset: row.asset,
    state: row.state,
    from: row.from_day,
    to: row.to_day,
    files: row.files,
    bytes: row.bytes,
    changedRows: row.changed_rows,
    message: row.message,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  }));

/** A backfill's chunks in their order, after one where it is given. */
export async function listChunks(
  session: Session,
  options: { backfill: string; state?: string | undefined; after: number; limit: number },
): Promise<z.infer<typeof backfillChunk>[]> {
  return session.query(
    chunkRow,
    `SELECT chunk, asset, state, from_day, to_day, files, bytes, changed_rows, message,
       strftime(started_at, ${ISO}) AS started_at, strftime(ended_at, ${ISO}) AS ended_at
     FROM lakehouse.meta.backfill_chunks
     WHERE backfill = ${literal(options.backfill)} AND chunk > ${literal(options.after)}
       ${options.state === undefined ? "" : `AND state = ${literal(options.state)}`}
     ORDER BY chunk LIMIT ${literal(options.limit)}`,
  );
}
