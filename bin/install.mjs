// What both entries do first, in plain Node: check Node's version, and make sure that node_modules is what
// package-lock.json says.
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { lock } from "./lock.mjs";
import { firstLines, runQuietly } from "./run.mjs";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const oldestNode = [20, 19];

export const say = (line) => process.stderr.write(`${line}\n`);

/** Ends the process with a clear message on a Node that is too old. */
export function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  say(
    `Lotus needs Node ${oldestNode.join(".")} or newer; this is ${process.versions.node}. Install it from https://nodejs.org.`,
  );
  process.exit(1);
}

/**
 * Runs `npm ci` unless node_modules holds every package of package-lock.json in its version. Optional packages do
 * not count (they are for other platforms), and those for development only with `development`. Of two processes at
 * once, one installs and the other waits. Ends the process when npm fails.
 */
export async function ensureInstalled({ development }) {
  if (isInstalled(development)) return;
  const release = await lock(root, say);
  try {
    if (isInstalled(development)) return;
    say("installing packages with npm ci, about a minute the first time ...");
    const { code, output, seconds } = await npm(["ci", ...(development ? ["--include=dev"] : [])]);
    if (code !== 0 || !isInstalled(development)) {
      say(firstLines(output));
      say(
        code === 0
          ? "npm ci left packages out. Check npm's `omit` setting and NODE_ENV, then try again."
          : `npm ci failed (${code}). Its messages are above; correct the cause and try again.`,
      );
      release();
      process.exit(1);
    }
    say(`packages installed in ${seconds} s`);
  } finally {
    release();
  }
}

/**
 * npm writes what it installed to a lock file of its own, at the end: compare the two. Without a package-lock.json
 * this is the published package, whose packages npm has installed with it.
 */
function isInstalled(development) {
  const wanted = readPackages(join(root, "package-lock.json"));
  if (wanted === null) return true;
  const installed = readPackages(join(root, "node_modules", ".package-lock.json"));
  if (installed === null) return false;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === "" ||
      entry.optional ||
      entry.devOptional ||
      (entry.dev && !development) ||
      installed[path]?.version === entry.version,
  );
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return null;
  }
}

/** Started by npm, use that npm; it is run by this Node. */
function npm(args) {
  const ours = process.env.npm_execpath;
  const [command, first] = ours && basename(ours) === "npm-cli.js" ? [process.execPath, [ours]] : ["npm", []];
  return runQuietly("npm ci", command, [...first, ...args], { cwd: root, say });
}
