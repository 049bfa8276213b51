import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiFixture, order, TOKENS } from "./support/api-fixture.ts";
import { openBrowser, openTab, picture, seriousFaults, type Tab } from "./support/browser.ts";
import { frames } from "./support/frames.ts";
import { wideLineage } from "./support/wide-lineage.ts";

/** The console in a real browser, over the real stack: what people do with it, and that all of them can. */

let api: ApiFixture;
let browser: Browser;
let origin: string;

const [ANN, VIC] = TOKENS.map(({ secret }) => secret) as [string, string];

beforeAll(async () => {
  const opening = openBrowser();
  await execa(process.execPath, [fileURLToPath(new URL("../bin/console.mjs", import.meta.url))]);
  api = await ApiFixture.open();
  await api.land("orders", "2026-01-02/one", order(1, 10));
  await api.land("orders", "2026-01-03/two", order(2, 20, "2026-01-03"));
  await api.land("clicks", "2026-01-02/one", "SELECT 1::BIGINT AS id, '/' AS page");
  await api.running.store.put(api.key("orders", "2026-01-04/broken"), Buffer.from("this is no Parquet file"));
  await api.running.settle();
  origin = await api.app.listen({ host: "127.0.0.1", port: 0 });
  browser = await opening;
});

afterAll(async () => {
  await browser?.close();
  await api?.close();
});

/** Opens a page of the console as somebody who has signed in. */
async function open(
  path: string,
  { token = ANN, ...look }: { token?: string } & Parameters<typeof openTab>[2] = {},
) {
  const tab = await openTab(browser, origin, look);
  await signIn(tab.page, token);
  await tab.page.goto(path);
  return tab;
}

async function signIn(page: Page, token: string): Promise<void> {
  await page.addInitScript({ content: `sessionStorage.setItem("lotus-token", ${JSON.stringify(token)})` });
}

/** Does something in a tab, which must end without a complaint of the browser's. */
async function within(tab: Tab, act: (page: Page) => Promise<void>): Promise<void> {
  try {
    await act(tab.page);
    expect(tab.complaints).toEqual([]);
  } finally {
    await tab.close();
  }
}

const seen = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();

test("is served to anybody: what is named by its content is kept for ever, the page that names it never", async () => {
  const get = (url: string, accept: string, token: string | null = null) =>
    api.call("GET", url, { token, headers: { accept, "accept-encoding": "gzip" } });
  const page = await get("/", "*/*");
  expect(page).toMatchObject({ status: 200, headers: { "cache-control": "no-store" } });
  expect(page.headers["content-security-policy"]).toContain("script-src 'self';");
  expect((await get("/assets/fct_orders", "text/html")).text).toBe(page.text);
  expect((await get("/assets/fct_orders", "application/json")).body).toMatchObject({ code: "NOT_FOUND" });

  const [script] = /\/static\/[^"]+\.js/.exec(page.text) ?? [];
  const { status, headers } = await get(script as string, "*/*");
  expect(status).toBe(200);
  expect(headers["cache-control"]).toContain("immutable");
  expect(headers["content-encoding"]).toBe("gzip");
  expect((await get("/static/gone.js", "*/*")).body).toMatchObject({ code: "NOT_FOUND" });
  expect((await get("/static/..%2f..%2f..%2fpackage.json", "*/*")).status).toBeGreaterThanOrEqual(400);

  expect((await get("/api/v1/nothing", "text/html")).body).toMatchObject({ code: "UNAUTHENTICATED" });
  expect((await get("/api/v1/nothing", "text/html", ANN)).body).toMatchObject({ code: "NOT_FOUND" });
});

test("asks for a token, refuses one that it does not know, and keeps it for the tab", async () => {
  const tab = await openTab(browser, origin);
  const { page } = tab;
  await page.goto("/streams");
  await page.getByLabel("Token").fill("not-a-token-that-is-known");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("This token is not known").waitFor();
  await picture(page, "sign-in");
  expect(await seriousFaults(page)).toEqual([]);
  await page.getByLabel("Token").fill(ANN);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "shop/orders" }).waitFor();
  await page.reload();
  await page.getByRole("link", { name: "shop/orders" }).waitFor();
  await seen(page, "ann, operator");
  expect(tab.complaints.filter((text) => !text.includes("401"))).toEqual([]);
  await tab.close();
});

