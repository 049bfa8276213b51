import type { Lineage } from "../../api/types.ts";

/** An asset with all that it is made from and all that is made from it. Pure. */
export function kinOf({ edges }: Lineage, key: string): Set<string> {
  const reach = (next: (edge: Lineage["edges"][number]) => [string, string]) => {
    const neighbours = new Map<string, string[]>();
    for (const edge of edges) {
      const [here, there] = next(edge);
      neighbours.set(here, [...(neighbours.get(here) ?? []), there]);
    }
    const found = new Set([key]);
    for (const name of found) for (const neighbour of neighbours.get(name) ?? []) found.add(neighbour);
    return found;
  };
  return new Set([...reach(({ from, to }) => [from, to]), ...reach(({ from, to }) => [to, from])]);
}
