import { Random } from "../samples/random.ts";

/** What lands: drawn from the seed alone, never from what the lake does with it. */

export const STREAMS = ["orders", "refunds", "clicks", "prices", "visits", "notes"] as const;

export type StreamName = (typeof STREAMS)[number];

export type Row = Record<string, string | number | null>;

/** Something that happens under a stream's prefix. */
export type Landing = {
  stream: StreamName;
  key: string;
} /** `swell`: how often each text of it is repeated. */ & (
  | { kind: "file"; rows: Row[]; swell: number }
  /** Other rows under a key that has been put before, whether it has been fed since or not. */
  | { kind: "overwrite"; rows: Row[] }
  /** A file that breaks off: `keep` is the share of its bytes that are there. */
  | { kind: "broken"; rows: Row[]; keep: number }
  /** The same bytes as under another key. */
  | { kind: "twin"; of: string }
  | { kind: "delete" }
);

const PAGES = Array.from({ length: 30 }, (_, index) => `/page/${index}`);
const CUSTOMERS = 40;
const NOTES = 200;
const DAY_MS = 86_400_000;
const FIRST_DAY = Date.UTC(2025, 2, 1);

/** Columns that some files of a stream bring beyond those that it declares. */
export const UNDECLARED: Partial<Record<StreamName, { name: string; type: string }[]>> = {
  orders: [{ name: "coupon", type: "VARCHAR" }],
};

/** Streams whose fed objects are deleted or spoilt at times. The others keep a complete landing, for rebuilds from it. */
const LOSES: ReadonlySet<StreamName> = new Set(["refunds", "visits"]);

/** Kinds of draws, so that one more of one kind does not shift the others. */
const LOAD = 1;

