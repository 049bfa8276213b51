import { connect } from "node:net";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type App, createApp } from "../api/app.ts";
import { startApi } from "../api/server.ts";
import { ApiFixture, TOKENS } from "./support/api-fixture.ts";

/** Who may do what, on every route of the document; what is kept out, and what is written down. */

interface Operation {
  method: "GET" | "POST";
  path: string;
  url: string;
  id: string;
}

const OPERATOR = TOKENS[0]?.secret as string;
const VIEWER = TOKENS[1]?.secret as string;
/** Needs no token. */
const OPEN = new Set(["getHealth", "getReadiness"]);
/** Posts that change nothing. */
const READING = new Set(["query"]);
const VALUES: Record<string, string> = {
  key: "fct_orders",
  source: "shop",
  stream: "orders",
  id: "none",
  workflowId: "none",
};
/** Bodies that would be taken. */
const BODIES: Record<string, object> = {
  startBackfill: { mode: "reprocess", streams: ["shop/orders"] },
  rollBackAsset: { to: 1 },
  retryQuarantine: { key: null },
  dropQuarantine: { key: null },
  query: { sql: "SELECT 1" },
};

let api: ApiFixture;
let operations: Operation[];
beforeAll(async () => {
  api = await ApiFixture.open();
  const document = api.app.swagger() as unknown as {
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => ({
      method: method.toUpperCase() as Operation["method"],
      path,
      url: path.replace(/\{(\w+)\}/g, (_, name: string) => VALUES[name] ?? "none"),
      id: operationId,
    })),
  );
});
afterAll(() => api.close());

function call({ method, url, id }: Operation, token: string | null) {
  return api.call(method, url, { token, ...(method === "POST" ? { body: BODIES[id] ?? {} } : {}) });
}

describe("with tokens", () => {
  test("every route but the probes needs one", async () => {
    expect(operations.length).toBeGreaterThan(30);
    for (const operation of operations) {
      if (OPEN.has(operation.id)) {
        expect((await call(operation, null)).status, operation.id).toBe(200);
        continue;
      }
      for (const token of [null, "unknown-secret-0000", `${OPERATOR}x`, OPERATOR.slice(0, -1)]) {
        const answer = await call(operation, token);
        expect(answer.body, operation.id).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
        expect(answer.status).toBe(401);
      }
    }
  });

  test("a viewer changes nothing: every post is refused but those that read", async () => {
    const posts = operations.filter(({ method, id }) => method === "POST" && !READING.has(id));
    expect(posts.length).toBeGreaterThan(15);
    for (const operation of posts) {
      const answer = await call(operation, VIEWER);
      expect(answer.body, operation.id).toMatchObject({ status: 403, code: "FORBIDDEN" });
      expect(answer.body.detail).toMatch(/^vic /);
    }
    expect((await api.post("/query", { sql: "SELECT 1" }, { token: VIEWER })).status).toBe(200);
    expect((await api.get("/assets", { token: VIEWER })).status).toBe(200);
  });

  test("other ways to write the header are none, and the query string is none but for senders of events", async () => {
    for (const authorization of [OPERATOR, `Basic ${OPERATOR}`, "Bearer", `Bearer ${OPERATOR} ${VIEWER}`])
      expect((await api.get("/me", { token: null, headers: { authorization } })).status).toBe(401);
    expect(
      (await api.get("/me", { token: null, headers: { authorization: `bearer ${VIEWER}` } })).status,
    ).toBe(200);
    expect((await api.get(`/me?token=${OPERATOR}`, { token: null })).status).toBe(401);
    const event = { Event: "s3:TestEvent" };
    expect((await api.post(`/events/s3?token=${OPERATOR}`, event, { token: null })).status).toBe(202);
    expect((await api.post(`/events/s3?token=${VIEWER}`, event, { token: null })).status).toBe(403);
    expect((await api.post("/events/s3?token=unknown", event, { token: null })).status).toBe(401);
  });
});

