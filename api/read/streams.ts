import { z } from "zod";
import type { Project, Stream } from "../../assets/definitions.ts";
import { landingDdl } from "../../assets/landing-table.ts";
import { formatDuration } from "../../common/units.ts";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import type { Observation } from "../../orchestration/observer.ts";
import type {
  batch,
  ledgerFile,
  quarantinedFile,
  streamDetail,
  streamSummary,
  throughput,
} from "../schemas/streams.ts";

type Summary = z.infer<typeof streamSummary>;

const ISO = "'%Y-%m-%dT%H:%M:%S.%gZ'";

/** Every stream as it stands. Pure. */
export function summariseStreams(
  project: Project,
  seen: Observation,
  paused: ReadonlySet<string>,
): Summary[] {
  return project.streams.map(({ source, stream, processed }) => {
    const name = `${source}/${stream}`;
    const status = seen.status.streams.find((entry) => entry.source === source && entry.stream === stream);
    const asset = seen.status.assets.find(({ key }) => key === processed.asset);
    const waiting = seen.waiting.get(name);
    const oldest = waiting?.oldest ?? null;
    return {
      source,
      stream,
      asset: processed.asset,
      paused: paused.has(name),
      state: asset?.state ?? "fresh",
      reason: asset?.message ?? null,
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
}: Stream): Omit<z.infer<typeof streamDetail>, keyof Summary | "lastBatches" | "throughput"> {
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
  { source, stream }: { source: string; stream: string },
  options: { before: number | null; limit: number },
): Promise<(z.infer<typeof batch> & { epoch: number })[]> {
  return session.query(
    batchRow,
    `SELECT * REPLACE (strftime(started_at, ${ISO}) AS started_at, strftime(committed_at, ${ISO}) AS committed_at),
       greatest(0, epoch_ms(committed_at) - epoch_ms(started_at)) / 1000.0 AS seconds
     FROM lakehouse.meta.feeder_batches
     WHERE source = ${literal(source)} AND stream = ${literal(stream)}
       ${options.before === null ? "" : `AND epoch < ${literal(options.before)}`}
     ORDER BY epoch DESC LIMIT ${literal(options.limit)}`,
  );
}

const hourRow = z.object({ at: z.string(), files: count, rows: count, bytes: count, batches: count });

/** What was fed within each of the last 24 hours, the empty ones too. */
export async function throughputOf(
  session: Session,
  { source, stream }: { source: string; stream: string },
): Promise<z.infer<typeof throughput>[]> {
  return session.query(
    hourRow,
    `WITH hours AS (SELECT unnest(generate_series(date_trunc('hour', now()) - INTERVAL 23 HOUR, date_trunc('hour', now()), INTERVAL 1 HOUR)) AS hour),
       fed AS (SELECT date_trunc('hour', committed_at) AS hour, sum(files) AS files, sum(rows) AS rows, sum(bytes) AS bytes, count(*) AS batches
               FROM lakehouse.meta.feeder_batches
               WHERE source = ${literal(source)} AND stream = ${literal(stream)} AND committed_at > now() - INTERVAL 24 HOUR
               GROUP BY hour)
     SELECT strftime(hours.hour, ${ISO}) AS at, coalesce(files, 0)::BIGINT AS files, coalesce(rows, 0)::BIGINT AS rows,
       coalesce(bytes, 0)::BIGINT AS bytes, coalesce(batches, 0)::BIGINT AS batches
     FROM hours LEFT JOIN fed USING (hour) ORDER BY at`,
  );
}

const fileRow = z
  .object({
    key: z.string(),
    etag: z.string(),
    size: count,
    rows: count,
    batch: z.string(),
    state: z.string(),
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

const quarantineRow = z
  .object({
    source: z.string(),
    stream: z.string(),
    key: z.string(),
    etag: z.string(),
    size: count,
    reason: z.string(),
    recorded_at: z.string(),
  })
  .transform(({ recorded_at, ...row }) => ({ ...row, setAsideAt: recorded_at }));

/** Files that are set aside, by key, after `after`. */
export async function listQuarantined(
  session: Session,
  options: { source: string | null; stream: string | null; after: string | null; limit: number },
): Promise<z.infer<typeof quarantinedFile>[]> {
  const conditions = [
    "TRUE",
    ...(options.source === null ? [] : [`source = ${literal(options.source)}`]),
    ...(options.stream === null ? [] : [`stream = ${literal(options.stream)}`]),
    ...(options.after === null ? [] : [`key > ${literal(options.after)}`]),
  ];
  return session.query(
    quarantineRow,
    `SELECT source, stream, key, etag, size, reason, strftime(recorded_at, ${ISO}) AS recorded_at
     FROM lakehouse.meta.quarantine WHERE ${conditions.join(" AND ")} ORDER BY key LIMIT ${literal(options.limit)}`,
  );
}
