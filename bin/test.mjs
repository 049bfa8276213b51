#!/usr/bin/env node
// `npm test`: packages, the console, lint, type checks, provisioning, then vitest with the arguments given. The exit
// code is 0 only if all of it passed; the last line is `N passed, N failed`, where lint and each type check are one.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureConsole } from "./console.mjs";
import { checkNode, ensureInstalled, root } from "./install.mjs";

checkNode();
await ensureInstalled({ development: true });
await ensureConsole();

const totals = { passed: 0, failed: 0 };
let running = null;
let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    interrupted = true;
    running?.kill(signal);
  });
}

await check("lint", "@biomejs/biome/bin/biome", ["check"]);
await check("typecheck", "typescript/bin/tsc", ["--noEmit"]);
await check("typecheck of the console", "typescript/bin/tsc", ["--noEmit", "-p", "console"]);
await runVitest(process.argv.slice(2));
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 && !interrupted ? 0 : 1;

/** One check that passes or fails as a whole. */
async function check(title, program, args) {
  if (interrupted) return;
  console.log(`${title} ...`);
  const code = await run(program, args);
  totals[code === 0 ? "passed" : "failed"] += 1;
  console.log(`${title}: ${code === 0 ? "passed" : "failed"}`);
}

/** vitest's global set-up provisions, with progress. A run that breaks off without a result is one failure. */
async function runVitest(args) {
  if (interrupted) return;
  const folder = mkdtempSync(join(tmpdir(), "lotus-test-"));
  const results = join(folder, "results.json");
  const code = await run("vitest/vitest.mjs", [
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${results}`,
    ...args,
  ]);
  const { passed, failed } = readResults(results);
  totals.passed += passed;
  totals.failed += failed === 0 && code !== 0 ? 1 : failed;
  rmSync(folder, { recursive: true, force: true });
}

/** A test file that could not be loaded has no tests of its own: it counts as one failure. */
function readResults(file) {
  try {
    const report = JSON.parse(readFileSync(file, "utf8"));
    const unloaded = report.testResults.filter(
      (suite) =>
        suite.status === "failed" && !suite.assertionResults.some((test) => test.status === "failed"),
    );
    return { passed: report.numPassedTests, failed: report.numFailedTests + unloaded.length };
  } catch {
    return { passed: 0, failed: 0 };
  }
}

function run(program, args) {
  return new Promise((resolve) => {
    running = spawn(process.execPath, [join(root, "node_modules", program), ...args], {
      cwd: root,
      stdio: "inherit",
    });
    running.on("close", (code) => {
      running = null;
      resolve(code ?? 1);
    });
  });
}