test("lineage shows every asset with its state, and what a chosen one is made from", async () => {
  await within(await open("/"), async (page) => {
    await page.locator(".react-flow__node").first().waitFor();
    const { body } = await api.get("/assets");
    const keys = body.items.map(({ key }: { key: string }) => key);
    expect(keys).toHaveLength(7);
    for (const key of keys) await page.getByRole("group", { name: new RegExp(`^${key}: Fresh`) }).waitFor();
    const search = page.getByPlaceholder("Find an asset");
    await search.waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("fct_ord");
    await page.getByRole("option", { name: "fct_orders" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    const panel = page.getByRole("complementary", { name: "About fct_orders" });
    await panel.getByRole("link", { name: "int_shop__orders" }).waitFor();
    await picture(page, "lineage-chosen");
    await panel.getByRole("link", { name: "Open its page" }).click();
    await page.getByRole("heading", { name: "fct_orders" }).waitFor();
    await page.getByText("SELECT id, amount FROM int_shop__orders").waitFor();
  });
});

test("a stream is paused, a file waits, and once it is resumed its row arrives in the fact, live", async () => {
  await within(await open("/streams/shop/orders"), async (page) => {
    await page.getByRole("button", { name: "Pause shop/orders" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume shop/orders" }).waitFor();
    await api.land("orders", "2026-01-05/three", order(3, 30, "2026-01-05"));
    const waiting = page
      .locator("dl > div, section, div")
      .filter({ hasText: /^Files wait1/ })
      .last();
    await waiting.waitFor({ timeout: 30_000 });
    await picture(page, "stream-paused");
    const fact = await open("/assets/fct_orders");
    await fact.page.getByText(/^Rows2$/).waitFor();
    await page.getByRole("button", { name: "Resume shop/orders" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
    await page.getByRole("button", { name: "Pause shop/orders" }).waitFor();
    await fact.page.getByText(/^Rows3$/).waitFor({ timeout: 30_000 });
    await fact.close();
  });
});

test("a file that was set aside is shown with its reason, and dropped", async () => {
  await within(await open("/quarantine?search=broken"), async (page) => {
    await page.getByText("2026-01-04").or(page.getByText("day=04")).first().waitFor();
    await picture(page, "quarantine");
    await page.getByRole("button", { name: /^Drop raw\/shop/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Drop" }).click();
    await seen(page, "No file is like that");
  });
});

test("a backfill begins with what it would do, and is followed to its end", async () => {
  await within(await open("/backfills/new"), async (page) => {
    await page.getByRole("combobox", { name: "Their processed tables" }).fill("orders");
    await page.getByRole("option", { name: "shop/orders" }).click();
    await page.keyboard.press("Escape");
    await page.getByLabel("First day").fill("2026-01-02");
    await page.getByLabel("Last day").fill("2026-01-03");
    await page.getByRole("button", { name: "Show what would happen" }).click();
    const plan = page.getByRole("region", { name: "Tables" });
    await plan.getByText("2026-01-02 – 2026-01-03").waitFor();
    await seen(page, "fct_orders");
    await picture(page, "backfill-plan");
    await page.getByRole("button", { name: "Start this backfill" }).click();
    await page.getByText("Done", { exact: true }).first().waitFor({ timeout: 60_000 });
    await page
      .getByRole("progressbar", { name: /^1 of 1 chunks done/ })
      .first()
      .waitFor();
    await picture(page, "backfill-done");
  });
});

test("a query is written with completion, answered, drawn and downloaded", async () => {
  await within(await open("/query"), async (page) => {
    const editor = page.getByRole("textbox", { name: /^SQL/ });
    await editor.click();
    await seen(page, "fct_total");
    await page.keyboard.type("SELECT id, amount FROM fct_or");
    await page.getByRole("option", { name: "fct_orders" }).waitFor();
    await page.waitForTimeout(100);
    await page.keyboard.press("Enter");
    await page.keyboard.type(" ORDER BY id");
    await page.keyboard.press("Control+Enter");
    const grid = page.getByRole("grid", { name: "Query result" });
    await grid.getByText("20", { exact: true }).waitFor();
    expect(await grid.getAttribute("aria-rowcount")).toBe("4");
    const coming = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download as csv" }).click();
    const file = await (await coming).createReadStream();
    let csv = "";
    for await (const part of file) csv += part;
    expect(csv.trim().split(/\r?\n/)).toEqual(["id,amount", "1,10", "2,20", "3,30"]);
    await page.getByText("Chart", { exact: true }).click();
    await page.locator("canvas").waitFor();
    await picture(page, "query-chart");
  });
});

test("100,000 rows can be walked through", async () => {
  await within(await open("/query"), async (page) => {
    await page.getByRole("textbox", { name: /^SQL/ }).click();
    await page.keyboard.type(
      "SELECT range AS n, range * 2 AS twice, 'row ' || range AS text FROM range(100000) ORDER BY n",
    );
    await page.getByRole("combobox", { name: "At most so many rows" }).click();
    await page.getByRole("option", { name: "100,000 rows" }).click();
    await page.getByRole("button", { name: "Run" }).click();
    const grid = page.getByRole("grid", { name: "Query result" });
    await grid.getByText("row 0", { exact: true }).waitFor();
    await grid.hover();
    const { median, worst } = await frames(page, () => page.mouse.wheel(0, 3000));
    console.log(`100,000 rows scroll at ${median} ms a frame, ${worst} ms at worst`);
    expect(median).toBeLessThan(100);
    await grid.focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Control+End");
    await grid.getByText("row 99999", { exact: true }).waitFor();
    await picture(page, "query-100000");
  });
});

test("a lineage of 300 assets is moved and zoomed fluidly", async () => {
  const tab = await openTab(browser, origin);
  await within(tab, async (page) => {
    await signIn(page, ANN);
    await page.route("**/api/v1/lineage", (route) => route.fulfill({ json: wideLineage(300) }));
    await page.goto("/");
    await page.locator(".react-flow__node").first().waitFor();
    await page.locator(".react-flow__pane").hover();
    let turn = 0;
    const { median, worst } = await frames(page, () => {
      turn += 1;
      return page.mouse.wheel(0, turn % 8 < 4 ? -240 : 240);
    });
    console.log(`300 assets zoom at ${median} ms a frame, ${worst} ms at worst`);
    expect(median).toBeLessThan(100);
    await picture(page, "lineage-300");
  });
});

const PAGES = {
  lineage: "/",
  assets: "/assets",
  asset: "/assets/fct_orders",
  feeder: "/assets/feeder_shop_orders",
  streams: "/streams",
  stream: "/streams/shop/orders",
  ledger: "/streams/shop/orders?show=files",
  quarantine: "/quarantine",
  runs: "/runs",
  run: "/runs/feeder/shop/orders",
  backfills: "/backfills",
  "backfill-new": "/backfills/new",
  snapshots: "/snapshots?from=3&to=6",
  query: "/query#sql=SELECT%20*%20FROM%20fct_orders",
  nothing: "/nothing-here",
};

test.each([
  { scheme: "light", width: 1440 },
  { scheme: "dark", width: 1440 },
  { scheme: "light", width: 360 },
] as const)("no page has a serious fault or is too wide ($scheme, $width px)", async ({ scheme, width }) => {
  const tab = await open("/", { scheme, width, height: width === 360 ? 760 : 900 });
  await within(tab, async (page) => {
    for (const [name, path] of Object.entries(PAGES)) {
      await page.goto(path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await expect.poll(() => page.getByLabel("Loading").count(), { timeout: 60_000 }).toBe(0);
      await picture(page, `${name}-${width}-${scheme}`);
      expect(await seriousFaults(page), name).toEqual([]);
      const width_ = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      expect(width_, `${name} is wider than the screen`).toBeLessThanOrEqual(0);
    }
  });
});

test("a viewer may look, and is told why not to touch", async () => {
  await within(await open("/streams/shop/orders", { token: VIC }), async (page) => {
    await seen(page, "vic, viewer");
    const pause = page.getByRole("button", { name: "Pause shop/orders" });
    await pause.focus();
    await page.getByRole("tooltip").getByText("Your token may look and not touch").waitFor();
    await page.keyboard.press("Enter");
    expect(await page.getByRole("dialog").count()).toBe(0);
  });
});

test("says that Lotus is away", async () => {
  const tab = await open("/streams");
  await tab.page.getByRole("link", { name: "shop/orders" }).waitFor();
  await tab.page.getByText("Live", { exact: true }).filter({ visible: true }).waitFor();
  await api.app.close();
  await tab.page.getByRole("alert").getByText("The connection to Lotus is lost").waitFor();
  await tab.page.getByRole("link", { name: "Runs" }).click();
  await seen(tab.page, "Lotus cannot be reached");
  await picture(tab.page, "away");
  await tab.close();
});
