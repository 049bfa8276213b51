import fc from "fast-check";
import { expect, test } from "vitest";
import { Recent } from "../common/recent.ts";

test("what was not asked for longest goes first", () => {
  const gone: number[] = [];
  const recent = new Recent<string, number>(2, { forgotten: (value) => gone.push(value) });
  recent.set("a", 1);
  recent.set("b", 2);
  expect(recent.get("a")).toBe(1);
  recent.set("c", 3);
  expect(gone).toEqual([2]);
  expect([recent.get("a"), recent.get("b"), recent.get("c")]).toEqual([1, undefined, 3]);
  recent.set("a", 4);
  expect(gone).toEqual([2, 1]);
  recent.clear();
  expect(gone).toEqual([2, 1, 3, 4]);
});

test("it never weighs more than it may, and tells of each value that goes once", () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 9 }), weight: fc.integer({ min: 0, max: 60 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const held = new Set<{ weight: number }>();
      const recent = new Recent<number, { weight: number }>(100, {
        weigh: ({ weight }) => weight,
        forgotten: (value) => expect(held.delete(value)).toBe(true),
      });
      for (const { key, weight } of steps) {
        const value = { weight };
        held.add(value);
        recent.set(key, value);
        expect(recent.get(key)).toBe(value);
        expect([...held].reduce((sum, { weight }) => sum + weight, 0)).toBeLessThanOrEqual(100);
      }
      recent.clear();
      expect(held.size).toBe(0);
    }),
  );
  const recent = new Recent<string, number>(10, { weigh: (value) => value });
  recent.set("small", 1);
  recent.set("heavy", 11);
  expect(recent.get("heavy")).toBeUndefined();
});
