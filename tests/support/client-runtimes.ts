import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { messageOf } from "../../common/errors.ts";
import { cached, cacheFolder } from "../../platform/cache.ts";
import { firstLine, step } from "../../platform/progress.ts";

/** A program of this machine, with what a client needs of it. */
export interface Runtime {
  command: string;
  args: readonly string[];
  environment: Record<string, string>;
}

/** Why there is none. */
export interface Missing {
  missing: string;
}

const CLIENTS = "tests/clients";
const MINUTES = 60_000;

/** A program that is there. */
export async function program(command: string): Promise<Runtime | Missing> {
  return orMissing(async () => {
    await answer(command, ["--version"]);
    return { command, args: [], environment: {} };
  });
}

/** Python with the packages of a requirements.txt in `tests/clients`. */
export async function pythonWith(requirements: string): Promise<Runtime | Missing> {
  return orMissing(async () => {
    const print = "import sys; print(sys.implementation.cache_tag, sys.version_info >= (3, 10))";
    const [tag, isNew] = (await answer("python3", ["-c", print])).split(" ");
    if (isNew !== "True") throw new Error("Python is older than 3.10");
    await answer("python3", ["-m", "pip", "--version"]);
    const file = join(CLIENTS, requirements);
    const target = join(cacheFolder(), "clients", `${tag}-${digest([file])}`);
    const install = ["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"];
    await cached(target, report, (work) =>
      step(report, `Python packages of ${file}`, async () => {
        const packages = join(work, "packages");
        await make("python3", [...install, "--target", packages, "--requirement", file]);
        return packages;
      }),
    );
    const environment = { PYTHONPATH: target, PYTHONDONTWRITEBYTECODE: "1", PYTHONUTF8: "1" };
    return { command: "python3", args: [], environment };
  });
}

const PGJDBC = {
  name: "postgresql-42.7.8.jar",
  coordinates: "org.postgresql:postgresql:42.7.8",
  sha256: "2a32a9dcbc42d67a50ad3a0de5efd102c8d2be46720045f2cbd6689f160ab7c7",
};

/** Java that runs a source file, with pgjdbc. */
export async function javaWithPgjdbc(): Promise<Runtime | Missing> {
  return orMissing(async () => {
    const version = /(\d+)/.exec(await answer("java", ["--version"]))?.[1];
    if (Number(version) < 17) throw new Error("Java is older than 17");
    if (!(await answer("java", ["--list-modules"])).includes("jdk.compiler"))
      throw new Error("Java has no compiler");
    await answer("mvn", ["--version"]);
    const jar = await cached(join(cacheFolder(), "clients", PGJDBC.name), report, (work) =>
      step(report, `pgjdbc (${PGJDBC.coordinates})`, async () => {
        const copy = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy";
        const what = [`-Dartifact=${PGJDBC.coordinates}`, `-DoutputDirectory=${work}`];
        await make("mvn", ["--quiet", "--batch-mode", copy, ...what], work);
        const made = join(work, PGJDBC.name);
        const sha256 = createHash("sha256").update(readFileSync(made)).digest("hex");
        if (sha256 !== PGJDBC.sha256) throw new Error(`checksum of ${PGJDBC.name} is ${sha256}: refused`);
        return made;
      }),
    );
    return { command: "java", args: ["-classpath", jar], environment: {} };
  });
}

/** The client in Go, built. */
export async function goClient(): Promise<Runtime | Missing> {
  return orMissing(async () => {
    const version = /go1\.(\d+)/.exec(await answer("go", ["version"], { GOTOOLCHAIN: "local" }))?.[1];
    if (Number(version) < 25) throw new Error("Go is older than 1.25");
    const folder = join(CLIENTS, "go");
    const sources = ["go.mod", "go.sum", "main.go"].map((file) => join(folder, file));
    const target = join(cacheFolder(), "clients", `go-${digest(sources)}`);
    const command = await cached(target, report, (work) =>
      step(report, "building the client in Go", async () => {
        const made = join(work, "client");
        await make("go", ["build", "-o", made, "."], folder, { CGO_ENABLED: "0", GOTOOLCHAIN: "local" });
        return made;
      }),
    );
    return { command, args: [], environment: {} };
  });
}

/** unixODBC's `isql`, where PostgreSQL's driver is known to it under its usual name. */
export async function isql(): Promise<Runtime | Missing> {
  return orMissing(async () => {
    const driver = await answer("odbcinst", ["-q", "-d", "-n", ODBC_DRIVER]);
    if (!driver.includes("Driver")) throw new Error(`ODBC has no driver called ${ODBC_DRIVER}`);
    await answer("isql", ["--version"]);
    return { command: "isql", args: [], environment: {} };
  });
}

export const ODBC_DRIVER = "PostgreSQL Unicode";

function report(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function orMissing(provide: () => Promise<Runtime>): Promise<Runtime | Missing> {
  try {
    return await provide();
  } catch (error) {
    return { missing: firstLine(messageOf(error)) };
  }
}

/** What a program says. @throws Error when it is not there, or has nothing to say. */
async function answer(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const said = await execa(command, args, { reject: false, stdin: "ignore", timeout: MINUTES, env });
  const what = args[0] === "-m" ? `${command} with ${args[1]}` : command;
  if (said.failed) throw new Error(`no ${what} here`);
  return said.stdout.trim();
}

async function make(
  command: string,
  args: readonly string[],
  cwd = ".",
  env: Record<string, string> = {},
): Promise<void> {
  const made = await execa(command, args, {
    reject: false,
    stdin: "ignore",
    timeout: 15 * MINUTES,
    cwd,
    env,
  });
  const lines = `${made.stderr}\n${made.stdout}`.split("\n");
  const reason = lines.find((line) => /error/i.test(line)) ?? made.shortMessage ?? "failed";
  if (made.failed) throw new Error(`${command}: ${firstLine(reason)}`);
}

/** Names a folder after what its content depends on. */
function digest(files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 12);
}
