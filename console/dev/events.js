import { assets } from "./assets.js";

const listeners = new Set();
let snapshot = 412;

/** One listener more: the states now, then a batch or a change of state every few seconds. */
export function follow(response) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  response.write("retry: 2000\n\n");
  listeners.add(response);
  response.once("close", () => listeners.delete(response));
  send([response], "status", statusNow());
}

setInterval(() => {
  const table = assets.find(({ key }) => key === "fct_sales");
  if (table && listeners.size > 0) {
    const busy = table.state === "running";
    table.state = busy ? "fresh" : "running";
    table.reason = busy ? null : "it takes in what 3 batches brought";
    if (busy) table.updatedAt = new Date().toISOString();
    snapshot += 1;
    const at = new Date().toISOString();
    send(listeners, busy ? "materialization" : "batch", { id: snapshot, at, details: {} }, snapshot);
    send(listeners, "status", statusNow());
  }
}, 8000).unref();

function statusNow() {
  const told = assets.map(({ key, state, reason }) => ({ key, state, reason }));
  return { at: new Date().toISOString(), idle: false, assets: told };
}

function send(to, event, data, id) {
  const head = id === undefined ? "" : `id: ${id}\n`;
  for (const response of to) response.write(`${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
