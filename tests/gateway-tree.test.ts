import { describe, expect, it } from "vitest";
import { mentioned, readTree } from "../gateway/analysis/tree.ts";

describe("reading Postgres's node text", () => {
  it("reads nodes, lists, names with escapes and constants, broken over lines anywhere", () => {
    const tree = readTree(
      '{A :one {B :x 1} :names ("a\\ b" "") :oids (o 16\n25) :none <> :value 4 [ 5 0 -128\n0 0 0 0 0 ] :word tr\\(ue :flag true}',
    );
    expect(tree.node("one").number("x")).toBe(1);
    expect(tree.list("names")).toEqual(["a b", ""]);
    expect(tree.numbers("oids")).toEqual([16, 25]);
    expect(tree.nodeOrNull("none")).toBeNull();
    expect(tree.datum("value")).toEqual(Buffer.from([5, 0, 128, 0, 0, 0, 0, 0]));
    expect(tree.text("word")).toBe("tr(ue");
    expect(tree.boolean("flag")).toBe(true);
  });

  it.each(["", "{A :x 1", "{A :x}", "{A x 1}", "{A :x 1} {B}", '{A :n ("a)}', "{A :v 4 [ 1 2 ]}", "(1 2)"])(
    "refuses what is not a tree: %s",
    (text) => {
      expect(() => readTree(text)).toThrow(expect.objectContaining({ sqlstate: "XX000" }));
    },
  );

  it("refuses a field that is missing, or of another kind", () => {
    const tree = readTree("{A :x 1 :y <>}");
    expect(() => tree.number("z")).toThrow("A has no z");
    expect(() => tree.node("x")).toThrow("is not a node");
    expect(() => tree.boolean("x")).toThrow("is not true or false");
  });
});

it("finds relations and functions, and is not taken in by names", () => {
  const text =
    "{QUERY :rtable ({RANGETBLENTRY :relid\n42 :relkind r}) :x {OPEXPR :opno 96 :opfuncid 65} :y {FUNCEXPR :funcid 481} :z {RTE :relid 0} :resname \\ :relid\\ 7 :resorigtbl 42}";
  expect(mentioned(text)).toEqual({ relations: new Set([42]), functions: new Set([65, 481]) });
});
