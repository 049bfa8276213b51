import { Counter, Histogram, type Registry } from "prom-client";
import { z } from "zod";
import type { Session } from "../../lake/session.ts";
import { currentSnapshot } from "../../lake/snapshots.ts";
import { literal } from "../../lake/sql.ts";
import { readSnapshot } from "../../lake/transaction.ts";
import type { ApiContext } from "../context.ts";

const SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800];

/**
 * Counts and durations of what has happened since `began`, whichever worker did it: each look reads what the lake's own
 * logs have come to say since the look before.
 */
export function createHistory(
  registry: Registry,
  { lake, project }: ApiContext,
  began: Date,
): () => Promise<void> {
  const registers = [registry];
  const ofStream = { labelNames: ["source", "stream"] as const, registers };
  const ofAsset = { labelNames: ["asset"] as const, registers };
  const batches = new Counter({ name: "lotus_batches_total", help: "Batches fed", ...ofStream });
  const files = new Counter({ name: "lotus_fed_files_total", help: "Files fed", ...ofStream });
  const rows = new Counter({ name: "lotus_fed_rows_total", help: "Rows fed", ...ofStream });
  const bytes = new Counter({ name: "lotus_fed_bytes_total", help: "Bytes of the files fed", ...ofStream });
  const setAside = new Counter({
    name: "lotus_quarantined_files_total",
    help: "Files set aside",
    ...ofStream,
  });
  const failures = new Counter({
    name: "lotus_failures_total",
    help: "Times it failed for good",
    ...ofAsset,
  });
  const materializations = new Counter({
    name: "lotus_materializations_total",
    help: "Times it was brought up to date",
    labelNames: ["asset", "mode"] as const,
    registers,
  });
  const changedRows = new Counter({
    name: "lotus_changed_rows_total",
    help: "Rows that this changed",
    ...ofAsset,
  });
  const batchSeconds = new Histogram({
    name: "lotus_batch_seconds",
    help: "How long a batch took",
    buckets: SECONDS,
    ...ofStream,
  });
  const materializationSeconds = new Histogram({
    name: "lotus_materialization_seconds",
    help: "How long it took to bring it up to date",
    buckets: SECONDS,
    ...ofAsset,
  });

  // A rate is only right for a counter that began at 0.
  for (const { source, stream } of project.streams)
    for (const counter of [batches, files, rows, bytes, setAside]) counter.inc({ source, stream }, 0);
  for (const { asset } of [...project.streams.map(({ processed }) => processed), ...project.models]) {
    for (const counter of [failures, changedRows]) counter.inc({ asset }, 0);
    for (const mode of ["incremental", "rebuild"]) materializations.inc({ asset, mode }, 0);
  }

  let seen: { snapshot: number; at: Date } | null = null;
  return () =>
    lake.withSession((session) =>
      readSnapshot(session, async () => {
        const since = seen ?? { snapshot: await snapshotAt(session, began), at: began };
        const at = new Date();
        const snapshot = await currentSnapshot(session);
        if (snapshot > since.snapshot) {
          const read = await readLogs(session, since);
          for (const { source, stream, ...batch } of read.batches) {
            const labels = { source, stream };
            batches.inc(labels);
            files.inc(labels, batch.files);
            rows.inc(labels, batch.rows);
            bytes.inc(labels, batch.bytes);
            setAside.inc(labels, batch.quarantined);
            batchSeconds.observe(labels, batch.seconds);
          }
          for (const { asset, mode, changed, seconds } of read.materializations) {
            materializations.inc({ asset, mode });
            changedRows.inc({ asset }, changed);
            materializationSeconds.observe({ asset }, seconds);
          }
          for (const { asset } of read.failures) failures.inc({ asset });
        }
        seen = { snapshot, at };
      }),
    );
}

const count = z.coerce.number();
const batchRow = z.object({
  source: z.string(),
  stream: z.string(),
  files: count,
  rows: count,
  bytes: count,
  quarantined: count,
  seconds: z.number(),
});
const materializationRow = z.object({
  asset: z.string(),
  mode: z.string(),
  changed: count,
  seconds: z.number(),
});
const failureRow = z.object({ asset: z.string() });

/** What the logs have that came after a snapshot. */
async function readLogs(session: Session, { snapshot, at }: { snapshot: number; at: Date }) {
  // The time spares DuckDB what is long past; no transaction lasts a day.
  const isNew = (time: string) =>
    `snapshot_id > ${literal(snapshot)} AND ${time} > TIMESTAMPTZ ${literal(at.toISOString())} - INTERVAL 1 DAY`;
  const seconds = (from: string, to: string) =>
    `greatest(0, epoch_ms(${to}) - epoch_ms(${from})) / 1000.0 AS seconds`;
  return {
    batches: await session.query(
      batchRow,
      `SELECT source, stream, files, rows, bytes, quarantined, ${seconds("started_at", "committed_at")}
       FROM lakehouse.meta.feeder_batches WHERE ${isNew("committed_at")}`,
    ),
    materializations: await session.query(
      materializationRow,
      `SELECT asset, mode, changed_rows AS changed, ${seconds("started_at", "finished_at")}
       FROM lakehouse.meta.materializations WHERE ${isNew("finished_at")}`,
    ),
    failures: await session.query(
      failureRow,
      `SELECT asset FROM lakehouse.meta.asset_state_log WHERE state = 'failed' AND ${isNew("recorded_at")}`,
    ),
  };
}

const atRow = z.object({ id: count });

/** The last snapshot that was made until then. */
async function snapshotAt(session: Session, time: Date): Promise<number> {
  const { id } = await session.queryOne(
    atRow,
    `SELECT coalesce(max(snapshot_id), 0) AS id FROM __ducklake_metadata_lakehouse.ducklake.ducklake_snapshot
     WHERE snapshot_time <= TIMESTAMPTZ ${literal(time.toISOString())}`,
  );
  return id;
}
