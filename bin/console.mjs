// Builds the console (console/dist) from its sources; in plain Node. `npm run console` does it by hand.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { checkNode, ensureInstalled, root, say } from "./install.mjs";
import { lock } from "./lock.mjs";
import { firstLines, runQuietly } from "./run.mjs";

const folder = join(root, "console");
const source = join(folder, "src");
/** Says which sources dist was built from. vite empties dist first, so a build that broke off leaves none. */
const stamp = join(folder, "dist", ".built-from");

/**
 * Builds the console unless console/dist is what its sources say. The packages for development must be installed. A
 * build that fails is told and ends nothing: a lake runs without a console, which then says what to run.
 * @returns whether the console is there.
 */
export async function ensureConsole() {
  if (isConsoleBuilt()) return true;
  const release = await lock(root, say);
  try {
    if (isConsoleBuilt()) return true;
    say("building the console, some seconds ...");
    const hash = hashOf(sources().files);
    const vite = join(root, "node_modules", "vite", "bin", "vite.js");
    const { code, output, seconds } = await runQuietly("vite build", process.execPath, [vite, "build"], {
      cwd: folder,
      say,
    });
    if (code !== 0) {
      say(firstLines(output));
      say(`the console could not be built (${code}); all else works without it. vite's messages are above.`);
      return false;
    }
    writeFileSync(stamp, hash);
    say(`console built in ${seconds} s`);
    return true;
  } finally {
    release();
  }
}

/**
 * Whether console/dist is what its sources say: a look at file times where nothing has changed. Files that are newer
 * and yet the same (another branch and back) are no change. A published package has its console built, and no sources.
 */
export function isConsoleBuilt() {
  if (!existsSync(source)) return true;
  if (!existsSync(stamp)) return false;
  const { files, newest } = sources();
  if (newest < statSync(stamp).mtimeMs) return true;
  if (readFileSync(stamp, "utf8") !== hashOf(files)) return false;
  try {
    utimesSync(stamp, new Date(), new Date());
  } catch {
    // Somebody else's files: they are read again the next time.
  }
  return true;
}

/** What the built console depends on. The times of folders count too: a file that is gone shows in its folder's. */
function sources() {
  const files = ["index.html", "package.json", "vite.config.ts"].map((name) => join(folder, name));
  files.push(join(root, "package-lock.json"));
  const folders = [source];
  for (const each of folders) {
    for (const entry of readdirSync(each, { withFileTypes: true }))
      (entry.isDirectory() ? folders : files).push(join(each, entry.name));
  }
  const newest = Math.max(...[...files, ...folders].map((path) => statSync(path).mtimeMs));
  return { files, newest };
}

function hashOf(files) {
  const hash = createHash("sha256");
  for (const file of files.toSorted()) {
    const content = readFileSync(file);
    hash.update(`${relative(root, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  checkNode();
  await ensureInstalled({ development: true });
  if (!(await ensureConsole())) process.exitCode = 1;
}
