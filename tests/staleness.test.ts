import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EnrichedModel, ProcessedModel } from "../assets/definitions.ts";
import { oldestRead, processedCodeChanged, readyModels, whyStale } from "../assets/staleness.ts";

function model(asset: string, upstream: string[], onCodeChange?: "keep"): EnrichedModel {
  return {
    asset,
    domain: "test",
    sql: "",
    file: `enriched/test/${asset}.sql`,
    head: onCodeChange ? { on_code_change: onCodeChange } : {},
    uniqueKey: [],
    redoBy: [],
    changes: {},
    upstream,
    upstreamColumns: {},
    columns: [],
    codeHash: "now",
    upkeep: { mode: "rebuild", reasons: [] },
  };
}

/** What was recorded of an asset, as a map of one. */
function recorded(asset: string, upstreamSnapshots: Record<string, number>, codeHash = "now") {
  return new Map([[asset, { asset, upstreamSnapshots, codeHash, epoch: 1 }]]);
}

describe("whyStale", () => {
  const sales = model("fct_sales", ["int_orders", "int_refunds"]);
  const read = { int_orders: 7, int_refunds: 7 };

  test("a table that was never made", () => {
    expect(whyStale(sales, { last: new Map(), changes: new Map() })).toBe("never materialized");
  });

  test("a change after the snapshot that was read, and only such a one", () => {
    const last = recorded("fct_sales", read);
    expect(whyStale(sales, { last, changes: new Map() })).toBeNull();
    expect(whyStale(sales, { last, changes: new Map([["int_refunds", 7]]) })).toBeNull();
    expect(whyStale(sales, { last, changes: new Map([["int_other", 9]]) })).toBeNull();
    expect(whyStale(sales, { last, changes: new Map([["int_refunds", 8]]) })).toBe("int_refunds changed");
  });

  test("other code, unless the model says keep", () => {
    const last = recorded("fct_sales", read, "then");
    expect(whyStale(sales, { last, changes: new Map() })).toBe("the model changed");
    expect(whyStale(model("fct_sales", sales.upstream, "keep"), { last, changes: new Map() })).toBeNull();
  });

  test("an upstream that was not read before", () => {
    const last = recorded("fct_sales", { int_orders: 7 });
    expect(whyStale(sales, { last, changes: new Map() })).toBe("int_refunds was not read before");
  });
});

test("a processed table is made by other code only once it is recorded, and never with keep", () => {
  const processed: ProcessedModel = {
    asset: "int_orders",
    sql: "",
    file: null,
    head: {},
    uniqueKey: [],
    columns: [],
    codeHash: "now",
  };
  const observed = (hash: string) => ({ last: recorded("int_orders", {}, hash), changes: new Map() });
  expect(processedCodeChanged(processed, { last: new Map(), changes: new Map() })).toBe(false);
  expect(processedCodeChanged(processed, observed("now"))).toBe(false);
  expect(processedCodeChanged(processed, observed("then"))).toBe(true);
  const kept = { ...processed, head: { on_code_change: "keep" as const } };
  expect(processedCodeChanged(kept, observed("then"))).toBe(false);
});

test("changes are looked for from the oldest snapshot that a model read", () => {
  const models = [model("fct_a", ["int_a", "int_b"]), model("fct_b", ["int_c"]), model("fct_c", [])];
  expect(oldestRead(models, new Map())).toBe(0);
  const last = new Map([...recorded("fct_a", { int_a: 9, int_b: 5 }), ...recorded("fct_b", { int_c: 6 })]);
  expect(oldestRead(models, last)).toBe(5);
  expect(oldestRead(models, new Map([...last, ...recorded("fct_gone", { int_a: 1 })]))).toBe(5);
});