describe("without tokens", () => {
  let open: App;
  beforeAll(async () => {
    open = await createApp({ ...api.context, tokens: [] }, pino({ level: "silent" }));
  });
  afterAll(() => open.close());

  const me = async (headers: Record<string, string>) =>
    (await api.get("/me", { app: open, token: null, headers })).status;

  test("this machine may do everything", async () => {
    const { body } = await api.get("/me", { app: open, token: null });
    expect(body).toMatchObject({ name: "local", role: "operator", tokenNeeded: false });
    for (const host of ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "[::1]:80"])
      expect(await me({ host }), host).toBe(200);
  });

  test("a name that only points here is not answered", async () => {
    for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1"])
      expect(await me({ host }), host).toBe(403);
  });

  test("another site's page is not answered", async () => {
    const host = "127.0.0.1:8080";
    expect(await me({ host, origin: "http://127.0.0.1:8080", "sec-fetch-site": "same-origin" })).toBe(200);
    expect(await me({ host, "sec-fetch-site": "none" })).toBe(200);
    for (const origin of ["http://evil.example", "http://127.0.0.1:9090", "https://127.0.0.1:8080", "null"])
      expect(await me({ host, origin }), origin).toBe(403);
    for (const site of ["cross-site", "same-site"])
      expect(await me({ host, "sec-fetch-site": site }), site).toBe(403);
  });

  test("nobody listens beyond this machine", async () => {
    const starting = startApi({
      ...api.context,
      connections: { ...api.isolation.connections, temporal: api.context.temporal },
      settings: { host: "0.0.0.0", port: null, tokens: [], url: null },
      lastPort: null,
      logger: pino({ level: "silent" }),
    });
    await expect(starting).rejects.toMatchObject({ code: "SETTINGS_INVALID" });
  });
});

