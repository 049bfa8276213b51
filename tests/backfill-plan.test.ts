import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cutChunks, filesOf, isWithin } from "../assets/backfill/chunks.ts";
import { nextChunks } from "../assets/backfill/next.ts";
import type { Chunk, ChunkState } from "../assets/backfill/record.ts";
import type { BackfillRequest } from "../assets/backfill/request.ts";
import { resolveTargets, whyWhole } from "../assets/backfill/targets.ts";
import type { WaitingFile } from "../sensors/batch-plan.ts";
import { dayOf, readPlace } from "../sensors/raw-layout.ts";
import { loadFiles, ORDERS } from "./support/project-fixture.ts";

const PREFIX = "raw/shop/orders/";

function file(day: number, number: number, size: number): WaitingFile {
  const date = new Date(Date.UTC(2020, 0, 1 + day)).toISOString().slice(0, 10);
  const [year, month, dayOfMonth] = date.split("-");
  const key = `${PREFIX}year=${year}/month=${month}/day=${dayOfMonth}/part_${number}.parquet`;
  const place = readPlace(PREFIX, key);
  if ("reason" in place) throw new Error(place.reason);
  return { key, etag: `${day}-${number}`, size, place };
}

const files = fc
  .uniqueArray(
    fc.record({
      day: fc.nat({ max: 3650 }),
      number: fc.nat({ max: 30 }),
      size: fc.integer({ min: 1, max: 300 }),
    }),
    { selector: ({ day, number }) => `${day}/${number}`, maxLength: 200 },
  )
  .map((entries) => entries.map(({ day, number, size }) => file(day, number, size)));

describe("chunks", () => {
  test("hold every file once, in feeding order, and no more than a batch, but for a file that is larger", () => {
    fc.assert(
      fc.property(
        files,
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 20 }),
        (all, bytes, count) => {
          const chunks = cutChunks(all, { batchBytes: bytes, batchFiles: count });
          const held = chunks.map(({ firstKey, lastKey }) => {
            const [first, last] = [readPlace(PREFIX, firstKey), readPlace(PREFIX, lastKey)];
            if ("reason" in first || "reason" in last) throw new Error("no place");
            return filesOf(all, first, last);
          });
          expect(
            held
              .flat()
              .map(({ key }) => key)
              .sort(),
          ).toEqual(all.map(({ key }) => key).sort());
          for (const [index, chunk] of chunks.entries()) {
            const inside = held[index] ?? [];
            expect(inside).toHaveLength(chunk.files);
            expect(inside.reduce((sum, { size }) => sum + size, 0)).toBe(chunk.bytes);
            expect(chunk.files).toBeLessThanOrEqual(count);
            if (chunk.files > 1) expect(chunk.bytes).toBeLessThanOrEqual(bytes);
            expect(chunk.from <= chunk.to).toBe(true);
            expect(chunk.to <= (chunks[index + 1]?.from ?? "9999")).toBe(true);
          }
        },
      ),
    );
  });

  test("ten years of days, a file each, make as many chunks as batches", () => {
    const all = Array.from({ length: 3653 }, (_, day) => file(day, 1, 1000));
    expect(cutChunks(all, { batchBytes: 500_000_000, batchFiles: 500 })).toHaveLength(8);
  });

  test("a range of days has both its ends", () => {
    const { place } = file(9, 1, 1);
    expect(dayOf(place)).toBe("2020-01-10");
    expect(isWithin(place, "2020-01-10", "2020-01-10")).toBe(true);
    expect(isWithin(place, null, "2020-01-09")).toBe(false);
    expect(isWithin(place, "2020-01-11", null)).toBe(false);
    expect(isWithin(place, null, null)).toBe(true);
  });
});

const PROJECT = {
  "dag/streams/shop/orders.json": ORDERS,
  "dag/streams/shop/clicks.json": { ...ORDERS, stream: "clicks", primary_key: [] },
  "dag/streams/shop/prices.json": {
    ...ORDERS,
    stream: "prices",
    sync_mode: "full_refresh",
    destination_sync_mode: "overwrite",
  },
  "enriched/sales/dim_orders.sql": "/* ---\nunique_key: id\n--- */ SELECT id, amount FROM int_shop__orders",
  "enriched/sales/fct_sum.sql": "SELECT sum(amount) AS amount FROM dim_orders",
};

const request = (part: Partial<BackfillRequest>): BackfillRequest => ({
  mode: "reprocess",
  streams: [],
  assets: [],
  downstreamOf: [],
  from: null,
  to: null,
  maxConcurrent: 2,
  ...part,
});

