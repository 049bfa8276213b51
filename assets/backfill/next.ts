import type { Project } from "../definitions.ts";
import { upstreamOf } from "../graph.ts";
import type { Chunk } from "./record.ts";

/**
 * The chunks that may begin now: as many as there is room for, one at a time of each table, and of a table that is
 * rebuilt only when nothing upstream of it is still to be. Pure.
 */
export function nextChunks(project: Project, chunks: readonly Chunk[], maxConcurrent: number): Chunk[] {
  const graph = new Map(project.assets.map((asset) => [asset.key, asset.upstream]));
  const open = chunks.filter(({ state }) => state === "waiting" || state === "running");
  const unfinished = new Set(open.map(({ asset }) => asset));
  const busy = new Set(open.filter(({ state }) => state === "running").map(({ asset }) => asset));
  let room = maxConcurrent - open.filter(({ state }) => state === "running").length;
  const next: Chunk[] = [];
  for (const chunk of open) {
    if (room <= 0) break;
    if (chunk.state !== "waiting" || busy.has(chunk.asset)) continue;
    if (chunk.files === null && upstreamOf(graph, [chunk.asset]).some((asset) => unfinished.has(asset)))
      continue;
    busy.add(chunk.asset);
    next.push(chunk);
    room -= 1;
  }
  return next;
}
