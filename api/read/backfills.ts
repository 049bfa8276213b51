import { z } from "zod";
import type { Project } from "../../assets/definitions.ts";
import type { TemporalConnection } from "../../common/settings.ts";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import { backfillId, feederId, materializeId } from "../../orchestration/names.ts";
import type { AskedBackfill } from "../../orchestration/wake.ts";
import { linkOf, runUrl } from "../links.ts";
import {
  type backfill,
  type backfillChunk,
  backfillModes,
  backfillStates,
  chunkStates,
} from "../schemas/backfills.ts";
import type { runLink } from "../schemas/common.ts";
import { ISO } from "./iso.ts";

const count = z.coerce.number();

type Backfill = z.infer<typeof backfill>;
type Table = Backfill["tables"][number];

const backfillRow = z.object({
  id: z.string(),
  state: z.enum(backfillStates),
  request: z.string(),
  requested_by: z.string(),
  requested_at: z.string(),
  recorded_at: z.string(),
});

const tableRow = z
  .object({
    backfill: z.string(),
    asset: z.string(),
    total: count,
    waiting: count,
    running: count,
    done: count,
    failed: count,
    cancelled: count,
    files: count,
    bytes: count,
    changed_rows: count,
  })
  .transform(({ backfill, asset, files, bytes, changed_rows: changedRows, ...chunks }) => ({
    backfill,
    table: { asset, chunks, files, bytes, changedRows } satisfies Table,
  }));

const asked = z.looseObject({
  mode: z.enum(backfillModes),
  streams: z.array(z.string()),
  downstreamOf: z.array(z.string()),
  from: z.string().nullable(),
  to: z.string().nullable(),
  maxConcurrent: z.number(),
});

/** Backfills, newest first; those before `before` where one is given, or only the one of `id`. */
export async function listBackfills(
  session: Session,
  { temporal }: { temporal: TemporalConnection },
  options: {
    id?: string;
    state?: string | undefined;
    before?: { at: string; id: string } | null;
    limit: number;
  },
): Promise<Backfill[]> {
  const { id, state, before, limit } = options;
  const conditions = [
    "TRUE",
    ...(id === undefined ? [] : [`id = ${literal(id)}`]),
    ...(state === undefined ? [] : [`state = ${literal(state)}`]),
    ...(before
      ? [`(strftime(requested_at, ${ISO}), id) < (${literal(before.at)}, ${literal(before.id)})`]
      : []),
  ];
  const rows = await session.query(
    backfillRow,
    `SELECT id, state, request, requested_by, strftime(requested_at, ${ISO}) AS requested_at,
       strftime(recorded_at, ${ISO}) AS recorded_at
     FROM lakehouse.meta.backfills WHERE ${conditions.join(" AND ")}
     ORDER BY requested_at DESC, id DESC LIMIT ${literal(limit)}`,
  );
  if (rows.length === 0) return [];
  const tables = await tablesOf(
    session,
    rows.map((row) => row.id),
  );
  return rows.map((row) => {
    const ended = row.state === "done" || row.state === "failed" || row.state === "cancelled";
    return describe(temporal, row.id, {
      request: asked.parse(JSON.parse(row.request)),
      state: row.state,
      requestedBy: row.requested_by,
      requestedAt: row.requested_at,
      endedAt: ended ? row.recorded_at : null,
      tables: tables.filter(({ backfill }) => backfill === row.id).map(({ table }) => table),
    });
  });
}

/** One that was started, and that is not in the lake yet: no worker has taken it, or it could not begin. */
export function describeStarted(
  temporal: TemporalConnection,
  id: string,
  { request, requestedBy, startedAt, running }: AskedBackfill & { startedAt: Date; running: boolean },
): Backfill {
  return describe(temporal, id, {
    request,
    state: running ? "running" : "failed",
    requestedBy,
    requestedAt: startedAt.toISOString(),
    endedAt: running ? null : startedAt.toISOString(),
    tables: [],
  });
}