describe("readyModels", () => {
  const chain = [model("fct_1", ["int_a"]), model("fct_2", ["fct_1"]), model("fct_3", ["fct_2"])];
  const diamond = [
    model("fct_top", ["int_a", "int_b"]),
    model("fct_left", ["fct_top"]),
    model("fct_right", ["fct_top", "int_b"]),
    model("fct_bottom", ["fct_left", "fct_right"]),
  ];
  const ask = (models: EnrichedModel[], stale: string[], unsettled: string[] = []) =>
    readyModels(models, new Set(stale), new Set(unsettled));

  test("nothing is stale", () => {
    expect(ask(chain, [])).toEqual({ ready: [], deferred: [] });
  });

  test("a chain goes one after another", () => {
    expect(ask(chain, ["fct_1", "fct_2", "fct_3"])).toEqual({
      ready: ["fct_1"],
      deferred: ["fct_2", "fct_3"],
    });
    expect(ask(chain, ["fct_2"])).toEqual({ ready: ["fct_2"], deferred: [] });
  });

  test("a far upstream counts, whatever lies between is fresh", () => {
    expect(ask(chain, ["fct_1", "fct_3"])).toEqual({ ready: ["fct_1"], deferred: ["fct_3"] });
  });

  test("a diamond's sides go together, its bottom waits for both", () => {
    expect(ask(diamond, ["fct_left", "fct_right", "fct_bottom"])).toEqual({
      ready: ["fct_left", "fct_right"],
      deferred: ["fct_bottom"],
    });
    expect(ask(diamond, ["fct_right", "fct_bottom"]).ready).toEqual(["fct_right"]);
    expect(ask(diamond, ["fct_bottom"]).ready).toEqual(["fct_bottom"]);
  });

  test("a busy stream, a running or a failed model holds what is below it, and nothing else", () => {
    const all = diamond.map(({ asset }) => asset);
    expect(ask(diamond, all, ["int_a"])).toEqual({ ready: [], deferred: all });
    expect(ask(diamond, ["fct_right", "fct_bottom"], ["fct_left"])).toEqual({
      ready: ["fct_right"],
      deferred: ["fct_bottom"],
    });
    expect(ask(diamond, ["fct_left", "fct_right"], ["fct_left"]).ready).toEqual(["fct_right"]);
    expect(ask([...diamond, ...chain], ["fct_left", "fct_1"], ["fct_top"]).ready).toEqual(["fct_1"]);
  });

  test("a held table is neither ready nor waited for, whatever lies above it", () => {
    const all = diamond.map(({ asset }) => asset);
    const held = (models: EnrichedModel[], stale: string[], unsettled: string[], ...names: string[]) =>
      readyModels(models, new Set(stale), new Set(unsettled), new Set(names));
    expect(held(diamond, all, [], "fct_top")).toEqual({
      ready: ["fct_left", "fct_right"],
      deferred: ["fct_bottom"],
    });
    expect(held(diamond, ["fct_bottom"], ["fct_left"], "fct_left").ready).toEqual(["fct_bottom"]);
    expect(held(diamond, ["fct_top", "fct_bottom"], ["int_a"], "int_a").ready).toEqual(["fct_top"]);
    expect(held(chain, ["fct_1", "fct_3"], [], "fct_2").ready).toEqual(["fct_1", "fct_3"]);
  });

  /** Models in topological order over three streams, with any of them stale or unsettled. */
  const situation = fc
    .array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 9 })
    .chain((picks) => {
      const names = ["int_a", "int_b", "int_c", ...picks.map((_, index) => `fct_${index}`)];
      const models = picks.map((from, index) =>
        model(`fct_${index}`, [...new Set(from.map((pick) => names[pick % (3 + index)] ?? ""))]),
      );
      const assets = models.map(({ asset }) => asset);
      return fc.record({
        models: fc.constant(models),
        stale: fc.subarray(assets),
        unsettled: fc.subarray(names),
      });
    });

  function ancestors(models: EnrichedModel[], asset: string): Set<string> {
    const upstream = models.find((candidate) => candidate.asset === asset)?.upstream ?? [];
    return new Set(upstream.flatMap((name) => [name, ...ancestors(models, name)]));
  }

  test("a ready model is stale, settled, and has neither a stale nor an unsettled ancestor", () => {
    fc.assert(
      fc.property(situation, ({ models, stale, unsettled }) => {
        const { ready, deferred } = ask(models, stale, unsettled);
        for (const asset of ready) {
          expect(stale).toContain(asset);
          expect(unsettled).not.toContain(asset);
          const above = ancestors(models, asset);
          expect([...stale, ...unsettled].filter((name) => above.has(name))).toEqual([]);
        }
        expect([...ready, ...deferred, ...unsettled]).toEqual(expect.arrayContaining(stale));
        expect(ready.filter((asset) => deferred.includes(asset))).toEqual([]);
      }),
    );
  });

  test("every stale model without such an ancestor is ready, so that something always is", () => {
    fc.assert(
      fc.property(situation, ({ models, stale, unsettled }) => {
        const { ready } = ask(models, stale, unsettled);
        const free = stale.filter((asset) => {
          const above = ancestors(models, asset);
          return ![...stale, ...unsettled].some((name) => above.has(name)) && !unsettled.includes(asset);
        });
        expect([...ready].sort()).toEqual([...free].sort());
        if (stale.length > 0) expect(ask(models, stale).ready).not.toEqual([]);
      }),
    );
  });
});