describe("what a request means", () => {
  test("streams, assets, and everything downstream of an asset", async () => {
    const project = await loadFiles(PROJECT);
    const names = (part: Partial<BackfillRequest>) => {
      const { streams, models, downstream } = resolveTargets(project, request(part));
      return [
        ...streams.map(({ processed }) => processed.asset),
        ...models.map(({ asset }) => asset),
        "→",
        ...downstream,
      ];
    };
    const orders = ["int_shop__orders", "→", "dim_orders", "fct_sum"];
    expect(names({ streams: ["shop/orders"] })).toEqual(orders);
    expect(names({ assets: ["int_shop__orders"] })).toEqual(orders);
    expect(names({ assets: ["feeder_shop_orders"] })).toEqual(orders);
    expect(names({ downstreamOf: ["feeder_shop_orders"] })).toEqual(orders);
    const all = ["int_shop__orders", "dim_orders", "fct_sum", "→"];
    expect(names({ mode: "rebuild", downstreamOf: ["feeder_shop_orders"] })).toEqual(all);
    expect(names({ mode: "rebuild", assets: ["dim_orders"] })).toEqual(["dim_orders", "→", "fct_sum"]);
    expect(names({ mode: "rebuild", streams: ["shop/clicks"] })).toEqual(["int_shop__clicks", "→"]);
  });

  test.each([
    [{}, "BACKFILL_REFUSED", /Nothing is named/],
    [{ streams: ["shop/none"] }, "NOT_FOUND", /shop\/orders/],
    [{ assets: ["dim_none"] }, "NOT_FOUND", /dim_orders/],
    [{ assets: ["dim_orders"] }, "BACKFILL_REFUSED", /no partition days/],
    [{ downstreamOf: ["dim_orders"] }, "BACKFILL_REFUSED", /No stream/],
    [{ mode: "refeed", streams: ["shop/clicks"] }, "BACKFILL_REFUSED", /count twice/],
    [{ mode: "refeed", streams: ["shop/prices"] }, "BACKFILL_REFUSED", /newest generation/],
  ] as const)("%j is refused: %s", async (part, code, message) => {
    const project = await loadFiles(PROJECT);
    const attempt = () => resolveTargets(project, request(part as Partial<BackfillRequest>));
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ code }));
  });
});

describe("which tables are made anew as a whole", () => {
  const days = { from: "2026-01-01", to: null };

  test.each([
    [{}, { orders: null, clicks: /no key/, prices: /newest generation/ }],
    [{ mode: "rebuild" }, { orders: null, clicks: null, prices: null }],
    [
      { mode: "rebuild", ...days },
      { orders: /whatever/, clicks: /whatever/, prices: /whatever/ },
    ],
    [{ mode: "refeed", ...days }, { orders: null }],
  ] as const)("%j", async (part, wanted: Record<string, RegExp | null>) => {
    const project = await loadFiles(PROJECT);
    for (const [name, reason] of Object.entries(wanted)) {
      const stream = project.streams.find((candidate) => candidate.stream === name);
      const why = stream && whyWhole(stream, request(part as Partial<BackfillRequest>));
      if (reason === null) expect(why, name).toBeNull();
      else expect(why, name).toMatch(reason);
    }
  });
});

describe("which chunks are next", () => {
  const piece = { firstKey: "a", lastKey: "b", from: "2026-01-01", to: "2026-01-01", files: 1, bytes: 1 };
  const chunk = (number: number, asset: string, state: ChunkState, whole = false): Chunk => ({
    number,
    asset,
    state,
    attempt: 0,
    files: whole ? null : piece,
  });

  test("one at a time of a table, and no more than may run at once", async () => {
    const project = await loadFiles(PROJECT);
    const chunks = [
      chunk(1, "int_shop__orders", "done"),
      chunk(2, "int_shop__orders", "waiting"),
      chunk(3, "int_shop__orders", "waiting"),
      chunk(4, "int_shop__clicks", "running"),
      chunk(5, "int_shop__clicks", "waiting"),
      chunk(6, "int_shop__prices", "waiting"),
    ];
    const numbers = (most: number) => nextChunks(project, chunks, most).map(({ number }) => number);
    expect(numbers(1)).toEqual([]);
    expect(numbers(2)).toEqual([2]);
    expect(numbers(9)).toEqual([2, 6]);
  });

  test("a table is rebuilt after what it reads, also where that has failed", async () => {
    const project = await loadFiles(PROJECT);
    const next = (orders: ChunkState, dimension: ChunkState) => {
      const chunks = [
        chunk(1, "int_shop__orders", orders, true),
        chunk(2, "dim_orders", dimension, true),
        chunk(3, "fct_sum", "waiting", true),
      ];
      return nextChunks(project, chunks, 9).map(({ number }) => number);
    };
    expect(next("waiting", "waiting")).toEqual([1]);
    expect(next("running", "waiting")).toEqual([]);
    expect(next("done", "waiting")).toEqual([2]);
    expect(next("done", "done")).toEqual([3]);
    expect(next("failed", "waiting")).toEqual([2]);
  });
});
