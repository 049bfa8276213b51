import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

/** bin/lotus.mjs in a clone of its own, with a stand-in for npm that notes its arguments and "installs". */

const bin = fileURLToPath(new URL("../bin", import.meta.url));

let clone: string;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "lotus-install-test-"));
  cpSync(bin, join(clone, "bin"), { recursive: true });
  mkdirSync(join(clone, "cli"));
  writeFileSync(join(clone, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(clone, "cli", "main.ts"), 'console.log("cli", ...process.argv.slice(2));');
  lockPackages({ tsx: { version: "1.0.0" } });
  npmThat("writeFileSync('node_modules/.package-lock.json', readFileSync('package-lock.json'));");
});

afterEach(() => rmSync(clone, { recursive: true, force: true }));

function lockPackages(
  packages: Record<string, { version: string; dev?: boolean; optional?: boolean }>,
): void {
  const entries = Object.entries(packages).map(([name, entry]) => [`node_modules/${name}`, entry]);
  writeFileSync(
    join(clone, "package-lock.json"),
    JSON.stringify({ packages: { "": { version: "0.1.0" }, ...Object.fromEntries(entries) } }),
  );
}

function npmThat(finishes: string): void {
  writeFileSync(
    join(clone, "npm-cli.js"),
    `import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
    appendFileSync("npm-calls", process.argv.slice(2).join(" ") + "\\n");
    mkdirSync("node_modules/tsx/dist", { recursive: true });
    writeFileSync("node_modules/tsx/package.json", JSON.stringify({ name: "tsx", type: "module", exports: { "./esm/api": "./api.js" } }));
    writeFileSync("node_modules/tsx/api.js", 'import { register as hooks } from "node:module"; export const register = () => hooks("data:text/javascript," + encodeURIComponent("export const load = (url, context, next) => next(url, url.endsWith(\\\\".ts\\\\") ? { ...context, format: \\\\"module\\\\" } : context);"));');
    await new Promise((resolve) => setTimeout(resolve, 300));
    ${finishes}`,
  );
}

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

function lotus(...args: string[]): Promise<Outcome> {
  const run = spawn(process.execPath, [join(clone, "bin", "lotus.mjs"), ...args], {
    cwd: tmpdir(),
    env: { ...process.env, npm_execpath: join(clone, "npm-cli.js"), NODE_OPTIONS: "" },
  });
  const outcome = { stdout: "", stderr: "" };
  run.stdout.on("data", (data) => {
    outcome.stdout += data;
  });
  run.stderr.on("data", (data) => {
    outcome.stderr += data;
  });
  return new Promise((resolve) => run.on("close", (code) => resolve({ code, ...outcome })));
}

const npmCalls = () =>
  existsSync(join(clone, "npm-calls"))
    ? readFileSync(join(clone, "npm-calls"), "utf8").trimEnd().split("\n")
    : [];

test("installs before the first run, says so, and passes the arguments on", async () => {
  const first = await lotus("up", "--once");
  expect(first).toMatchObject({ code: 0, stdout: "cli up --once\n" });
  expect(first.stderr).toMatch(/^installing packages with npm ci.*\npackages installed in/);
  expect(await lotus("up")).toEqual({ code: 0, stdout: "cli up\n", stderr: "" });
  expect(npmCalls()).toEqual(["ci"]);
});

test("installs again when package-lock.json asks for another version, not for development or other platforms", async () => {
  await lotus();
  lockPackages({ tsx: { version: "1.0.0" }, vitest: { version: "1.0.0", dev: true } });
  await lotus();
  lockPackages({ tsx: { version: "1.0.0" }, "sharp-windows": { version: "1.0.0", optional: true } });
  await lotus();
  expect(npmCalls()).toEqual(["ci"]);
  lockPackages({ tsx: { version: "1.0.1" } });
  await lotus();
  expect(npmCalls()).toEqual(["ci", "ci"]);
});