/** A shop whose rows change: orders and refunds with old and new keys, clicks, price lists, visits. */
export class Shop {
  readonly #seed: number;
  /** Order id → its last version's time, ms. */
  readonly #orders: number[] = [];
  readonly #refunds: { order: number; at: number }[] = [];
  #clock = FIRST_DAY;
  #generation = 0;
  #files = 0;
  /** Key → the rows that were first put under it, where no other file has them. */
  readonly #written = new Map<string, Row[]>();
  /** Stream → the keys under which something lies. */
  readonly #keys = new Map<StreamName, Set<string>>();
  /** Stream → the keys whose objects were deleted. */
  readonly #gone = new Map<StreamName, Set<string>>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  /**
   * What lands in a round, in order. `size`: about how many files each stream gets; `heavy`: with files that take much
   * more memory than the others, first of all.
   */
  round(round: number, size: number, heavy: boolean): Landing[] {
    const random = new Random(this.#seed, LOAD, round);
    this.#clock = Math.max(this.#clock, FIRST_DAY + round * DAY_MS);
    const files: Landing[] = [];
    for (const stream of ["orders", "refunds", "clicks", "visits"] as const) {
      const count = random.between(Math.ceil(size / 2), size + Math.ceil(size / 2));
      for (let file = 0; file < count; file += 1) files.push(this.#file(random, stream, round));
    }
    for (let generations = random.between(1, 2); generations > 0; generations -= 1) {
      this.#generation += 1;
      const count = random.between(2, 6);
      for (let file = 0; file < count; file += 1) files.push(this.#file(random, "prices", round));
    }
    const landings = [...(heavy ? this.#heavy(random, round) : []), ...shuffled(random, files)];
    for (let mishaps = random.between(2, 6); mishaps > 0; mishaps -= 1) this.#mishap(random, landings);
    for (const { stream, key, kind } of landings) {
      const keys = this.#keys.get(stream) ?? new Set();
      const gone = this.#gone.get(stream) ?? new Set();
      (kind === "delete" ? gone : keys).add(key);
      (kind === "delete" ? keys : gone).delete(key);
      this.#keys.set(stream, keys);
      this.#gone.set(stream, gone);
    }
    return landings;
  }

  /** A batch of notes, 80 MB when it is read, and little as files. */
  #heavy(random: Random, round: number): Landing[] {
    return Array.from({ length: 10 }, () => {
      this.#files += 1;
      const rows = Array.from({ length: NOTES }, (_, id) => ({
        id,
        updated_at: time(this.#tick(random)),
        text: `note ${random.below(1_000_000)} `,
        ...this.#airbyte(random, this.#clock, 0),
      }));
      const key = keyOf(random, "notes", round, this.#files);
      return { kind: "file", stream: "notes", key, rows, swell: 3_000 };
    });
  }

  /** Something that a tidy source does not do, to a key of this round or of an earlier one, put in at some place. */
  #mishap(random: Random, landings: Landing[]): void {
    const own = random.chance(0.5);
    const place = own ? random.between(1, landings.length) : random.below(landings.length + 1);
    const touched = new Set(landings.map((landing) => landing.key));
    const earlier = own
      ? landings.slice(0, place).filter((landing) => landing.kind === "file" || landing.kind === "broken")
      : [...this.#keys].flatMap(([stream, keys]) => [...keys].map((key) => ({ stream, key })));
    const candidates = own ? earlier : earlier.filter(({ key }) => !touched.has(key));
    if (candidates.length === 0) return;
    const { stream, key } = random.pick(candidates);
    const next = this.#change(random, stream, key);
    // After the landing of the key, and as the last word on it.
    if (landings.slice(place).some((landing) => landing.key === key)) return;
    landings.splice(place, 0, next);
  }

  #change(random: Random, stream: StreamName, key: string): Landing {
    const rows = this.#overwriting(random, stream, key);
    if (!LOSES.has(stream) || random.chance(0.4)) return { kind: "overwrite", stream, key, rows };
    if (random.chance(0.3)) return { kind: "broken", stream, key, rows, keep: random.next() };
    return { kind: "delete", stream, key };
  }

  /** Other rows, or the same rows with other values: equal versions that differ. */
  #overwriting(random: Random, stream: StreamName, key: string): Row[] {
    const known = this.#written.get(key);
    const measure = {
      orders: "cents",
      refunds: "cents",
      clicks: "page",
      prices: "cents",
      visits: "seconds",
      notes: "text",
    }[stream];
    if (!known || random.chance(0.5)) return this.#rows(random, stream);
    return known.map((row) => ({
      ...row,
      [measure]: measure === "page" || measure === "text" ? random.pick(PAGES) : random.between(1, 50_000),
    }));
  }

  #file(random: Random, stream: StreamName, round: number): Landing {
    this.#files += 1;
    const key = keyOf(random, stream, round, this.#files);
    const kind = random.next();
    const gone = [...(this.#gone.get(stream) ?? [])];
    if (kind > 0.93 && kind <= 0.97 && gone.length > 0) {
      const back = random.pick(gone);
      return { kind: "twin", stream, key: back, of: back };
    }
    const twins = [...(this.#keys.get(stream) ?? [])];
    if (kind < 0.03 && twins.length > 0) {
      const of = random.pick(twins);
      // Two files with equal versions that differ: nothing says which of them is right.
      this.#written.delete(of);
      return { kind: "twin", stream, key, of };
    }
    const rows = kind > 0.97 ? [] : this.#rows(random, stream);
    if (kind < 0.07 && rows.length > 0) return { kind: "broken", stream, key, rows, keep: random.next() };
    this.#written.set(key, rows);
    return { kind: "file", stream, key, rows, swell: 1 };
  }

  #rows(random: Random, stream: StreamName): Row[] {
    const rows: Row[] = [];
    const extracted = this.#tick(random);
    // A delivery that is still on its way when the next generation begins.
    const generation = stream === "prices" && random.chance(0.1) ? this.#generation - 1 : this.#generation;
    // A column that the source has from some day on, and does not send with every file.
    const coupon = stream === "orders" && random.chance(0.3);
    for (let count = random.between(1, 30); count > 0; count -= 1) {
      rows.push({
        ...this.#row(random, stream),
        ...(coupon ? { coupon: random.chance(0.5) ? `C${random.below(10)}` : null } : {}),
        ...this.#airbyte(random, extracted, stream === "prices" ? generation : 0),
      });
    }
    return rows;
  }

  /** What Airbyte writes into every row. */
  #airbyte(random: Random, extracted: number, generation: number): Row {
    return {
      _airbyte_raw_id: random.uuid(),
      _airbyte_extracted_at: time(extracted),
      _airbyte_meta: "{}",
      _airbyte_generation_id: generation,
    };
  }

  #row(random: Random, stream: StreamName): Row {
    switch (stream) {
      case "orders":
        return this.#order(random);
      case "refunds":
        return this.#refund(random);
      case "clicks":
        return {
          clicked_at: time(this.#tick(random)),
          customer: random.below(CUSTOMERS),
          page: random.pick(PAGES),
        };
      case "prices":
        return { page: random.pick(PAGES), cents: random.between(1, 10_000) };
      case "notes":
        return {
          id: random.below(NOTES),
          updated_at: time(this.#version(random, this.#clock)),
          text: `note ${random.below(1_000_000)}`,
        };
      case "visits":
        return {
          customer: random.below(CUSTOMERS),
          page: random.pick(PAGES),
          seen_at: time(this.#version(random, this.#clock)),
          seconds: random.between(1, 600),
        };
    }
  }

  #order(random: Random): Row {
    const known = this.#orders.length > 0 && random.chance(0.5);
    const id = known ? random.below(this.#orders.length) : this.#orders.length;
    const at = this.#version(random, this.#orders[id] ?? this.#clock);
    this.#orders[id] = at;
    return {
      id,
      updated_at: time(at),
      customer: random.below(CUSTOMERS),
      cents: random.between(100, 50_000),
      status: random.pick(["open", "paid", "sent", "cancelled"]),
    };
  }

  #refund(random: Random): Row {
    const known = this.#refunds.length > 0 && random.chance(0.4);
    const id = known ? random.below(this.#refunds.length) : this.#refunds.length;
    const order = this.#refunds[id]?.order ?? random.below(Math.max(1, this.#orders.length));
    const at = this.#version(random, this.#refunds[id]?.at ?? this.#clock);
    this.#refunds[id] = { order, at };
    return {
      id,
      updated_at: time(at),
      order_id: order,
      cents: random.between(1, 5_000),
      _ab_cdc_deleted_at: known && random.chance(0.3) ? time(at) : null,
    };
  }

  /** A version's time: mostly the newest of all, at times the same as the row's last one, at times an older one. */
  #version(random: Random, last: number): number {
    const kind = random.next();
    if (kind < 0.1) return last;
    if (kind < 0.2) return last - random.between(1, 100_000);
    return this.#tick(random);
  }

  #tick(random: Random): number {
    this.#clock += random.between(1, 50);
    return this.#clock;
  }
}

/** Mostly today; at times the day before, and at times so old that no look-back reaches it. */
function keyOf(random: Random, stream: StreamName, round: number, number: number): string {
  const kind = random.next();
  const late = kind < 0.05 ? random.between(5, 40) : kind < 0.2 ? 1 : 0;
  const [year, month, day] = new Date(FIRST_DAY + (round - late) * DAY_MS)
    .toISOString()
    .slice(0, 10)
    .split("-");
  return `raw/shop/${stream}/year=${year}/month=${month}/day=${day}/part_${number}.parquet`;
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const left = [...items];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(random.below(left.length), 1));
  return order;
}
