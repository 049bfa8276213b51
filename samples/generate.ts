import { setTimeout as sleep } from "node:timers/promises";
import { type SampleStream, sampleStreams } from "./calendar.ts";
import { emissions } from "./emissions.ts";
import { rawFiles } from "./files.ts";
import { ParquetWriter } from "./parquet.ts";
import { type SampleSize, Shop } from "./shop.ts";

/** Stores one object; may be called up to 16 times at once. */
export type Put = (key: string, body: Uint8Array) => Promise<void>;

export interface SampleSummary {
  seed: number;
  size: SampleSize;
  files: number;
  rows: number;
  bytes: number;
  streams: Record<SampleStream, { files: number; rows: number }>;
}

export interface TickSummary {
  /** Counts from 1. */
  tick: number;
  keys: string[];
  rows: number;
}

/**
 * Puts a year of raw files of the default project's five streams. The same seed and size put the same bytes under
 * the same keys. `report` gets a line now and then. @throws what `put` throws; what was put stays.
 */
export async function generateSample(options: {
  seed: number;
  size: SampleSize;
  put: Put;
  report?: (line: string) => void;
}): Promise<SampleSummary> {
  const { seed, size, report } = options;
  const streams = Object.fromEntries(
    sampleStreams.map((stream) => [stream, { files: 0, rows: 0 }]),
  ) as SampleSummary["streams"];
  const writer = await ParquetWriter.open(options.put);
  let [files, rows, month] = [0, 0, ""];
  try {
    for (const emission of emissions(new Shop(seed, size))) {
      if (emission.sync.tick > 0) break;
      const reached = new Date(emission.sync.at).toISOString().slice(0, 7);
      if (reached !== month) report?.(`sample data: ${reached}, ${files} files, ${rows} rows so far`);
      month = reached;
      for (const file of rawFiles(seed, emission)) {
        streams[file.stream].files++;
        streams[file.stream].rows += file.rows.length;
        files++;
        rows += file.rows.length;
        await writer.write(file);
      }
    }
    await writer.flush();
    return { seed, size, files, rows, bytes: writer.bytes, streams };
  } finally {
    await writer.close();
  }
}

/**
 * Goes on where the sample year ends: each round puts the next six hours of the shop's life (new orders, updates,
 * refunds) and says what it put. `after` is the last tick that was put before, 0 for none.
 */
export async function* ticks(options: {
  seed: number;
  size: SampleSize;
  put: Put;
  after?: number;
}): AsyncGenerator<TickSummary> {
  const writer = await ParquetWriter.open(options.put);
  try {
    let round: TickSummary = { tick: 0, keys: [], rows: 0 };
    let left = sampleStreams.length;
    for (const emission of emissions(new Shop(options.seed, options.size))) {
      const { tick } = emission.sync;
      if (tick <= (options.after ?? 0)) continue;
      round.tick = tick;
      for (const file of rawFiles(options.seed, emission)) {
        round.keys.push(file.key);
        round.rows += file.rows.length;
        await writer.write(file);
      }
      if (--left > 0) continue;
      await writer.flush();
      yield round;
      round = { tick: 0, keys: [], rows: 0 };
      left = sampleStreams.length;
    }
  } finally {
    await writer.close();
  }
}

/**
 * Puts a tick every `intervalMs` until the signal is aborted, and tells `report` of each.
 * @throws what `put` throws.
 */
export async function trickle(options: {
  seed: number;
  size: SampleSize;
  put: Put;
  intervalMs: number;
  signal: AbortSignal;
  after?: number;
  report?: (tick: TickSummary) => void;
}): Promise<void> {
  if (options.signal.aborted) return;
  for await (const tick of ticks(options)) {
    options.report?.(tick);
    try {
      await sleep(options.intervalMs, undefined, { signal: options.signal });
    } catch {
      return;
    }
  }
}
