import { useEffect, useMemo, useState } from "react";
import type { Lineage } from "../../api/types.ts";
import type { Shape } from "./layout.ts";
import type { Places } from "./node-size.ts";

/** Laid out in a worker, and again only when assets or edges change, never for a state. */
export function usePlaces(graph: Lineage): Places | null {
  const signature = useMemo(() => JSON.stringify(shapeOf(graph)), [graph]);
  const [places, setPlaces] = useState<Places | null>(null);
  useEffect(() => {
    const worker = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Places>) => setPlaces(data);
    worker.postMessage(JSON.parse(signature) as Shape);
    return () => worker.terminate();
  }, [signature]);
  return places;
}

function shapeOf({ nodes, edges }: Lineage): Shape {
  return { keys: nodes.map(({ key }) => key), edges: edges.map(({ from, to }) => ({ from, to })) };
}
