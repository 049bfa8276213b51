import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ApiContext } from "./context.ts";
import { newestSnapshot, newsAfter } from "./read/news.ts";

/**
 * What Prometheus reads. Gauges are looked at when they are asked for; counters count what the lake's history says has
 * happened since this process began to watch, whichever worker did it.
 */
export function createMetrics({ lake, observer, project }: ApiContext): () => Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  const stream = ["source", "stream"] as const;
  const lagFiles = new Gauge({
    name: "lotus_lag_files",
    help: "Files that wait",
    labelNames: stream,
    registers,
  });
  const lagBytes = new Gauge({
    name: "lotus_lag_bytes",
    help: "Bytes of the files that wait",
    labelNames: stream,
    registers,
  });
  const lagSeconds = new Gauge({
    name: "lotus_lag_seconds",
    help: "How long the oldest of the files has waited",
    labelNames: stream,
    registers,
  });
  const quarantined = new Gauge({
    name: "lotus_quarantined_files",
    help: "Files that are set aside",
    labelNames: stream,
    registers,
  });
  const states = new Gauge({
    name: "lotus_assets",
    help: "Assets in each state",
    labelNames: ["state"] as const,
    registers,
  });
  const snapshotAge = new Gauge({
    name: "lotus_snapshot_age_seconds",
    help: "Since the newest snapshot",
    registers,
  });
  const rowsTotal = new Gauge({
    name: "lotus_rows",
    help: "Rows of a table",
    labelNames: ["asset"] as const,
    registers,
  });
  const batches = new Counter({
    name: "lotus_batches_total",
    help: "Batches fed",
    labelNames: ["author"] as const,
    registers,
  });
  const commits = new Counter({
    name: "lotus_snapshots_total",
    help: "Snapshots made, by what made them",
    labelNames: ["kind"] as const,
    registers,
  });
  void Histogram;
  let seen: number | null = null;

  return async () => {
    const { status, waiting, at, view } = await observer.current();
    await lake.withSession(async (session) => {
      seen ??= await newestSnapshot(session);
      for (;;) {
        const news = await newsAfter(session, seen, 500);
        for (const { id, kind, author } of news) {
          seen = id;
          commits.inc({ kind });
          if (kind === "batch") batches.inc({ author: author ?? "" });
        }
        if (news.length < 500) break;
      }
    });
    for (const { source, stream: name, waitingFiles, quarantinedFiles } of status.streams) {
      const labels = { source, stream: name };
      const found = waiting.get(`${source}/${name}`);
      lagFiles.set(labels, waitingFiles);
      lagBytes.set(labels, found?.bytes ?? 0);
      lagSeconds.set(labels, found?.oldest ? Math.max(0, (at.getTime() - found.oldest.getTime()) / 1000) : 0);
      quarantined.set(labels, quarantinedFiles);
    }
    states.reset();
    for (const { state } of status.assets) states.inc({ state });
    for (const { key } of project.assets) {
      const rows = view.rows.get(key);
      if (rows !== undefined) rowsTotal.set({ asset: key }, rows);
    }
    snapshotAge.set(
      (at.getTime() - Math.max(...[...view.times.values()].map((time) => Date.parse(time)), 0)) / 1000,
    );
    return registry.metrics();
  };
}
