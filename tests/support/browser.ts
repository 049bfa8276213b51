import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { provideChromium } from "./chromium.ts";

/** Where pictures of the console land; not kept. */
const SCREENSHOTS = fileURLToPath(new URL("../.screenshots/", import.meta.url));
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** A headless Chromium, with nothing of its own that would go out into the network. */
export async function openBrowser(): Promise<Browser> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  return chromium.launch({
    executablePath: await provideChromium(),
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export interface Look {
  width?: number;
  height?: number;
  scheme?: "light" | "dark";
}

/** A tab, and what the browser complained about in it: errors of scripts, of the policy, of what was to be loaded. */
export interface Tab {
  page: Page;
  complaints: string[];
  close(): Promise<void>;
}

/** Opens a tab with a session of its own at a console. */
export async function openTab(browser: Browser, origin: string, look: Look = {}): Promise<Tab> {
  const { width = 1440, height = 900, scheme = "light" } = look;
  const context: BrowserContext = await browser.newContext({
    baseURL: origin,
    colorScheme: scheme,
    viewport: { width, height },
    permissions: ["clipboard-write"],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  return { page, complaints, close: () => context.close() };
}

/** Takes a picture for people to look at: tests/.screenshots/NAME.png. */
export async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

interface AxeResult {
  violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
}

/** What axe finds serious or critical on the page as it is: one line each. */
export async function seriousFaults(page: Page): Promise<string[]> {
  // Through the debugger, since the page's own policy takes no script from elsewhere.
  await page.evaluate(readFileSync(AXE, "utf8"));
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResult> } }).axe.run(),
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.length} × ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
}
