import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { unzipSync } from "fflate";
import { LotusError, messageOf } from "../common/errors.ts";
import { cached, cacheFolder } from "./cache.ts";
import { firstLine, type Report, step } from "./progress.ts";
import { duckdbVersion, type ExtensionName, extensionWheels } from "./versions.ts";
import { downloadWheel } from "./wheels.ts";

/** How long DuckDB's own server has for one extension (up to 15 MB). */
const officialMilliseconds = 30_000;

const probe = fileURLToPath(new URL("duckdb-probe.mjs", import.meta.url));

/**
 * Makes sure that the named DuckDB extensions are on this machine, and returns the absolute path of each, for
 * `LOAD '<path>'`. DuckDB checks its own signature on every LOAD, wherever a file came from.
 * @throws LotusError PROVISION_FAILED with each way that was tried and what to install by hand.
 */
export async function provisionExtensions<Name extends ExtensionName>(
  names: readonly Name[],
  report: Report,
): Promise<Record<Name, string>> {
  const paths: [Name, string][] = [];
  // Once DuckDB's server proved out of reach, the others do not wait for it again.
  const official: OfficialServer = { unreachable: null };
  for (const name of names) paths.push([name, await provisionExtension(name, official, report)]);
  return Object.fromEntries(paths) as Record<Name, string>;
}

interface OfficialServer {
  unreachable: string | null;
}

async function provisionExtension(
  name: ExtensionName,
  official: OfficialServer,
  report: Report,
): Promise<string> {
  const given = process.env.LOTUS_EXTENSION_DIR;
  if (given) return findInFolder(given, name);
  const file = `${name}.duckdb_extension`;
  const target = join(cacheFolder(), `duckdb-${duckdbVersion}`, file);
  return cached(target, report, (work) =>
    step(report, `DuckDB extension ${name} ${duckdbVersion}`, async () => {
      const reasons: string[] = [];
      for (const [way, get] of [
        ["DuckDB's server", () => installOfficially(name, official, work)],
        ["package registry", () => unpackWheel(name, join(work, file), work)],
      ] as const) {
        try {
          const path = await get();
          await verify(path);
          return path;
        } catch (error) {
          reasons.push(`${way}: ${firstLine(messageOf(error))}`);
        }
      }
      throw new LotusError(
        "PROVISION_FAILED",
        `DuckDB extension ${name} ${duckdbVersion} could not be had (${reasons.join("; ")}). ` +
          `Put ${file} of DuckDB ${duckdbVersion} into a folder and set LOTUS_EXTENSION_DIR to it.`,
      );
    }),
  );
}

/** The file in a folder that someone prepared: flat, or laid out as DuckDB's own extension directory. */
function findInFolder(folder: string, name: ExtensionName): string {
  const file = `${name}.duckdb_extension`;
  const versioned = join(folder, `v${duckdbVersion}`);
  const platforms = existsSync(versioned)
    ? readdirSync(versioned).map((entry) => join(versioned, entry))
    : [];
  for (const place of [folder, ...platforms]) {
    if (existsSync(join(place, file))) return resolve(place, file);
  }
  throw new LotusError(
    "PROVISION_FAILED",
    `LOTUS_EXTENSION_DIR (${folder}) holds no ${file}. Put the one of DuckDB ${duckdbVersion} there, or unset the variable.`,
  );
}

/** DuckDB's INSTALL: it downloads, and checks DuckDB's signature. */
async function installOfficially(
  name: ExtensionName,
  official: OfficialServer,
  work: string,
): Promise<string> {
  if (official.unreachable !== null) throw new Error(official.unreachable);
  const folder = join(work, "install");
  mkdirSync(folder, { recursive: true });
  const run = await execa(process.execPath, [probe, "install", name, folder], {
    reject: false,
    timeout: officialMilliseconds,
    killSignal: "SIGKILL",
    stdin: "ignore",
  });
  if (run.failed) {
    const reason = run.timedOut ? `no answer within ${officialMilliseconds / 1000} s` : firstLine(run.stderr);
    if (run.timedOut || /Could not establish connection|resolve|Connection/i.test(run.stderr)) {
      official.unreachable = "out of reach";
    }
    throw new Error(reason);
  }
  const file = `${name}.duckdb_extension`;
  const found = readdirSync(folder, { recursive: true, encoding: "utf8" }).find((path) =>
    path.endsWith(file),
  );
  if (!found) throw new Error("INSTALL left no file behind");
  return join(folder, found);
}

async function unpackWheel(name: ExtensionName, target: string, work: string): Promise<string> {
  const folder = join(work, "wheel");
  mkdirSync(folder, { recursive: true });
  const distribution = `duckdb-extension-${name.replaceAll("_", "-")}`;
  const wheel = await downloadWheel(distribution, duckdbVersion, extensionWheels[name], folder);
  const inside = `extensions/v${duckdbVersion}/${name}.duckdb_extension`;
  const entries = unzipSync(wheel, { filter: (entry) => entry.name.endsWith(inside) });
  const bytes = Object.values(entries)[0];
  if (!bytes) throw new Error(`the wheel holds no ${inside}`);
  writeFileSync(target, bytes);
  return target;
}

/** Loads the extension once, in a process of its own: signature, DuckDB version and platform must be right. */
async function verify(path: string): Promise<void> {
  const run = await execa(process.execPath, [probe, "load", path], {
    reject: false,
    timeout: 60_000,
    stdin: "ignore",
  });
  if (run.failed) throw new Error(`DuckDB does not load it: ${firstLine(run.stderr)}`);
}
