// Builds the console (console/dist) where it is missing or older than its sources; in plain Node.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root, say } from "./install.mjs";
import { lock } from "./lock.mjs";
import { firstLines, runQuietly } from "./run.mjs";

const folder = join(root, "console");
/** Says which sources dist was built from; vite empties dist first, so a build that broke off leaves none. */
const stamp = join(folder, "dist", ".built-from");

/**
 * Makes sure that console/dist is what its sources say; a look at file times where nothing has changed. A published
 * package has no sources, and its console built. A build that fails is told and ends nothing: a lake runs without a
 * console, which then says what to run.
 */
export async function ensureConsole() {
  if (!existsSync(join(folder, "src")) || isBuilt()) return;
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  if (!existsSync(vite)) {
    say("the console is not built: its packages were left out. `npm ci --include=dev` installs them.");
    return;
  }
  const release = await lock(root, say);
  try {
    if (isBuilt()) return;
    say("building the console, some seconds ...");
    const hash = hashOf(sources().files);
    const { code, output, seconds } = await runQuietly("vite build", process.execPath, [vite, "build"], {
      cwd: folder,
      say,
    });
    if (code !== 0) {
      say(firstLines(output));
      say(`the console could not be built (${code}); all else works without it. vite's messages are above.`);
      return;
    }
    writeFileSync(stamp, hash);
    say(`console built in ${seconds} s`);
  } finally {
    release();
  }
}

/** Files that are newer and yet the same (a fresh clone of a built folder, another branch and back) are no change. */
function isBuilt() {
  if (!existsSync(stamp)) return false;
  const { files, newest } = sources();
  if (newest < statSync(stamp).mtimeMs) return true;
  if (readFileSync(stamp, "utf8") !== hashOf(files)) return false;
  utimesSync(stamp, new Date(), new Date());
  return true;
}

/** What the built console depends on. The times of folders count too: a file that is gone shows in its folder's. */
function sources() {
  const files = ["index.html", "package.json", "vite.config.ts"].map((name) => join(folder, name));
  files.push(join(root, "package-lock.json"));
  const folders = [join(folder, "src")];
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
