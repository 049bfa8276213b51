import { Graph, layout } from "@dagrejs/dagre";
import { NODE_HEIGHT, NODE_WIDTH, type Places } from "./node-size.ts";

export interface Shape {
  keys: string[];
  edges: { from: string; to: string }[];
}

/** Where each asset stands, from source on the left to fact on the right. Pure; a second or so for 1,000 assets. */
export function placesOf({ keys, edges }: Shape): Places {
  const graph = new Graph();
  // Backwards and drawn from right to left: the longest path then counts from the sources, so that all feeders stand
  // in one column, all processed tables in the next, and each fact as far left as what it reads allows.
  graph.setGraph({ rankdir: "RL", ranker: "longest-path", ranksep: 72, nodesep: 16, edgesep: 6 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const key of keys) graph.setNode(key, { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const { from, to } of edges) graph.setEdge(to, from);
  layout(graph);
  const places: Places = {};
  for (const key of keys) {
    const { x, y } = graph.node(key) as { x: number; y: number };
    places[key] = { x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 };
  }
  return places;
}