describe("every request", () => {
  test("is answered with headers that keep browsers from mischief, and none that let other sites in", async () => {
    for (const url of ["/healthz", "/api/v1/assets", "/api/v1/none", "/openapi.json", "/docs/"]) {
      const { headers } = await api.call("GET", url);
      expect(headers, url).toMatchObject({
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
      expect(headers["content-security-policy"], url).toContain("frame-ancestors 'none'");
      expect(headers, url).not.toHaveProperty("access-control-allow-origin");
      expect(headers, url).not.toHaveProperty("x-powered-by");
    }
    const preflight = await api.app.inject({
      method: "OPTIONS",
      url: "/api/v1/assets",
      headers: { host: "127.0.0.1", origin: "http://evil.example", "access-control-request-method": "POST" },
    });
    expect(preflight.statusCode).toBeGreaterThanOrEqual(400);
    expect(preflight.headers).not.toHaveProperty("access-control-allow-origin");
  });

  test("has an id of ours, which stands in the log", async () => {
    const { headers } = await api.get("/assets", { headers: { "x-request-id": "theirs" } });
    const id = headers["x-request-id"];
    expect(id).not.toBe("theirs");
    const lines = api.lines.map((line) => JSON.parse(line)).filter(({ reqId }) => reqId === id);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines).toContainEqual(
      expect.objectContaining({ req: expect.objectContaining({ method: "GET", url: "/api/v1/assets" }) }),
    );
  });

  test("is refused where its body is too large, no JSON, or of another kind", async () => {
    const headers = {
      "content-type": "application/json",
      host: "127.0.0.1",
      authorization: `Bearer ${OPERATOR}`,
    };
    for (const { method, url, id } of operations) {
      if (method === "GET") continue;
      const large = await api.call("POST", url, { body: { text: "x".repeat(1024 * 1024) } });
      expect(large.body, id).toMatchObject({ status: 413, code: "REQUEST_TOO_LARGE" });
      for (const payload of ["{", "\u0000", "[1"]) {
        const broken = await api.app.inject({ method, url, headers, payload });
        expect(broken.json(), id).toMatchObject({ status: 400, code: "REQUEST_INVALID" });
      }
      const other = await api.app.inject({
        method,
        url,
        headers: { ...headers, "content-type": "application/xml" },
        payload: "<a/>",
      });
      expect(other.json(), id).toMatchObject({ status: 400, code: "REQUEST_INVALID" });
    }
  });

  test.each([
    ["none", {}],
    ["an empty one that calls itself JSON", { "content-type": "application/json" }],
  ])("may have no body where that is optional: %s", async (_name, headers) => {
    const url = "/api/v1/assets/fct_orders/materialize";
    expect(await api.call("POST", url, { headers })).toMatchObject({ status: 202 });
    expect(await api.call("POST", url, { body: null })).toMatchObject({ status: 400 });
    const needed = await api.call("POST", "/api/v1/query", { headers });
    expect(needed).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
  });

  test("is answered even where it is none", async () => {
    const url = new URL(await api.app.listen({ host: "127.0.0.1", port: 0 }));
    const ask = (text: string) =>
      new Promise<string>((resolve, reject) => {
        let answer = "";
        const socket = connect(Number(url.port), url.hostname, () => socket.write(text));
        socket.setEncoding("utf8").on("data", (part) => {
          answer += part;
        });
        socket.on("close", () => resolve(answer)).on("error", reject);
      });
    const head = (answer: string) => answer.split("\r\n").slice(0, 2);
    const long = await ask(
      `GET /api/v1/assets?search=${"x".repeat(20_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
    );
    expect(head(long)).toEqual([
      "HTTP/1.1 431 Request Header Fields Too Large",
      "content-type: application/problem+json",
    ]);
    expect(JSON.parse(long.split("\r\n\r\n")[1] as string)).toMatchObject({
      code: "REQUEST_TOO_LARGE",
      status: 431,
    });
    const none = await ask("hello\r\n\r\n");
    expect(head(none)).toEqual(["HTTP/1.1 400 Bad Request", "content-type: application/problem+json"]);
  });

  test("is refused with a NUL in it, wherever that is", async () => {
    for (const url of ["/assets/a%00b", "/assets?search=%00", "/quarantine?cursor=%00", "/runs/%00"])
      expect((await api.get(url)).body, url).toMatchObject({ status: 400, code: "REQUEST_INVALID" });
    expect((await api.post("/query", { sql: "SELECT '\u0000'" })).body).toMatchObject({ status: 400 });
  });

  test("is refused when there were too many, of the same address and for a minute", async () => {
    const ask = (from: string) => api.post("/query", {}, { token: null, from });
    const answers = await Promise.all(Array.from({ length: 1200 }, () => ask("10.0.0.9")));
    for (const { status } of answers) expect(status).toBe(401);
    const answer = await ask("10.0.0.9");
    expect(answer.body).toMatchObject({ status: 429, code: "RATE_LIMITED" });
    expect(Number(answer.headers["retry-after"])).toBeLessThanOrEqual(60);
    expect((await ask("10.0.0.10")).status).toBe(401);
    expect((await api.call("GET", "/healthz", { from: "10.0.0.9" })).status).toBe(200);
  });
});

describe("the log", () => {
  const audits = () => api.lines.map((line) => JSON.parse(line)).filter(({ audit }) => audit);

  test("has a line for each change: who, what, when, and what became of it", async () => {
    const before = Date.now();
    await api.post("/streams/shop/clicks/pause");
    const paused = audits().at(-1);
    expect(paused).toMatchObject({
      msg: "change",
      audit: {
        who: "ann",
        role: "operator",
        what: "POST /api/v1/streams/:source/:stream/pause",
        on: { source: "shop", stream: "clicks" },
        from: "127.0.0.1",
        status: 202,
      },
    });
    expect(paused.time).toBeGreaterThanOrEqual(before);
    expect(paused.reqId).toMatch(/^[0-9a-f-]{36}$/);
    await api.post("/assets/fct_orders/materialize", { full: true });
    expect(audits().at(-1).audit).toMatchObject({
      on: { key: "fct_orders" },
      asked: { full: true },
      status: 202,
    });
  });

  test("has those that were refused, too", async () => {
    await api.post("/streams/shop/clicks/resume", {}, { token: VIEWER });
    expect(audits().at(-1).audit).toMatchObject({ who: "vic", role: "viewer", status: 403 });
    await api.post("/streams/shop/clicks/resume", {}, { token: null });
    expect(audits().at(-1).audit).toMatchObject({ who: "nobody", role: null, status: 401 });
  });

  test("of every route that changes something", async () => {
    for (const operation of operations) {
      const lines = audits().length;
      if (operation.id === "followEvents") continue;
      await call(operation, OPERATOR);
      const isChange = operation.method === "POST" && !/^(query|receive\w+)$/.test(operation.id);
      expect(audits().length - lines, operation.id).toBe(isChange ? 1 : 0);
    }
    const lines = audits().length;
    await api.post("/backfills", { ...BODIES.startBackfill, dryRun: true });
    expect(audits()).toHaveLength(lines);
  });

  test("has no secret in it", async () => {
    await api.post(`/events/s3?token=${OPERATOR}`, { Event: "s3:TestEvent" }, { token: null });
    await api.post("/streams/none/none/pause", {}, { headers: { cookie: `token=${OPERATOR}` } });
    const log = api.lines.join("");
    expect(log).toContain("token=***");
    for (const { secret } of TOKENS) expect(log).not.toContain(secret);
    const { catalogUrl, s3 } = api.isolation.connections;
    expect(log).not.toContain(s3.secretAccessKey);
    expect(log).not.toContain(new URL(catalogUrl).password);
  });
});
