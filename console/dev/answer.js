import { assets, detailOf } from "./assets.js";
import { Problem } from "./problem.js";
import { ask, tables } from "./query.js";
import { link } from "./random.js";
import { batchesOf, filesOf, quarantined, streamDetail, streams } from "./streams.js";
import { backfills, chunksOf, comparison, planOf, runDetail, runs, snapshots } from "./work.js";

export { Problem };

const accepted = { run: link("feeder/shopify/orders"), message: "It was handed to its writer" };

/** Method and path → what is answered; `:name` stands for one part of a path. */
const routes = {
  "GET /assets": ({ query }) => page(assets, query),
  "GET /assets/:key": ({ key }) => detailOf(found(assets, (asset) => asset.key === key, key)),
  "GET /lineage": () => ({
    nodes: assets,
    edges: assets.flatMap(({ key, upstream }) => upstream.map((from) => ({ from, to: key }))),
  }),
  "GET /streams": ({ query }) => page(streams, query),
  "GET /streams/:source/:stream": (path) => streamDetail(streamOf(path)),
  "GET /streams/:source/:stream/batches": (path) => page(batchesOf(streamOf(path)), path.query),
  "GET /streams/:source/:stream/files": (path) =>
    page(filesOf(streamOf(path)).filter(fits(path.query, ["state"])), path.query),
  "GET /quarantine": ({ query }) => page(quarantined.filter(fits(query, ["source", "stream"])), query),
  "GET /runs": ({ query }) => page(runs.filter(fits(query, ["status", "type", "asset", "stream"])), query),
  "GET /runs/:id": ({ id }) => runDetail(found(runs, ({ workflowId }) => workflowId === id, id)),
  "GET /backfills": ({ query }) => page(backfills.filter(fits(query, ["state"])), query),
  "GET /backfills/:id": ({ id }) => backfillOf(id),
  "GET /backfills/:id/chunks": ({ id, query }) =>
    page(chunksOf(backfillOf(id)).filter(fits(query, ["state"])), query),
  "POST /backfills": ({ body }) => ({ id: backfills[0].id, created: !body.dryRun, plan: planOf(body) }),
  "GET /snapshots": ({ query }) => page(snapshots, query),
  "GET /snapshots/compare": ({ query }) => ({
    from: Number(query.get("from")),
    to: Number(query.get("to")),
    tables: comparison,
  }),
  "GET /tables": () => ({ tables }),
  "POST /query": ({ body }) => ask(body),
};

const patterns = Object.entries(routes).map(([route, handler]) => ({
  pattern: new RegExp(`^${route.replace(/:(\w+)/g, "(?<$1>[^/]+)")}$`),
  handler,
}));

export async function answer(method, url, body) {
  const path = `${method} ${url.pathname.slice("/api/v1".length)}`;
  for (const { pattern, handler } of patterns) {
    const groups = pattern.exec(path)?.groups;
    if (!pattern.test(path)) continue;
    const names = Object.fromEntries(
      Object.entries(groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
    const given = await handler({ ...names, query: url.searchParams, body });
    if (typeof given === "string") return { status: 200, type: "text/csv", body: given };
    return { status: 200, type: "application/json", body: JSON.stringify(given) };
  }
  if (method === "POST") return { status: 202, type: "application/json", body: JSON.stringify(accepted) };
  throw new Problem(404, "NOT_FOUND", `There is no ${path}.`);
}

function page(items, query) {
  const from = Number(query.get("cursor") ?? 0);
  const limit = Number(query.get("limit") ?? 100);
  return {
    items: items.slice(from, from + limit),
    next: from + limit < items.length ? String(from + limit) : null,
  };
}

function fits(query, names) {
  return (item) => names.every((name) => query.get(name) === null || item[name] === query.get(name));
}

function found(items, test, name) {
  const item = items.find(test);
  if (!item) throw new Problem(404, "NOT_FOUND", `There is no ${name}.`);
  return item;
}

function streamOf({ source, stream }) {
  return found(streams, (entry) => entry.source === source && entry.stream === stream, `${source}/${stream}`);
}

function backfillOf(id) {
  return found(backfills, (entry) => entry.id === id, id);
}