test("of two at once one installs and both run", async () => {
  const outcomes = await Promise.all([lotus("one"), lotus("two")]);
  expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
  expect(outcomes.map(({ stdout }) => stdout).sort()).toEqual(["cli one\n", "cli two\n"]);
  expect(npmCalls()).toEqual(["ci"]);
  expect(outcomes.filter(({ stderr }) => stderr.includes("waiting for process"))).toHaveLength(1);
});

test("a dead installer's lock is no obstacle", async () => {
  const dead = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => dead.once("close", resolve));
  mkdirSync(join(clone, ".lotus"));
  writeFileSync(join(clone, ".lotus", "install.lock"), String(dead.pid));
  expect((await lotus()).code).toBe(0);
  expect(readdirSync(join(clone, ".lotus"))).toEqual([]);
});

test("shows npm's words only when it fails, and can be tried again", async () => {
  npmThat("console.error('npm error network is down'); process.exit(7);");
  const failed = await lotus();
  expect(failed.code).toBe(1);
  expect(failed.stdout).toBe("");
  expect(failed.stderr).toMatch(/npm error network is down\nnpm ci failed \(7\)/);
  expect(readdirSync(join(clone, ".lotus"))).toEqual([]);
  npmThat("writeFileSync('node_modules/.package-lock.json', readFileSync('package-lock.json'));");
  expect((await lotus()).code).toBe(0);
});

/** Sources of a console, and a stand-in for vite that notes when it is called. */
function consoleThat(builds: string): void {
  mkdirSync(join(clone, "console", "src", "pages"), { recursive: true });
  for (const file of ["index.html", "package.json", "vite.config.ts", "src/main.tsx", "src/pages/Page.tsx"])
    writeFileSync(join(clone, "console", file), "");
  mkdirSync(join(clone, "node_modules", "vite", "bin"), { recursive: true });
  writeFileSync(
    join(clone, "node_modules", "vite", "bin", "vite.js"),
    `const { appendFileSync, mkdirSync, rmSync, writeFileSync } = require("node:fs");
    appendFileSync("../vite-calls", process.argv.slice(2).join(" ") + "\\n");
    rmSync("dist", { recursive: true, force: true });
    ${builds}`,
  );
}

const BUILDS = "mkdirSync('dist'); writeFileSync('dist/index.html', 'built');";

const viteCalls = () =>
  existsSync(join(clone, "vite-calls"))
    ? readFileSync(join(clone, "vite-calls"), "utf8").trimEnd().split("\n").length
    : 0;

test("builds the console before it is served, and again only when a source is another", async () => {
  consoleThat(BUILDS);
  await lotus("status");
  expect(viteCalls()).toBe(0);
  expect((await lotus("up")).stderr).toMatch(/building the console.*\nconsole built in/);
  expect(await lotus("up")).toEqual({ code: 0, stdout: "cli up\n", stderr: "" });
  await lotus("api");
  expect(viteCalls()).toBe(1);

  const page = join(clone, "console", "src", "pages", "Page.tsx");
  const later = new Date(Date.now() + 3_600_000);
  utimesSync(page, later, later);
  await lotus("up");
  expect(viteCalls()).toBe(1);
  writeFileSync(page, "another");
  utimesSync(page, later, later);
  await lotus("up");
  expect(viteCalls()).toBe(2);
  rmSync(page);
  utimesSync(join(page, ".."), later, later);
  await lotus("up");
  expect(viteCalls()).toBe(3);
});

test("a console that cannot be built is told, and the lake runs without; a published one is never built", async () => {
  consoleThat("console.error('no such import'); process.exit(3);");
  const outcome = await lotus("up");
  expect(outcome).toMatchObject({ code: 0, stdout: "cli up\n" });
  expect(outcome.stderr).toMatch(/no such import\nthe console could not be built \(3\)/);
  rmSync(join(clone, "console", "src"), { recursive: true });
  await lotus("up");
  expect(viteCalls()).toBe(1);
});
