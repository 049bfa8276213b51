import { Random } from "./random.ts";

/** When the sample shop lives, and when each stream is synced. All times are milliseconds since 1970, UTC. */

export const sampleStreams = [
  "shopify/orders",
  "shopify/customers",
  "shopify/order_refunds",
  "klaviyo/profiles",
  "klaviyo/events",
] as const;
export type SampleStream = (typeof sampleStreams)[number];

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
export const firstDay = Date.UTC(2025, 0, 1);
export const sampleDays = 365;
export const sampleEnd = firstDay + sampleDays * dayMs;
/** After the sample year every stream is synced at this interval; one such round is a tick. */
export const tickMs = 6 * hourMs;

/** The day of a moment, counted from the shop's first. */
export function dayOf(time: number): number {
  return Math.floor((time - firstDay) / dayMs);
}

/** One sync of one stream: it brings what changed since the stream's sync before. */
export interface Sync {
  stream: SampleStream;
  /** Counts the stream's syncs from 0. */
  index: number;
  /** 0 during the sample year. */
  tick: number;
  /** What it reads is the state of this moment. */
  at: number;
  /** The moment in its files' names and folders: `at`, or a day and an hour earlier for one that finished late. */
  labelledAt: number;
  /** Its rows are cut into at least this many files. */
  parts: number;
}

/** Days between two syncs of a stream during the sample year. */
const everyDays: Record<SampleStream, number> = {
  "shopify/orders": 1,
  "shopify/customers": 4,
  "shopify/order_refunds": 3,
  "klaviyo/profiles": 6,
  "klaviyo/events": 3,
};

/** Sales are far above the others on these days of the year (counted from 0): a summer sale, Black Friday's week. */
export const peakDays: ReadonlySet<number> = new Set([195, 196, 331, 332, 333, 334]);

/** The syncs of the sample year and, after it, of `ticks`; each stream's are in the order of time. */
export class SyncCalendar {
  readonly #year: Record<SampleStream, Sync[]>;

  constructor(seed: number) {
    this.#year = Object.fromEntries(
      sampleStreams.map((stream) => [stream, syncsOfYear(seed, stream)]),
    ) as Record<SampleStream, Sync[]>;
  }

  /** The stream's first sync that sees something that happened at `time`. */
  firstAfter(stream: SampleStream, time: number): Sync {
    const year = this.#year[stream];
    const last = year.at(-1) as Sync;
    if (time > last.at) return this.tick(stream, Math.max(1, Math.ceil((time - sampleEnd) / tickMs)));
    let [low, high] = [0, year.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((year[middle] as Sync).at >= time) high = middle;
      else low = middle + 1;
    }
    return year[low] as Sync;
  }

  /** The stream's last sync before the end of the year, or of the given tick. */
  lastUpTo(stream: SampleStream, ticks: number): Sync {
    return ticks === 0 ? (this.#year[stream].at(-1) as Sync) : this.tick(stream, ticks);
  }

  /** All syncs that read on a day, in the order of time. */
  onDay(day: number): Sync[] {
    const start = firstDay + day * dayMs;
    const found = sampleStreams.flatMap((stream) => {
      const syncs: Sync[] = [];
      for (let sync = this.firstAfter(stream, start); sync.at < start + dayMs; sync = this.#after(sync)) {
        syncs.push(sync);
      }
      return syncs;
    });
    return found.sort((one, other) => one.at - other.at);
  }

  /** The sync of a stream in a tick; ticks count from 1. */
  tick(stream: SampleStream, tick: number): Sync {
    const at = sampleEnd + tick * tickMs;
    // Every fifth tick one file turns up late, in the folder of the day before.
    const late = stream === "shopify/orders" && tick % 5 === 0;
    const labelledAt = late ? at - dayMs - hourMs : at;
    return { stream, index: this.#year[stream].length + tick - 1, tick, at, labelledAt, parts: 1 };
  }

  #after(sync: Sync): Sync {
    const year = this.#year[sync.stream];
    return year[sync.index + 1] ?? this.tick(sync.stream, sync.index + 2 - year.length);
  }
}

function syncsOfYear(seed: number, stream: SampleStream): Sync[] {
  const number = sampleStreams.indexOf(stream);
  const syncs: Sync[] = [];
  for (let day = 0; day < sampleDays; day++) {
    if ((day + number) % everyDays[stream] !== 0) continue;
    const random = new Random(seed, 1, number, day);
    // Orders are synced three times on Mondays, when the support team works through the weekend.
    const hours = stream === "shopify/orders" && day % 7 === 5 ? [2, 10, 18] : [2];
    for (const hour of hours) {
      const at = firstDay + day * dayMs + (hour + number) * hourMs + random.below(1800) * 1000;
      const parts = peakDays.has(day - 1) && stream === "shopify/orders" && hour === 2 ? 12 : 1;
      syncs.push({ stream, index: syncs.length, tick: 0, at, labelledAt: at, parts });
    }
  }
  return syncs;
}
