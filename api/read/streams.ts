import { z } from "zod";
import type { Project, Stream } from "../../assets/definitions.ts";
import { landingDdl } from "../../assets/landing-table.ts";
import type { TemporalConnection } from "../../common/settings.ts";
import { formatDuration } from "../../common/units.ts";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import type { Observation } from "../../orchestration/observer.ts";
import { recordedLink } from "../links.ts";
import {
  type batch,
  type ledgerFile,
  ledgerStates,
  type streamDetail,
  type streamSummary,
  type throughput,
} from "../schemas/streams.ts";
import { summarise } from "./assets.ts";
import { ISO } from "./iso.ts";

type Summary = Omit<z.infer<typeof streamSummary>, "throughput">;
type Throughput = z.infer<typeof throughput>;

/** Every stream as it stands. Pure. */
export function summariseStreams(project: Project, seen: Observation): Summary[] {
  const assets = new Map(summarise(project, seen).map((asset) => [asset.key, asset]));
  return project.streams.map(({ source, stream, processed }) => {
    const name = `${source}/${stream}`;
    const status = seen.status.streams.find((entry) => entry.source === source && entry.stream === stream);
    const asset = assets.get(processed.asset);
    const waiting = seen.waiting.get(name);
    const oldest = waiting?.oldest ?? null;
    return {
      source,
      stream,
      asset: processed.asset,
      paused: seen.view.paused.has(name),
      state: asset?.state ?? "fresh",
      reason: asset?.reason ?? null,
      cursor: status?.cursor ?? null,
      lag: {
        files: status?.waitingFiles ?? 0,
        bytes: waiting?.bytes ?? 0,
        oldestSeconds: oldest === null ? null : Math.max(0, (seen.at.getTime() - oldest.getTime()) / 1000),
      },
      quarantinedFiles: status?.quarantinedFiles ?? 0,
      rows: status?.rows ?? 0,
      batches: status?.batches ?? 0,
      lastBatchAt: seen.view.batches.get(name)?.changed_at ?? null,
      lookedAt: seen.at.toISOString(),
    };
  });
}

/** What a stream's config says. Pure. */
export function describeStream({
  file,
  syncMode,
  destinationSyncMode,
  primaryKey,
  cursorField,
  feeder,
  landing,
}: Stream): Omit<z.infer<typeof streamDetail>, keyof z.infer<typeof streamSummary> | "lastBatches"> {
  return {
    file,
    syncMode,
    destinationSyncMode,
    primaryKey,
    cursorField,
    feeder: {
      batchBytes: feeder.batchBytes,
      batchFiles: feeder.batchFiles,
      pollSeconds: feeder.pollMs / 1000,
      lookbackDays: feeder.lookbackDays,
      retention: feeder.retentionMs === null ? "keep" : formatDuration(feeder.retentionMs),
      onNewColumn: feeder.onNewColumn,
    },
    ddl: landingDdl(landing.table, landing.columns),
  };
}

const count = z.coerce.number();
const batchRow = z
  .object({
    id: z.string(),
    source: z.string(),
    stream: z.string(),
    files: count,
    rows: count,
    bytes: count,
    quarantined: count,
    first_key: z.string().nullable(),
    last_key: z.string().nullable(),
    started_at: z.string(),
    committed_at: z.string(),
    seconds: z.number(),
    run: z.string(),
    epoch: count,
  })
  .transform(({ first_key, last_key, started_at, committed_at, ...row }) => ({
    ...row,
    firstKey: first_key,
    lastKey: last_key,
    startedAt: started_at,
    committedAt: committed_at,
  }));

/** A stream's batches, newest first, those before `epoch` where one is given. */
export async function listBatches(
  session: Session,
  temporal: TemporalConnection,
  { source, stream }: { source: string; stream: string },
  options: { before: number | null; limit: number },
): Promise<(z.infer<typeof batch> & { epoch: number })[]> {
  const rows = await session.query(
    batchRow,
    `SELECT * REPLACE (strftime(started_at, ${ISO}) AS started_at, strftime(committed_at, ${ISO}) AS committed_at),
       greatest(0, epoch_ms(committed_at) - epoch_ms(started_at)) / 1000.0 AS seconds
     FROM lakehouse.meta.feeder_batches
     WHERE source = ${literal(source)} AND stream = ${literal(stream)}
       ${options.before === null ? "" : `AND epoch < ${literal(options.before)}`}
     ORDER BY epoch DESC LIMIT ${literal(options.limit)}`,
  );
  return rows.map((row) => ({ ...row, run: recordedLink(temporal, row.run) }));
}

const hourRow = z.object({
  source: z.string(),
  stream: z.string(),
  hour: z.string(),
  files: count,
  rows: count,
  bytes: count,
  batches: count,
});

/** What was fed by a stream within each of the last 24 hours, the empty ones too. */
export type Throughputs = (stream: { source: string; stream: string }) => Throughput[];

/** Reads what was fed in the last 24 hours, by all streams at once. */
export async function readThroughputs(session: Session): Promise<Throughputs> {
  const rows = await session.query(
    hourRow,
    `SELECT source, stream, strftime(date_trunc('hour', committed_at), ${ISO}) AS hour, sum(files)::BIGINT AS files,
       sum(rows)::BIGINT AS rows, sum(bytes)::BIGINT AS bytes, count(*) AS batches
     FROM lakehouse.meta.feeder_batches WHERE committed_at > now() - INTERVAL 24 HOUR
     GROUP BY source, stream, hour`,
  );
  const fed = new Map(
    rows.map(({ source, stream, hour: at, ...sums }) => [`${source}/${stream}/${at}`, { at, ...sums }]),
  );
  return ({ source, stream }) => {
    const now = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    const hours = Array.from({ length: 24 }, (_, index) => now - (23 - index) * HOUR_MS);
    return hours.map((hour) => {
      const at = new Date(hour).toISOString();
      return fed.get(`${source}/${stream}/${at}`) ?? { at, files: 0, rows: 0, bytes: 0, batches: 0 };
    });
  };
}

const HOUR_MS = 3_600_000;

const fileRow = z
  .object({
    key: z.string(),
    etag: z.string(),
    size: count,
    rows: count,
    batch: z.string(),
    state: z.enum(ledgerStates),
    recorded_at: z.string(),
  })
  .transform(({ recorded_at, ...row }) => ({ ...row, fedAt: recorded_at }));

/** Files of a stream's ledger by key, after `after`. */
export async function listFiles(
  session: Session,
  { source, stream }: { source: string; stream: string },
  options: { after: string | null; limit: number; state: string | null; prefix: string | null },
): Promise<z.infer<typeof ledgerFile>[]> {
  const conditions = [
    `source = ${literal(source)} AND stream = ${literal(stream)}`,
    ...(options.after === null ? [] : [`key > ${literal(options.after)}`]),
    ...(options.state === null ? [] : [`state = ${literal(options.state)}`]),
    ...(options.prefix === null ? [] : [`starts_with(key, ${literal(options.prefix)})`]),
  ];
  return session.query(
    fileRow,
    `SELECT key, etag, size, rows, batch, state, strftime(recorded_at, ${ISO}) AS recorded_at
     FROM lakehouse.meta.feeder_files WHERE ${conditions.join(" AND ")} ORDER BY key LIMIT ${literal(options.limit)}`,
  );
}
