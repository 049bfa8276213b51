import type { Edge } from "@xyflow/react";
import type { AssetSummary, Lineage } from "../../api/types.ts";
import { assetLooks } from "../../format/states.ts";
import type { AssetNodeType } from "./AssetNode.tsx";
import { NODE_HEIGHT, NODE_WIDTH, type Places } from "./node-size.ts";

interface View {
  selected: string | null;
  /** What is drawn strongly; null: everything. */
  lit: Set<string> | null;
}

/**
 * The graph as React Flow takes it. A node that has not changed is the very object of before, so that of 300 only
 * those are drawn again that have news.
 */
export function nodesOf(
  graph: Lineage,
  places: Places,
  { selected, lit }: View,
  before: AssetNodeType[],
): AssetNodeType[] {
  const known = new Map(before.map((node) => [node.id, node]));
  return graph.nodes.flatMap((asset) => {
    const position = places[asset.key];
    if (!position) return [];
    const next = nodeOf(asset, position, asset.key === selected, lit !== null && !lit.has(asset.key));
    const old = known.get(asset.key);
    return old && isSame(old, next) ? [old] : [next];
  });
}

function nodeOf(
  asset: AssetSummary,
  position: { x: number; y: number },
  selected: boolean,
  dim: boolean,
): AssetNodeType {
  return {
    id: asset.key,
    type: "asset",
    position,
    width: NODE_WIDTH,
    height: NODE_HEIGHT,
    selected,
    data: { asset, dim },
    ariaLabel: `${asset.key}: ${assetLooks[asset.state].label}${asset.reason ? `, ${asset.reason}` : ""}`,
  };
}

function isSame(left: AssetNodeType, right: AssetNodeType): boolean {
  return (
    left.data.asset === right.data.asset &&
    left.data.dim === right.data.dim &&
    left.selected === right.selected &&
    left.position === right.position
  );
}

export function edgesOf(graph: Lineage, { lit }: View): Edge[] {
  const running = new Set(graph.nodes.filter(({ state }) => state === "running").map(({ key }) => key));
  return graph.edges.map(({ from, to }) => {
    const dim = lit !== null && !(lit.has(from) && lit.has(to));
    return {
      id: `${from}→${to}`,
      source: from,
      target: to,
      animated: running.has(from),
      focusable: false,
      className: dim ? "dim" : lit ? "lit" : "",
    };
  });
}
