import type { PgNode } from "../analysis/tree.ts";
import type { PgCatalog } from "../catalog.ts";
import { numericFromDatum } from "../values/datum-numeric.ts";
import { numericText } from "../values/numeric.ts";

/**
 * Looker's sum over rows that a join repeats: `SUM(DISTINCT value + hash) - SUM(DISTINCT hash)`, with a hash of 128 bits
 * in two halves. The sums have more digits than DuckDB's numbers, their difference has not.
 */
export interface SymmetricSum {
  value: PgNode;
  /** As they stand in the first sum and in the second; only where these are the same is the difference that sum. */
  highs: readonly [PgNode, PgNode];
  lows: readonly [PgNode, PgNode];
  filters: readonly (PgNode | null)[];
}

const half = "18446744073709551616";

/** What such a difference is made of; null where it is another one. */
export function symmetricSum(node: PgNode, catalog: PgCatalog): SymmetricSum | null {
  if (operatorOf(node, catalog) !== "-(numeric,numeric)") return null;
  const [first, second] = node.nodes("args");
  if (first === undefined || second === undefined) return null;
  const [value, product, low, ...more] = summed(first, catalog);
  const [otherProduct, otherLow, ...others] = summed(second, catalog);
  if (low === undefined || otherLow === undefined || more.length + others.length > 0) return null;
  const [high, otherHigh] = [product, otherProduct].map((each) => upperHalf(each, catalog));
  if (value === undefined || !high || !otherHigh) return null;
  return {
    value,
    highs: [high, otherHigh],
    lows: [low, otherLow],
    filters: [first, second].map((each) => each.nodeOrNull("aggfilter")),
  };
}

/** The terms of `sum(DISTINCT a + b + c)`. */
function summed(node: PgNode, catalog: PgCatalog): PgNode[] {
  if (node.tag !== "AGGREF" || node.nodes("aggdistinct").length === 0 || node.number("agglevelsup") !== 0)
    return [];
  const [entry] = node.nodes("args");
  if (entry === undefined || catalog.function(node.number("aggfnoid")).signature !== "sum(numeric)")
    return [];
  return terms(entry.node("expr"), catalog);
}

function terms(node: PgNode, catalog: PgCatalog): PgNode[] {
  if (node.tag !== "OPEXPR" || operatorOf(node, catalog) !== "+(numeric,numeric)") return [node];
  return node.nodes("args").flatMap((each) => terms(each, catalog));
}

/** x of `x * 2 ^ 64`. */
function upperHalf(node: PgNode | undefined, catalog: PgCatalog): PgNode | null {
  if (node?.tag !== "OPEXPR" || operatorOf(node, catalog) !== "*(numeric,numeric)") return null;
  const [value, factor] = node.nodes("args");
  const bytes = factor?.tag === "CONST" ? factor.datum("constvalue") : null;
  const isHalf = bytes !== null && numericText(numericFromDatum(bytes.subarray(4))) === half;
  return isHalf ? (value ?? null) : null;
}

function operatorOf(node: PgNode, catalog: PgCatalog): string {
  return catalog.operator(node.number("opno")).signature;
}
