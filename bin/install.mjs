// What both entries do first, in plain Node: check Node's version, and make sure that node_modules is what
// package-lock.json says.
import { spawn } from "node:child_process";
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const oldestNode = [20, 19];

/** Ends the process with a clear message on a Node that is too old. */
export function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  process.stderr.write(
    `Lotus needs Node ${oldestNode.join(".")} or newer; this is ${process.versions.node}. Install it from https://nodejs.org.\n`,
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
  const say = (line) => process.stderr.write(`${line}\n`);
  const release = await lock(say);
  try {
    if (isInstalled(development)) return;
    say("installing packages with npm ci, about a minute the first time ...");
    const start = Date.now();
    const heartbeat = setInterval(
      () => say(`npm ci: still working, ${Math.round((Date.now() - start) / 1000)} s`),
      15_000,
    );
    const { code, output } = await npm(["ci", ...(development ? ["--include=dev"] : [])]);
    clearInterval(heartbeat);
    if (code !== 0 || !isInstalled(development)) {
      // npm ends with pages of usage; the cause comes first.
      say(output.trimEnd().split("\n").slice(0, 40).join("\n"));
      say(
        code === 0
          ? "npm ci left packages out. Check npm's `omit` setting and NODE_ENV, then try again."
          : `npm ci failed (${code}). Its messages are above; correct the cause and try again.`,
      );
      release();
      process.exit(1);
    }
    say(`packages installed in ${((Date.now() - start) / 1000).toFixed(1)} s`);
  } finally {
    release();
  }
}

/** npm writes what it installed to a lock file of its own, at the end: compare the two. */
function isInstalled(development) {
  const wanted = readPackages(join(root, "package-lock.json"));
  const installed = readPackages(join(root, "node_modules", ".package-lock.json"));
  if (wanted === null) return installed !== null || existsSync(join(root, "node_modules", "tsx"));
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
  return new Promise((resolve) => {
    const child = spawn(command, [...first, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (output += data));
    child.on("error", (error) => resolve({ code: 127, output: `npm cannot be run: ${error.message}` }));
    child.on("close", (code, signal) => resolve({ code: code ?? signal, output }));
  });
}

/** A lock file with the holder's pid, linked into place so that it is never seen empty. */
async function lock(say) {
  const folder = join(root, ".lotus");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "install.lock");
  const draft = `${file}.${process.pid}`;
  let told = false;
  for (;;) {
    try {
      writeFileSync(draft, String(process.pid));
      linkSync(draft, file);
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    } finally {
      rmSync(draft, { force: true });
    }
    const holder = readHolder(file);
    if (holder !== null && !isAlive(holder)) {
      setAside(file, holder);
      continue;
    }
    if (!told) say(`waiting for process ${holder ?? "?"}, which is installing packages`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** Moves a dead holder's lock away; somebody else's, taken in between, is put back. */
function setAside(file, deadHolder) {
  const aside = `${file}.dead-${process.pid}`;
  try {
    renameSync(file, aside);
    if (readHolder(aside) !== deadHolder) linkSync(aside, file);
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function readHolder(file) {
  try {
    return Number(readFileSync(file, "utf8")) || null;
  } catch {
    return null;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
