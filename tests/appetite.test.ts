import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Appetite } from "../sensors/appetite.ts";
import type { WaitingFile } from "../sensors/batch-plan.ts";
import { type BatchLimits, nextBatchLength } from "../sensors/batch-plan.ts";

const usual: BatchLimits = { batchFiles: 500, batchBytes: 500_000_000 };

function file(size: number, index = 0): WaitingFile {
  const place = { year: 2026, month: 1, day: 1, file: `${index}.parquet` };
  return { key: `raw/${index}.parquet`, etag: "e", size, place } as unknown as WaitingFile;
}

/** Plans as the feeder does. @returns how many of the files the batch takes. */
function plan(appetite: Appetite, waiting: readonly WaitingFile[], limits = usual): number {
  const length = nextBatchLength(waiting, appetite.limits(limits));
  appetite.take(waiting.slice(0, length));
  return length;
}

describe("a batch that runs out of memory", () => {
  test("is halved down to one file, then cut into parts, then given up", () => {
    const appetite = new Appetite();
    const waiting = Array.from({ length: 8 }, (_, index) => file(1000, index));
    const seen: [number, number][] = [];
    do seen.push([plan(appetite, waiting), appetite.parts]);
    while (appetite.shrink(true));
    expect(seen).toEqual([
      [8, 1],
      [4, 1],
      [2, 1],
      [1, 1],
      [1, 4],
      [1, 16],
      [1, 64],
    ]);
    expect(appetite.isSmallest(true)).toBe(true);
  });

  test("rows without a key cannot be cut, but are tried once with all other thrift", () => {
    const appetite = new Appetite();
    plan(appetite, [file(1000)]);
    expect(appetite.shrink(false)).toBe(true);
    plan(appetite, [file(1000)]);
    expect(appetite.parts).toBeGreaterThan(1);
    expect(appetite.shrink(false)).toBe(false);
  });

  test("property: ends whatever the sizes, and always takes fewer bytes or more parts", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(2_000_000_000), { minLength: 1, maxLength: 600 }),
        fc.boolean(),
        (sizes, divisible) => {
          const appetite = new Appetite();
          const waiting = sizes.map(file);
          let before = [Number.POSITIVE_INFINITY, 0];
          for (let tries = 0; ; tries += 1) {
            const length = plan(appetite, waiting);
            expect(length).toBeGreaterThan(0);
            const now = [length, appetite.parts] as const;
            expect(now[0] < (before[0] ?? 0) || now[1] > (before[1] ?? 0), `${before} ${now}`).toBe(true);
            before = [...now];
            if (!appetite.shrink(divisible)) break;
            expect(tries).toBeLessThan(650);
          }
        },
      ),
      { examples: [[[0, 0], true]] },
    );
  });
});

describe("afterwards", () => {
  test("the smaller size stays for a while, and grows back", () => {
    const appetite = new Appetite();
    const waiting = Array.from({ length: 400 }, (_, index) => file(1_000_000, index));
    plan(appetite, waiting);
    appetite.shrink(true);
    const lengths = Array.from({ length: 6 }, () => {
      const length = plan(appetite, waiting);
      appetite.grow();
      return length;
    });
    expect(lengths).toEqual([200, 200, 200, 200, 400, 400]);
  });

  test("growing too early is paid for with more patience", () => {
    const appetite = new Appetite();
    const waiting = Array.from({ length: 400 }, (_, index) => file(1_000_000, index));
    let failures = 0;
    for (let batch = 0; batch < 400; batch += 1) {
      // More than 150 files never go well.
      while (plan(appetite, waiting) > 150) {
        failures += 1;
        expect(appetite.shrink(true)).toBe(true);
      }
      appetite.grow();
    }
    expect(failures).toBeLessThan(16);
  });

  test("what is much smaller than the file that had to be cut is not cut", () => {
    const appetite = new Appetite();
    plan(appetite, [file(100_000_000)]);
    appetite.shrink(true);
    plan(appetite, [file(100_000_000)]);
    expect(appetite.parts).toBe(4);
    expect(plan(appetite, [file(1000), file(1000), file(1000)])).toBe(3);
    expect(appetite.parts).toBe(1);
    plan(appetite, [file(90_000_000)]);
    expect(appetite.parts).toBe(4);
  });

  test("property: after enough that goes well, everything is as at first", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 2_000_000_000 }), { minLength: 1, maxLength: 600 }),
        fc.nat(12),
        (sizes, failures) => {
          const [appetite, waiting] = [new Appetite(), sizes.map(file)];
          for (let count = 0; count < failures; count += 1) {
            plan(appetite, waiting);
            appetite.shrink(true);
          }
          for (let count = 0; count < 400; count += 1) {
            plan(appetite, waiting);
            appetite.grow();
          }
          expect(plan(appetite, waiting)).toBe(nextBatchLength(waiting, usual));
          expect(appetite.parts).toBe(1);
          expect(appetite.limits(usual)).toEqual(usual);
        },
      ),
    );
  });
});
