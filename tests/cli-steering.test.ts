import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { RunningApi } from "../api/server.ts";
import {
  forgetApi,
  lastApiPort,
  rememberApi,
  rememberedApi,
  rememberProject,
} from "../cli/running-project.ts";
import { ApiFixture, order, SHOP, TOKENS } from "./support/api-fixture.ts";
import { lotus } from "./support/cli-in-process.ts";
import { listeningApi } from "./support/listening-api.ts";

/** Commands that steer, over the API and nothing else. */

let fixture: ApiFixture;
let api: RunningApi;

beforeAll(async () => {
  fixture = await ApiFixture.open({
    ...SHOP,
    "dag/streams/shop/orders.json": {
      ...(SHOP["dag/streams/shop/orders.json"] as object),
      feeder: { poll: "1h", batch_files: 1 },
    },
  });
  const { isolation, running, context } = fixture;
  api = await listeningApi(isolation, running, context.project, TOKENS);
  for (const day of [1, 2, 3])
    await fixture.land("orders", `2026-01-0${day}/a`, order(day, day * 10, `2026-01-0${day}`));
  await running.settle();
  vi.stubEnv("LOTUS_STATE_DIR", isolation.folder);
  vi.stubEnv("LOTUS_API_URL", api.url);
  vi.stubEnv("LOTUS_API_TOKEN", "vic:viewer:viewer-secret-000002,ann:operator:operator-secret-0001");
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await api?.stop();
  await fixture?.close();
});

describe("which API", () => {
  test("none, one that does not answer, and one that is something else: each says what to do", async () => {
    vi.stubEnv("LOTUS_API_URL", "");
    await expect(lotus("feed", "shop", "orders")).rejects.toMatchObject({
      code: "NOT_RUNNING",
      message: expect.stringMatching(/`lotus up` or `lotus api`.*LOTUS_API_URL/),
    });
    vi.stubEnv("LOTUS_API_URL", "http://127.0.0.1:1");
    await expect(lotus("feed", "shop", "orders")).rejects.toMatchObject({
      code: "NOT_RUNNING",
      message: expect.stringMatching(/http:\/\/127\.0\.0\.1:1 does not answer: .*ECONNREFUSED|bad port/),
    });
    const { endpoint } = fixture.isolation.connections.s3;
    vi.stubEnv("LOTUS_API_URL", endpoint ?? "");
    await expect(lotus("feed", "shop", "orders")).rejects.toMatchObject({
      code: "NOT_RUNNING",
      message: expect.stringContaining("no Lotus API"),
    });
    vi.stubEnv("LOTUS_API_URL", api.url);
  });

  test("the one of the state folder, while it runs; its port is kept", async () => {
    const { folder } = fixture.isolation;
    vi.stubEnv("LOTUS_API_URL", "");
    rememberProject(folder, "/somewhere");
    rememberApi(folder, api.url);
    expect((await lotus("feed", "shop", "orders")).out).toBe("shop/orders is fed\n");
    forgetApi(folder, "http://127.0.0.1:9");
    expect(rememberedApi(folder)).toBe(api.url);
    forgetApi(folder, api.url);
    expect(rememberedApi(folder)).toBeNull();
    expect(lastApiPort(folder)).toBe(Number(new URL(api.url).port));
    vi.stubEnv("LOTUS_API_URL", api.url);
  });

  test("asks as an operator, and says what it may not", async () => {
    vi.stubEnv("LOTUS_API_TOKEN", "vic:viewer:viewer-secret-000002");
    await expect(lotus("feed", "shop", "orders")).rejects.toMatchObject({
      code: "FORBIDDEN",
      message: expect.stringContaining("vic"),
    });
    expect(
      (await lotus("backfill", "start", "reprocess", "--stream", "shop/orders", "--dry-run")).out,
    ).toContain("3 chunks");
    vi.stubEnv("LOTUS_API_TOKEN", "wrong-secret-0000000");
    await expect(lotus("feed", "shop", "orders")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    vi.stubEnv("LOTUS_API_TOKEN", "vic:viewer:viewer-secret-000002,ann:operator:operator-secret-0001");
  });
});

describe("streams", () => {
  test("paused, a stream is not fed, and says so; resumed, it is", async () => {
    expect((await lotus("stream", "pause", "shop", "orders")).out).toContain("shop/orders is paused");
    await fixture.land("orders", "2026-01-04/a", order(4, 40, "2026-01-04"));
    for (const command of [
      ["feed", "shop", "orders"],
      ["materialize", "int_shop__orders"],
    ])
      await expect(lotus(...command)).rejects.toMatchObject({
        code: "STREAM_PAUSED",
        message: expect.stringMatching(/paused by ann.*`lotus stream resume shop orders`/),
      });
    expect((await lotus("stream", "resume", "shop", "orders")).out).toBe("shop/orders goes on\n");
    expect(await fixture.query("SELECT count(*)::INTEGER AS n FROM int_shop__orders")).toEqual([{ n: 4 }]);
    await expect(lotus("stream", "pause", "shop", "none")).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("shop/orders"),
    });
  });

  test("feed waits until all is fed", async () => {
    for (const name of ["b", "c"])
      await fixture.land("orders", `2026-01-05/${name}`, order(5, 50, "2026-01-05"));
    expect((await lotus("feed", "shop", "orders")).out).toBe("shop/orders is fed\n");
    expect(
      await fixture.query("SELECT amount::INTEGER AS amount FROM int_shop__orders WHERE id = 5"),
    ).toEqual([{ amount: 50 }]);
  });
});

