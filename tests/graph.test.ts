import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { downstreamOf, type Graph, orderGraph, upstreamOf } from "../assets/graph.ts";

const graphOf = (edges: Record<string, string[]>): Graph => new Map(Object.entries(edges));

/** Graphs of up to 12 nodes, with cycles, self references and references to nothing. */
const anyGraph = fc.integer({ min: 0, max: 12 }).chain((size) => {
  const keys = Array.from({ length: size }, (_, index) => `n${index}`);
  const upstream = fc.array(fc.constantFrom(...keys, "missing"), { maxLength: 4 });
  return fc
    .array(upstream, { minLength: size, maxLength: size })
    .map((lists): Graph => new Map(keys.map((key, index) => [key, lists[index] ?? []])));
});

/** Whether `to` is reached from `from` over one or more edges: the plain definition, to compare with. */
function reaches(graph: Graph, from: string, to: string): boolean {
  const seen = new Set<string>();
  const visit = (key: string): boolean =>
    (graph.get(key) ?? []).some((next) => {
      if (!graph.has(next)) return false;
      if (next === to) return true;
      if (seen.has(next)) return false;
      seen.add(next);
      return visit(next);
    });
  return visit(from);
}

describe("orderGraph", () => {
  test("puts upstream first and, where that leaves it open, goes by name", () => {
    const graph = graphOf({ d: ["b", "c"], c: ["a"], b: ["a"], a: [], e: [] });
    expect(orderGraph(graph)).toEqual({ order: ["a", "e", "b", "c", "d"], cycles: [], blocked: [] });
  });

  test("shows a cycle as a walk, and what hangs behind it as blocked", () => {
    const graph = graphOf({ z: ["y"], y: ["x"], x: ["z"], behind: ["y", "free"], free: [] });
    expect(orderGraph(graph)).toEqual({
      order: ["free"],
      cycles: [["x", "z", "y", "x"]],
      blocked: ["behind"],
    });
  });

  test("takes a self reference for a cycle", () => {
    expect(orderGraph(graphOf({ a: ["a"] })).cycles).toEqual([["a", "a"]]);
  });

  test("manages a chain of 20,000 without running out of stack", () => {
    const graph: Graph = new Map(
      Array.from({ length: 20_000 }, (_, index) => [`n${index}`, index === 0 ? [] : [`n${index - 1}`]]),
    );
    expect(orderGraph(graph).order).toHaveLength(20_000);
  });

  test("property: every node is in exactly one place, and the order respects every edge", () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const { order, cycles, blocked } = orderGraph(graph);
        const onCycles = cycles.flatMap((cycle) => cycle.slice(0, -1));
        expect([...order, ...onCycles, ...blocked].sort()).toEqual([...graph.keys()].sort());
        const place = new Map(order.map((key, index) => [key, index]));
        for (const key of order) {
          for (const name of graph.get(key) ?? []) {
            if (graph.has(name)) expect(place.get(name)).toBeLessThan(place.get(key) as number);
          }
        }
      }),
    );
  });

  test("property: what is left out of the order is exactly what reaches a cycle", () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const { order } = orderGraph(graph);
        for (const key of graph.keys()) {
          const cyclic = [...graph.keys()].some(
            (other) => reaches(graph, other, other) && (key === other || reaches(graph, key, other)),
          );
          expect(order.includes(key)).toBe(!cyclic);
        }
      }),
    );
  });

  test("property: each cycle is a walk along real edges that visits nothing twice", () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        for (const cycle of orderGraph(graph).cycles) {
          expect(cycle.at(-1)).toBe(cycle[0]);
          expect(new Set(cycle).size).toBe(cycle.length - 1);
          cycle.slice(1).forEach((next, index) => {
            expect(graph.get(cycle[index] as string)).toContain(next);
          });
        }
      }),
    );
  });
});

describe("closures", () => {
  const graph = graphOf({ a: [], b: ["a"], c: ["b"], d: ["b"], e: [] });

  test("by example", () => {
    expect(upstreamOf(graph, ["c"])).toEqual(["a", "b"]);
    expect(downstreamOf(graph, ["a"])).toEqual(["b", "c", "d"]);
    expect(downstreamOf(graph, ["c", "e"])).toEqual([]);
  });

  test("property: each holds exactly what is reached", () => {
    fc.assert(
      fc.property(anyGraph, (random) => {
        for (const key of random.keys()) {
          const expected = [...random.keys()].filter((other) => reaches(random, key, other)).sort();
          expect(upstreamOf(random, [key])).toEqual(expected);
          const readers = [...random.keys()].filter((other) => reaches(random, other, key)).sort();
          expect(downstreamOf(random, [key])).toEqual(readers);
        }
      }),
    );
  });
});
