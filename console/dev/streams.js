import { assets } from "./assets.js";
import { ago, link, randomOf } from "./random.js";

const random = randomOf(11);
const PAUSED = new Set(["klaviyo/campaigns"]);
const QUARANTINE = {
  "stripe/charges": 2,
  "klaviyo/events": 1,
};

export const streams = assets
  .filter(({ kind }) => kind === "processed")
  .map(({ key, state, reason }) => {
    const [source, stream] = key.slice("int_".length).split("__");
    const name = `${source}/${stream}`;
    const files = name === "shopify/orders" ? 1_535 : PAUSED.has(name) ? 61 : 0;
    return {
      source,
      stream,
      asset: key,
      paused: PAUSED.has(name),
      state,
      reason,
      cursor: `s3://landing/raw/${name}/year=2026/month=11/day=21/${random(90) + 10}.parquet`,
      lag: { files, bytes: files * 31_000, oldestSeconds: files ? 340 + files : null },
      quarantinedFiles: QUARANTINE[name] ?? 0,
      rows: random(9_000_000) + 1000,
      batches: random(900) + 3,
      lastBatchAt: ago(random(4000) + 5),
      lookedAt: ago(3),
    };
  });

export function streamDetail(summary) {
  const { source, stream } = summary;
  const chance = randomOf(source.length * 97 + stream.length);
  return {
    ...summary,
    file: `dag/streams/${source}/${stream}.json`,
    syncMode: "incremental",
    destinationSyncMode: "append_dedup",
    primaryKey: ["id"],
    cursorField: "updated_at",
    feeder: {
      batchBytes: 268_435_456,
      batchFiles: 500,
      pollSeconds: 10,
      lookbackDays: 2,
      retention: "90d",
      onNewColumn: "add",
    },
    ddl: `CREATE TABLE staging.stg_${source}__${stream} (\n    id BIGINT,\n    updated_at TIMESTAMP WITH TIME ZONE,\n    line_items VARCHAR\n)`,
    lastBatches: batchesOf(summary).slice(0, 20),
    throughput: Array.from({ length: 24 }, (_, index) => {
      const files = index % 7 === 3 ? 0 : chance(90);
      const at = new Date(Math.floor(Date.now() / 3_600_000 - 23 + index) * 3_600_000).toISOString();
      return { at, files, rows: files * 412, bytes: files * 31_000, batches: Math.ceil(files / 40) };
    }),
  };
}

export function batchesOf({ source, stream }) {
  const chance = randomOf(stream.length * 13);
  return Array.from({ length: 130 }, (_, index) => {
    const files = chance(500) + 1;
    const at = index * 700;
    return {
      id: `batch-${index}`,
      source,
      stream,
      files,
      rows: files * 34,
      bytes: files * 26_400,
      quarantined: index === 3 ? 1 : 0,
      firstKey: `raw/${source}/${stream}/year=2026/month=11/day=20/1.parquet`,
      lastKey: `raw/${source}/${stream}/year=2026/month=11/day=21/${files}.parquet`,
      startedAt: ago(at + 9),
      committedAt: ago(at + 2),
      seconds: 0.3 + chance(160) / 10,
      run: `feeder/${source}/${stream}/${link("").runId}`,
    };
  });
}

export function filesOf({ source, stream }) {
  return Array.from({ length: 260 }, (_, index) => ({
    key: `raw/${source}/${stream}/year=2026/month=11/day=${10 + (index % 12)}/${index}.parquet`,
    etag: `"${(index * 7919).toString(16)}"`,
    size: 20_000 + index * 131,
    rows: 34 + index,
    batch: `batch-${Math.floor(index / 40)}`,
    state: index % 23 === 5 ? "removed" : "fed",
    fedAt: ago(index * 500),
  }));
}

const REASONS = [
  "column amount: value '12,50' is VARCHAR, and DECIMAL(18,2) cannot hold it",
  "truncated: it ends after 4,096 of 31,204 bytes; its footer is missing",
];

export const quarantined = Object.entries(QUARANTINE).flatMap(([name, count]) => {
  const [source, stream] = name.split("/");
  if (!streams.some((entry) => entry.source === source)) return [];
  return Array.from({ length: count }, (_, index) => ({
    source,
    stream,
    key: `raw/${name}/year=2026/month=11/day=21/2026_11_21_1732201337_${index}.parquet`,
    etag: `"e${index}"`,
    size: 31_204,
    reason: REASONS[index % 2],
    setAsideAt: ago(900 * (index + 1)),
  }));
});