describe("tables", () => {
  test("materialize waits for the end, and says which tables there are", async () => {
    await fixture.running.settle();
    expect((await lotus("materialize", "fct_orders", "--full")).out).toBe("fct_orders is up to date\n");
    await expect(lotus("materialize", "fct_order")).rejects.toThrow("Did you mean fct_orders?");
    await expect(lotus("release", "fct_orders")).rejects.toThrow("fct_orders is not held. Held are: none.");
    await expect(lotus("rollback", "fct_orders", "--to", "999999")).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });
});

describe("maintenance", () => {
  test("says what would go, and does it", async () => {
    const { out } = await lotus("maintenance", "run", "--dry-run", "--keep", "1h");
    expect(out).toContain("would expire: 0 snapshots");
    const plan = JSON.parse((await lotus("maintenance", "run", "--dry-run", "--json")).out);
    expect(Object.keys(plan).sort()).toEqual(["cleanUp", "expiry", "orphans", "retention"]);
    const { steps } = JSON.parse((await lotus("maintenance", "run", "--json", "--keep", "1h")).out);
    expect(steps.map(({ step, failed }: { step: string; failed: boolean }) => [step, failed])).toEqual(
      ["retention", "compaction", "meta tables", "quiet tables", "expiry", "clean-up", "orphans"].map(
        (step) => [step, false],
      ),
    );
  });
});

