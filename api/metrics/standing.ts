import { Gauge, type Registry } from "prom-client";
import type { ApiContext } from "../context.ts";
import { summarise } from "../read/assets.ts";
import { summariseStreams } from "../read/streams.ts";
import { assetStates } from "../schemas/assets.ts";

/** How streams, assets and the lake stand at the moment of asking. */
export function createStanding(registry: Registry, { observer, project }: ApiContext): () => Promise<void> {
  const ofStream = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ["source", "stream"] as const, registers: [registry] });
  const ofAsset = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ["asset"] as const, registers: [registry] });
  const lagFiles = ofStream("lotus_stream_lag_files", "Files that wait in S3");
  const lagBytes = ofStream("lotus_stream_lag_bytes", "Bytes of the files that wait");
  const lagSeconds = ofStream("lotus_stream_lag_seconds", "How long the oldest of the files has waited");
  const quarantined = ofStream("lotus_stream_quarantined_files", "Files that are set aside");
  const paused = ofStream("lotus_stream_paused", "1 while somebody has paused it");
  const rows = ofAsset("lotus_table_rows", "Rows of a processed or enriched table");
  const bytes = ofAsset("lotus_table_bytes", "Bytes of its Parquet files");
  const failed = ofAsset("lotus_asset_failed", "1 while it does not go on because it failed");
  const states = new Gauge({
    name: "lotus_assets",
    help: "Assets in each state",
    labelNames: ["state"] as const,
    registers: [registry],
  });
  const snapshotAge = new Gauge({
    name: "lotus_snapshot_age_seconds",
    help: "Since a table last changed",
    registers: [registry],
  });

  return async () => {
    const seen = await observer.current();
    for (const { source, stream, ...state } of summariseStreams(project, seen)) {
      const labels = { source, stream };
      lagFiles.set(labels, state.lag.files);
      lagBytes.set(labels, state.lag.bytes);
      lagSeconds.set(labels, state.lag.oldestSeconds ?? 0);
      quarantined.set(labels, state.quarantinedFiles);
      paused.set(labels, state.paused ? 1 : 0);
    }
    for (const state of assetStates) states.set({ state }, 0);
    for (const { key: asset, state, ...table } of summarise(project, seen)) {
      states.inc({ state });
      failed.set({ asset }, state === "failed" ? 1 : 0);
      if (!seen.view.rows.has(asset)) continue;
      rows.set({ asset }, table.rows ?? 0);
      bytes.set({ asset }, table.bytes ?? 0);
    }
    const newest = Math.max(0, ...[...seen.view.times.values()].map((time) => Date.parse(time)));
    if (newest > 0) snapshotAge.set(Math.max(0, (Date.now() - newest) / 1000));
  };
}