function describe(
  temporal: TemporalConnection,
  id: string,
  found: Pick<Backfill, "state" | "requestedBy" | "requestedAt" | "endedAt" | "tables"> & {
    request: z.infer<typeof asked> | AskedBackfill["request"];
  },
): Backfill {
  const { request, tables, ...rest } = found;
  const { mode, streams, downstreamOf, from, to, maxConcurrent } = request;
  const sum = (value: (table: Table) => number) => tables.reduce((total, table) => total + value(table), 0);
  const workflowId = backfillId(id);
  return {
    id,
    mode,
    ...rest,
    from,
    to,
    maxConcurrent,
    streams,
    downstreamOf,
    assets: tables.map(({ asset }) => asset),
    tables,
    chunks: {
      total: sum(({ chunks }) => chunks.total),
      waiting: sum(({ chunks }) => chunks.waiting),
      running: sum(({ chunks }) => chunks.running),
      done: sum(({ chunks }) => chunks.done),
      failed: sum(({ chunks }) => chunks.failed),
      cancelled: sum(({ chunks }) => chunks.cancelled),
    },
    files: sum(({ files }) => files),
    bytes: sum(({ bytes }) => bytes),
    changedRows: sum(({ changedRows }) => changedRows),
    run: { workflowId, runId: null, url: runUrl(temporal, workflowId, null) },
  };
}

function tablesOf(session: Session, backfills: readonly string[]) {
  const counts = chunkStates.map((name) => `count(*) FILTER (state = ${literal(name)}) AS ${name}`);
  return session.query(
    tableRow,
    `SELECT backfill, asset, count(*) AS total, ${counts.join(", ")}, sum(files)::BIGINT AS files,
       sum(bytes)::BIGINT AS bytes, coalesce(sum(changed_rows), 0)::BIGINT AS changed_rows
     FROM lakehouse.meta.backfill_chunks WHERE backfill IN (${backfills.map((id) => literal(id)).join(", ")})
     GROUP BY backfill, asset ORDER BY min(chunk)`,
  );
}

const chunkRow = z.object({
  chunk: count,
  asset: z.string(),
  state: z.enum(chunkStates),
  from_day: z.string().nullable(),
  to_day: z.string().nullable(),
  files: count,
  bytes: count,
  changed_rows: z.coerce.number().nullable(),
  message: z.string().nullable(),
  run: z.string().nullable(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
});

/** A backfill's chunks in their order, after one where it is given. */
export async function listChunks(
  session: Session,
  { project, temporal }: { project: Project; temporal: TemporalConnection },
  options: { backfill: string; state?: string | undefined; after: number; limit: number },
): Promise<z.infer<typeof backfillChunk>[]> {
  const rows = await session.query(
    chunkRow,
    `SELECT chunk, asset, state, from_day, to_day, files, bytes, changed_rows, message, run,
       strftime(started_at, ${ISO}) AS started_at, strftime(ended_at, ${ISO}) AS ended_at
     FROM lakehouse.meta.backfill_chunks
     WHERE backfill = ${literal(options.backfill)} AND chunk > ${literal(options.after)}
       ${options.state === undefined ? "" : `AND state = ${literal(options.state)}`}
     ORDER BY chunk LIMIT ${literal(options.limit)}`,
  );
  return rows.map((row) => ({
    number: row.chunk,
    asset: row.asset,
    state: row.state,
    from: row.from_day,
    to: row.to_day,
    files: row.files,
    bytes: row.bytes,
    changedRows: row.changed_rows,
    message: row.message,
    // Of the attempt before, until the next one has begun, or has ended.
    startedAt: row.state === "waiting" ? null : row.started_at,
    endedAt: row.state === "waiting" || row.state === "running" ? null : row.ended_at,
    run: writersRun(row, { project, temporal }),
  }));
}

/** While a chunk runs it is its backfill that has said so; when it has ended, its writer. */
function writersRun(
  { asset, state, run }: z.infer<typeof chunkRow>,
  { project, temporal }: { project: Project; temporal: TemporalConnection },
): z.infer<typeof runLink> | null {
  if (run !== null && (state === "done" || state === "failed")) return linkOf(temporal, run);
  if (state !== "running") return null;
  const stream = project.streams.find(({ processed }) => processed.asset === asset);
  const workflowId = stream ? feederId(stream.source, stream.stream) : materializeId(asset);
  return { workflowId, runId: null, url: runUrl(temporal, workflowId, null) };
}