describe("backfill", () => {
  const orders = ["--stream", "shop/orders"];

  test("shows what would happen, begins, follows, and is listed and shown", async () => {
    const dry = await lotus("backfill", "start", "reprocess", ...orders, "--to", "2026-01-02", "--dry-run");
    expect(dry.out).toMatch(/reprocess: 2 chunks, 2 files/);
    expect(dry.out).toMatch(/2026-01-01 to 2026-01-02 \(2\)/);
    expect(dry.out).toContain("fct_orders, fct_total lie downstream and follow by themselves");
    expect((await lotus("backfill", "list")).out).toBe("no backfill was asked for\n");

    const { out, exitCode } = await lotus("backfill", "start", "reprocess", ...orders, "--key", "one");
    expect(exitCode).toBe(0);
    expect(out).toMatch(/backfill [0-9a-f]{32} begins/);
    expect(out).toMatch(/done +6 of 6 chunks done, 0 rows written/);
    const again = await lotus("backfill", "start", "reprocess", ...orders, "--key", "one");
    expect(again.out).toContain("was asked for before");
    const [listed] = JSON.parse((await lotus("backfill", "list", "--json")).out);
    expect(listed).toMatchObject({ state: "done", requestedBy: "ann", streams: ["shop/orders"] });
    expect((await lotus("backfill", "list")).out).toContain(listed.id);
    expect((await lotus("backfill", "list", "--state", "failed")).out).toBe("no backfill was asked for\n");
    expect((await lotus("backfill", "show", listed.id)).out).toContain("asked for by ann");
    expect((await lotus("backfill", "follow", listed.id)).exitCode).toBe(0);
    await expect(lotus("backfill", "show", "none")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(lotus("backfill", "start", "reprocess")).rejects.toMatchObject({ code: "BACKFILL_REFUSED" });
  });

  test("Ctrl-C ends the following, not the backfill; cancel ends it, and what was given up is retried", async () => {
    await lotus("stream", "resume", "shop", "orders");
    const following = lotus("backfill", "start", "reprocess", ...orders, "--max-concurrent", "1", "--yes");
    const newest = async () => (await fixture.get("/backfills")).body.items[0];
    await expect.poll(async () => (await newest()).state, { timeout: 30_000, interval: 50 }).toBe("running");
    const { id } = await newest();
    await fixture.post(`/backfills/${id}/pause`);
    await expect
      .poll(async () => (await fixture.get(`/backfills/${id}`)).body.state, { timeout: 30_000 })
      .toBe("paused");
    await setTimeout(1500);
    process.emit("SIGINT");
    const { out, exitCode } = await following;
    expect(exitCode).toBe(130);
    expect(out).toMatch(/paused +\d of 6 chunks done/);
    expect(out).toContain(`\`lotus backfill follow ${id}\``);
    expect((await fixture.get(`/backfills/${id}`)).body.state).toBe("paused");
    await lotus("backfill", "cancel", id);
    expect((await lotus("backfill", "follow", id)).exitCode).toBe(1);
    const retried = await lotus("backfill", "retry", id);
    expect(retried.exitCode).toBe(0);
    expect(retried.out).toMatch(/done +6 of 6 chunks done/);
    await expect(lotus("backfill", "retry", id)).rejects.toMatchObject({ code: "BACKFILL_REFUSED" });
  });

  test("following outlives an API that is started again", async () => {
    const { body } = await fixture.post("/backfills", { mode: "reprocess", streams: ["shop/orders"] });
    await fixture.post(`/backfills/${body.id}/pause`);
    const state = async () => (await fixture.get(`/backfills/${body.id}`)).body.state;
    await expect.poll(state, { timeout: 30_000 }).toBe("paused");
    const following = lotus("backfill", "follow", body.id);
    await setTimeout(500);
    await api.stop();
    await setTimeout(2500);
    const { isolation, running, context } = fixture;
    api = await listeningApi(isolation, running, context.project, TOKENS, Number(new URL(api.url).port));
    await fixture.post(`/backfills/${body.id}/resume`);
    const { out, exitCode } = await following;
    expect(exitCode).toBe(0);
    expect(out).toMatch(/paused [\s\S]*done +6 of 6 chunks done/);
  });

  test("what fails is shown with why, and ends with 1", async () => {
    await fixture.query(
      `INSERT INTO lakehouse.meta.asset_state_log VALUES ('int_shop__orders', 'held', 'held by the test', '', 'test', now())`,
    );
    const { out, exitCode } = await lotus("backfill", "start", "rebuild", "--asset", "int_shop__orders");
    expect(exitCode).toBe(1);
    expect(out).toContain("WARNING: int_shop__orders would fail as things stand: int_shop__orders is held");
    const { id } = JSON.parse((await lotus("backfill", "list", "--json")).out)[0];
    expect((await lotus("backfill", "show", id)).out).toMatch(
      /chunk 1 of int_shop__orders failed: .*\[ASSET_HELD\][\s\S]*`lotus backfill retry/,
    );
    await fixture.query(
      `INSERT INTO lakehouse.meta.asset_state_log VALUES ('int_shop__orders', 'ok', NULL, '', 'test', now() + INTERVAL 1 SECOND)`,
    );
    expect((await lotus("backfill", "retry", id, "--chunk", "1")).exitCode).toBe(0);
  });
});
