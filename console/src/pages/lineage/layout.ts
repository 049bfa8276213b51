import { Graph, layout } from "@dagrejs/dagre";

export const NODE_WIDTH = 232;
export const NODE_HEIGHT = 62;

export interface Shape {
  keys: string[];
  edges: { from: string; to: string }[];
}

export type Places = Record<string, { x: number; y: number }>;

/** Where each asset stands, from source on the left to fact on the right. Pure; a second or so for 1,000 assets. */
export function placesOf({ keys, edges }: Shape): Places {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", ranksep: 84, nodesep: 18, edgesep: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const key of keys) graph.setNode(key, { width: NODE_WIDTH, height: NODE_HEIGHT });
  for (const { from, to } of edges) graph.setEdge(from, to);
  layout(graph);
  const places: Places = {};
  for (const key of keys) {
    const { x, y } = graph.node(key) as { x: number; y: number };
    places[key] = { x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 };
  }
  return places;
}
