/** The asset graph, pure: a key and the keys that it reads. Keys that no entry defines are ignored. */
export type Graph = ReadonlyMap<string, readonly string[]>;

export interface Ordering {
  /** Upstream first; alphabetical where the graph leaves it open, so that two runs agree. */
  order: string[];
  /** Each as a walk upstream that ends where it began: `[a, b, a]` when `a` reads `b` and `b` reads `a`. */
  cycles: string[][];
  /** Downstream of a cycle, but on none that is listed. */
  blocked: string[];
}

/**
 * Puts a graph into an order in which everything comes after what it reads. Nodes on a cycle, or behind one, are
 * in no order. Cycles that share a node with a listed one are not listed: they show once that one is broken.
 */
export function orderGraph(graph: Graph): Ordering {
  const waiting = new Map<string, Set<string>>();
  for (const [key, upstream] of graph) {
    waiting.set(key, new Set(upstream.filter((name) => graph.has(name))));
  }
  const order = release(waiting);
  const cycles: string[][] = [];
  const blocked: string[] = [];
  while (waiting.size > 0) {
    const cycle = findCycle(waiting);
    cycles.push(cycle);
    for (const key of cycle) waiting.delete(key);
    for (const upstream of waiting.values()) for (const key of cycle) upstream.delete(key);
    blocked.push(...release(waiting));
  }
  return { order, cycles, blocked };
}

/** Everything that `keys` read, directly or not; without `keys` themselves unless on a cycle. Alphabetical. */
export function upstreamOf(graph: Graph, keys: readonly string[]): string[] {
  return closure(graph, keys);
}

/** Everything that reads `keys`, directly or not; without `keys` themselves unless on a cycle. Alphabetical. */
export function downstreamOf(graph: Graph, keys: readonly string[]): string[] {
  return closure(reversed(graph), keys);
}

/** Takes out of `waiting`, again and again, the nodes that wait for nothing. Answers them in that order. */
function release(waiting: Map<string, Set<string>>): string[] {
  const readers = new Map<string, string[]>();
  for (const [key, upstream] of waiting) {
    for (const name of upstream) readers.set(name, [...(readers.get(name) ?? []), key]);
  }
  const released: string[] = [];
  let ready = [...waiting].filter(([, upstream]) => upstream.size === 0).map(([key]) => key);
  while (ready.length > 0) {
    const next: string[] = [];
    for (const key of ready.sort()) {
      released.push(key);
      waiting.delete(key);
      for (const reader of readers.get(key) ?? []) {
        const upstream = waiting.get(reader);
        if (upstream?.delete(key) && upstream.size === 0) next.push(reader);
      }
    }
    ready = next;
  }
  return released;
}

/** Every node left waits for another that is left, so that walking upstream must come back. */
function findCycle(waiting: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const path: string[] = [];
  const seen = new Map<string, number>();
  let key = [...waiting.keys()].sort()[0] as string;
  while (!seen.has(key)) {
    seen.set(key, path.length);
    path.push(key);
    key = [...(waiting.get(key) ?? [])].sort()[0] as string;
  }
  const loop = path.slice(seen.get(key));
  // Begin at the smallest name: the same cycle is told the same way wherever the walk met it.
  const start = loop.indexOf([...loop].sort()[0] as string);
  const turned = [...loop.slice(start), ...loop.slice(0, start)];
  return [...turned, turned[0] as string];
}

function closure(graph: Graph, keys: readonly string[]): string[] {
  const found = new Set<string>();
  const queue = [...keys];
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    for (const name of graph.get(key) ?? []) {
      if (!graph.has(name) || found.has(name)) continue;
      found.add(name);
      queue.push(name);
    }
  }
  return [...found].sort();
}

function reversed(graph: Graph): Graph {
  const result = new Map<string, string[]>([...graph.keys()].map((key) => [key, []]));
  for (const [key, upstream] of graph) for (const name of upstream) result.get(name)?.push(key);
  return result;
}
