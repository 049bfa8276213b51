import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunningApi } from "../api/server.ts";
import { generateSchema, schemaFile } from "../client/generate.ts";
import { ApiFixture, order, TOKENS } from "./support/api-fixture.ts";
import { listeningApi } from "./support/listening-api.ts";

/** The client that the package exports, as another program has it: by its name, over a socket. */
const { ApiProblem, answer, createClient } = await import("lotus-lake/client");

test("its types are what the API's document says (npm run client)", async () => {
  expect(readFileSync(schemaFile, "utf8")).toBe(await generateSchema());
});

describe("over a running API", () => {
  let fixture: ApiFixture;
  let api: RunningApi;
  beforeAll(async () => {
    fixture = await ApiFixture.open();
    const { isolation, running, context } = fixture;
    api = await listeningApi(isolation, running, context.project, TOKENS);
    await fixture.land("orders", "2026-01-02/a", order(1, 10));
    await running.settle();
  });
  afterAll(async () => {
    await api?.stop();
    await fixture?.close();
  });

  const client = (token = TOKENS[0]?.secret) =>
    createClient({ url: `${api.url}/`, ...(token === undefined ? {} : { token }) });

  test("asks, steers, and follows what it began", async () => {
    const me = await answer(client().GET("/api/v1/me"));
    expect(me).toMatchObject({ name: "ann", role: "operator" });
    const { items } = await answer(
      client().GET("/api/v1/streams", { params: { query: { source: "shop", limit: 1 } } }),
    );
    expect(items.map(({ source }) => source)).toEqual(["shop"]);
    const { run } = await answer(
      client().POST("/api/v1/assets/{key}/materialize", {
        params: { path: { key: "fct_orders" } },
        body: { full: true },
      }),
    );
    const { workflowId, runId } = run;
    await expect
      .poll(
        async () =>
          (
            await answer(
              client().GET("/api/v1/runs/{workflowId}", {
                params: { path: { workflowId }, query: runId === null ? {} : { runId } },
              }),
            )
          ).status,
        { timeout: 30_000 },
      )
      .toBe("completed");
  });

  test("throws what the API says is wrong", async () => {
    const key = { params: { path: { key: "fct_none" } } };
    const failed = await answer(client().GET("/api/v1/assets/{key}", key)).catch((error) => error);
    expect(failed).toBeInstanceOf(ApiProblem);
    expect(failed).toMatchObject({
      name: "ApiProblem",
      status: 404,
      code: "NOT_FOUND",
      message: expect.stringContaining("fct_orders"),
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      errors: [],
    });
    const invalid = answer(
      client().POST("/api/v1/backfills", { body: { mode: "rebuild", maxConcurrent: 0 } }),
    );
    await expect(invalid).rejects.toMatchObject({
      status: 400,
      code: "REQUEST_INVALID",
      errors: [{ at: "body/maxConcurrent" }],
    });
    await expect(answer(client("unknown-secret-0000").GET("/api/v1/me"))).rejects.toMatchObject({
      status: 401,
      code: "UNAUTHENTICATED",
    });
  });

  test("says so where something else answers", async () => {
    const elsewhere = createClient({
      url: "http://127.0.0.1:1",
      fetch: async () => new Response("<html>", { status: 502 }),
    });
    await expect(answer(elsewhere.GET("/api/v1/me"))).rejects.toMatchObject({
      status: 502,
      code: null,
      message: expect.stringContaining("502"),
    });
  });
});
