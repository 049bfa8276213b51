import { createServer } from "node:http";
import { answer, Problem } from "./answer.js";
import { follow } from "./events.js";

/**
 * The API with invented data, to see the console without a lake:
 *   npm run mock                      the sample lake, with something of everything
 *   MOCK_ASSETS=300 npm run mock      a graph of 300
 *   MOCK_TOKENS=1 npm run mock        asks for a token: `operator` or `viewer`
 *   MOCK_EMPTY=1 npm run mock         a lake of the first day
 */
const PORT = 4599;

createServer((request, response) => {
  void handle(request, response).catch((error) => {
    const { status = 500, code = "INTERNAL" } = error;
    const problem = { type: `urn:lotus:error:${code}`, title: code, status, code, instance: "req-1" };
    response.writeHead(status, { "content-type": "application/problem+json" });
    response.end(JSON.stringify({ ...problem, detail: error.message }));
  });
}).listen(PORT, "127.0.0.1", () => console.log(`mock API on http://127.0.0.1:${PORT}`));

async function handle(request, response) {
  const url = new URL(request.url ?? "/", "http://mock");
  guard(request, url);
  if (url.pathname === "/api/v1/events") return follow(response);
  const { status, type, body } = await answer(request.method ?? "GET", url, await bodyOf(request));
  response.writeHead(status, { "content-type": type });
  response.end(body);
}

function guard(request, url) {
  if (process.env.MOCK_TOKENS === undefined) return;
  const token = request.headers.authorization?.slice("Bearer ".length);
  if (token !== "operator" && token !== "viewer")
    throw new Problem(401, "UNAUTHENTICATED", "Send a token: `Authorization: Bearer TOKEN`.");
  if (token === "viewer" && request.method === "POST" && url.pathname !== "/api/v1/query")
    throw new Problem(403, "FORBIDDEN", "viewer may look and not touch. Ask with an operator's token.");
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString("utf8"));
}
