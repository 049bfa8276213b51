import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

/**
 * Looks at every page of a console that runs (`npm run mock`, `npm run preview`): screenshots, axe, and what the
 * browser complains about.
 *   node dev/look.js [FOLDER] [WIDTHS] [SCHEMES] [PATHS]
 */
const [folder = "/tmp/console-shots", widths = "360,1280,2560", schemes = "light,dark", only = ""] =
  process.argv.slice(2);
const ORIGIN = "http://127.0.0.1:4173";
const PAGES = {
  lineage: "/",
  "lineage-asset": "/?asset=fct_sales",
  assets: "/assets",
  asset: "/assets/fct_sales",
  "asset-failed": "/assets/int_stripe__charges",
  feeder: "/assets/feeder_shopify_orders",
  streams: "/streams",
  stream: "/streams/shopify/orders",
  "stream-files": "/streams/shopify/orders?show=files",
  quarantine: "/quarantine",
  runs: "/runs",
  run: "/runs/materialize/fct_sales",
  backfills: "/backfills",
  "backfill-new": "/backfills/new",
  backfill: "/backfills/7d1f0a52c6e84b1fa2f09c1de7b3a410",
  snapshots: "/snapshots?from=400&to=412",
  query: "/query#sql=SELECT%20*%20FROM%20fct_sales",
};
const HEIGHTS = { 360: 760, 1280: 800, 2560: 1440 };
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
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
let faults = 0;
for (const colorScheme of schemes.split(",")) {
  for (const width of widths.split(",").map(Number)) {
    // axe is put in by us, which the page's own policy would refuse.
    const context = await browser.newContext({
      colorScheme,
      viewport: { width, height: HEIGHTS[width] ?? 800 },
      bypassCSP: true,
    });
    const page = await context.newPage();
    let name = "";
    page.on("console", (message) => message.type() === "error" && fault(name, message.text()));
    page.on("pageerror", (error) => fault(name, error.message));
    for (const [id, path] of Object.entries(PAGES)) {
      if (only !== "" && !only.split(",").includes(id)) continue;
      name = `${id}-${width}-${colorScheme}`;
      await page.goto("about:blank");
      await page.goto(ORIGIN + path);
      await page.waitForTimeout(1200);
      if (id === "query") {
        await page.getByRole("button", { name: "Run" }).click();
        await page.waitForTimeout(700);
      }
      await page.screenshot({ path: `${folder}/${name}.png` });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (wide > 0) fault(name, `is ${wide} px wider than the screen`);
      await page.addScriptTag({ path: axe });
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      for (const { impact, id: rule, nodes } of violations)
        if (impact === "serious" || impact === "critical")
          fault(
            name,
            `${rule} (${impact}): ${nodes.length} × ${nodes[0].html.slice(0, 160)} ${nodes[0].failureSummary.slice(0, 300)}`,
          );
    }
    await context.close();
  }
}
await browser.close();
console.log(faults === 0 ? "no faults" : `${faults} faults`);

function fault(name, text) {
  faults += 1;
  console.log(`${name}: ${text.replace(/\s+/g, " ")}`);
}
