/**
 * The lineage of a lake with so many assets, as the API answers it: streams with their feeders and processed tables,
 * and facts over them in four layers, in every state.
 */
export function wideLineage(assets: number) {
  const streams = Math.floor(assets / 3);
  const edges: { from: string; to: string }[] = [];
  const keys: { key: string; kind: string }[] = [{ key: "landing_tables", kind: "landing" }];
  for (let index = 0; index < streams; index += 1) {
    keys.push({ key: `feeder_source${index % 9}_stream${index}`, kind: "feeder" });
    keys.push({ key: `int_source${index % 9}__stream${index}`, kind: "processed" });
    edges.push({ from: "landing_tables", to: `feeder_source${index % 9}_stream${index}` });
    edges.push({
      from: `feeder_source${index % 9}_stream${index}`,
      to: `int_source${index % 9}__stream${index}`,
    });
  }
  const readable = keys.filter(({ kind }) => kind === "processed").map(({ key }) => key);
  const facts = assets - keys.length;
  for (let index = 0; index < facts; index += 1) {
    const key = `fct_domain${index % 7}_about_something_${index}`;
    keys.push({ key, kind: "enriched" });
    // The first quarter reads processed tables, each next one also what the one before it made.
    const reach = streams + Math.floor(index / (facts / 4)) * Math.floor(facts / 4);
    for (const step of [1, 17, 41])
      edges.push({ from: readable[(index * 7 + step) % reach] as string, to: key });
    readable.push(key);
  }
  const states = ["fresh", "fresh", "fresh", "fresh", "running", "waiting", "late", "failed", "changed"];
  const unique = [...new Map(edges.map((edge) => [`${edge.from} ${edge.to}`, edge])).values()];
  return {
    nodes: keys.map(({ key, kind }, index) => ({
      key,
      kind,
      group: null,
      description: null,
      owner: null,
      tags: [],
      state: states[index % states.length],
      reason: null,
      rows: index * 1000,
      bytes: index * 10_000,
      snapshot: index,
      updatedAt: "2026-01-02T03:04:05.000Z",
      upstream: unique.filter(({ to }) => to === key).map(({ from }) => from),
      downstream: unique.filter(({ from }) => from === key).map(({ to }) => to),
    })),
    edges: unique,
  };
}
