import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inFeedingOrder, nextBatchLength, type WaitingFile } from "../sensors/batch-plan.ts";

function file(name: string, size = 1, day = 1): WaitingFile {
  return { key: `k/${day}/${name}`, etag: "e", size, place: { year: 2026, month: 1, day, file: name } };
}

function sizes(...list: number[]): WaitingFile[] {
  return list.map((size, index) => file(`${index}.parquet`, size));
}

describe("the next batch", () => {
  test.each([
    ["nothing waits", sizes(), 100, 10, 0],
    ["files bound it", sizes(1, 1, 1, 1), 100, 3, 3],
    ["bytes bound it", sizes(40, 40, 40), 100, 10, 2],
    ["bytes may be reached, not passed", sizes(50, 50, 1), 100, 10, 2],
    ["a file larger than the limit is alone", sizes(500, 1), 100, 10, 1],
    ["and leaves the one before it alone", sizes(1, 500, 1), 100, 10, 1],
    ["files of 0 bytes count as files", sizes(0, 0, 0), 1, 2, 2],
    ["always one", sizes(7), 1, 1, 1],
  ])("%s", (_, files, batchBytes, batchFiles, length) => {
    expect(nextBatchLength(files, { batchBytes, batchFiles })).toBe(length);
  });

  test("batch after batch is every file once, in order, within both limits, and no batch could take one more", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1000), { maxLength: 200 }),
        fc.integer({ min: 1, max: 3000 }),
        fc.integer({ min: 1, max: 50 }),
        (list, batchBytes, batchFiles) => {
          const files = sizes(...list);
          const batches: WaitingFile[][] = [];
          for (let rest = files; rest.length > 0; ) {
            const length = nextBatchLength(rest, { batchBytes, batchFiles });
            expect(length).toBeGreaterThan(0);
            batches.push(rest.slice(0, length));
            rest = rest.slice(length);
          }
          expect(batches.flat()).toEqual(files);
          for (const [index, batch] of batches.entries()) {
            const bytes = total(batch);
            expect(batch.length).toBeLessThanOrEqual(batchFiles);
            if (batch.length > 1) expect(bytes).toBeLessThanOrEqual(batchBytes);
            const following = batches[index + 1]?.[0];
            if (following)
              expect(batch.length === batchFiles || bytes + following.size > batchBytes).toBe(true);
          }
        },
      ),
    );
  });
});

function total(files: WaitingFile[]): number {
  return files.reduce((bytes, { size }) => bytes + size, 0);
}

describe("feeding order", () => {
  test("by day, then by name with numbers as numbers", () => {
    const wanted = [
      file("z.parquet", 1, 1),
      file("2026_01_02_1767312000000_0.parquet", 1, 2),
      file("2026_01_02_1767312000000_9.parquet", 1, 2),
      file("2026_01_02_1767312000000_10.parquet", 1, 2),
      file("2026_01_02_1767312000001_0.parquet", 1, 2),
      file("a.parquet", 1, 10),
    ];
    expect(inFeedingOrder([...wanted].reverse())).toEqual(wanted);
  });

  test("numbers of any length and with leading zeros", () => {
    const names = ["f_007", "f_07", "f_7", "f_8", "f_99999999999999999998", "f_99999999999999999999", "g"];
    expect(inFeedingOrder(names.map((name) => file(name)).reverse()).map(({ place }) => place.file)).toEqual(
      names,
    );
  });

  test("is a total order: the same whatever the order of arrival, and a sorted list stays", () => {
    const name = fc.stringMatching(/^[a-c0-2_]{1,6}$/);
    const waiting = fc.uniqueArray(fc.tuple(name, fc.integer({ min: 1, max: 3 })), {
      selector: ([text, day]) => `${day}/${text}`,
      maxLength: 20,
    });
    fc.assert(
      fc.property(
        waiting.chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
        ),
        ([list, shuffled]) => {
          const make = ([text, day]: [string, number]) => file(text, 1, day);
          const sorted = inFeedingOrder(list.map(make));
          expect(inFeedingOrder(shuffled.map(make))).toEqual(sorted);
          expect(inFeedingOrder(sorted)).toEqual(sorted);
        },
      ),
    );
  });
});
