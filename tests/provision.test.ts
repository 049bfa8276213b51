import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { hostname, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, inject, test, vi } from "vitest";
import { LotusError } from "../common/errors.ts";
import { cached, cacheFolder } from "../platform/cache.ts";
import { provisionExtensions } from "../platform/extensions.ts";
import { provisionGoTool } from "../platform/gotools.ts";
import { lockHolder, tryLock } from "../platform/lock.ts";
import { processStart } from "../platform/processes.ts";
import { step } from "../platform/progress.ts";
import { duckdbVersion, extensionWheels, goTools } from "../platform/versions.ts";
import { downloadWheel } from "../platform/wheels.ts";

/**
 * The ways to get a tool, with stand-ins for `go` and `pip` first on PATH: what is done when something is missing,
 * wrong or comes twice at once. That the real ways work is seen by every run on a fresh machine.
 */

let folder: string;
let programs: string;
let reported: string[];
const report = (line: string) => reported.push(line);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lotus-provision-test-"));
  programs = join(folder, "programs");
  mkdirSync(programs);
  reported = [];
  // Only what the stand-ins themselves need.
  for (const name of ["sh", "cp", "cat", "sleep"]) symlinkSync(whereIs(name), join(programs, name));
  vi.stubEnv("PATH", programs);
  vi.stubEnv("LOTUS_CACHE_DIR", join(folder, "cache"));
  for (const name of ["LOTUS_TEMPORAL_BIN", "LOTUS_VERSITYGW_BIN", "LOTUS_EXTENSION_DIR"])
    vi.stubEnv(name, undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function whereIs(name: string): string {
  const found = (process.env.PATH ?? "").split(delimiter).find((place) => existsSync(join(place, name)));
  return join(found ?? "/bin", name);
}

function program(name: string, script: string, place = programs): string {
  const path = join(place, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A Go that "builds" a script in 0.5 s, called by the last part of the command's path, and notes each build. */
function fakeGo(sum: string): void {
  program(
    "go",
    `case "$1 $2" in
      "version "*) echo "go version go1.26.1 linux/amd64" ;;
      "mod download") echo '{"Sum": "${sum}"}' ;;
      *) echo built >> ${join(folder, "builds")}; sleep 0.5
        for command; do :; done; program="\${command##*/}"; echo "#!/bin/sh" > "$GOBIN/\${program%@*}" ;;
    esac`,
  );
}

async function failure(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(LotusError);
  expect((error as LotusError).code).toBe("PROVISION_FAILED");
  expect((error as LotusError).message).not.toContain("\n");
  return (error as LotusError).message;
}

describe("tools written in Go", () => {
  test("a path in the environment comes first, and a wrong one is an error, not a reason to go on", async () => {
    const mine = program("mine", "exit 0", folder);
    vi.stubEnv("LOTUS_TEMPORAL_BIN", mine);
    expect(await provisionGoTool("temporal", report)).toBe(mine);
    vi.stubEnv("LOTUS_TEMPORAL_BIN", join(folder, "missing"));
    expect(await failure(provisionGoTool("temporal", report))).toMatch(/LOTUS_TEMPORAL_BIN names .*missing/);
    expect(reported).toEqual([]);
  });

  test("one on PATH is used in a fitting version only", async () => {
    const path = program("temporal", 'echo "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"');
    expect(await provisionGoTool("temporal", report)).toBe(path);
    program("temporal", 'echo "temporal version 1.1.0 (Server 1.25.0, UI 2.30.0)"');
    const message = await failure(provisionGoTool("temporal", report));
    expect(message).toContain(`PATH: ${path} is another version`);
  });

  test("with nothing to work with, the failure names each way and what to install", async () => {
    const message = await failure(provisionGoTool("versitygw", report));
    expect(message).toContain("PATH: none");
    expect(message).toMatch(/no pip: install Python's pip/);
    expect(message).toContain(`go install ${goTools.versitygw.command}@v1.8.0`);
    expect(message).toContain("LOTUS_VERSITYGW_BIN");
  });

  test("a module with another checksum is refused and nothing is built", async () => {
    fakeGo("h1:somethingElse=");
    const message = await failure(provisionGoTool("versitygw", report));
    expect(message).toMatch(
      /checksum of github.com\/versity\/versitygw@v1\.8\.0 is h1:somethingElse=.*refused/,
    );
    expect(existsSync(join(folder, "builds"))).toBe(false);
    expect(readdirSync(join(cacheFolder(), "versitygw-v1.8.0"))).toEqual([]);
  });

  test("two at once build once; the next finds it in the cache, without a word", async () => {
    fakeGo(goTools.versitygw.sum);
    const [one, two] = await Promise.all([
      provisionGoTool("versitygw", report),
      provisionGoTool("versitygw", report),
    ]);
    expect(one).toBe(two);
    expect(readFileLines(join(folder, "builds"))).toEqual(["built"]);
    expect(reported.some((line) => line.startsWith(`waiting for process ${process.pid}`))).toBe(true);
    const said = reported.length;
    expect(await provisionGoTool("versitygw", report)).toBe(one);
    expect(reported).toHaveLength(said);
  });

  test("a program that go install calls by another name is kept under its own", async () => {
    fakeGo(goTools["toxiproxy-server"].sum);
    const path = await provisionGoTool("toxiproxy-server", report);
    expect(path).toMatch(/toxiproxy-server-v2\.5\.0\/toxiproxy-server$/);
    expect(existsSync(path)).toBe(true);
  });

  test("a build that fails says why, and the next attempt starts afresh", async () => {
    program(
      "go",
      `[ "$1" = version ] && echo "go version go1.26.1 x/y" && exit; echo "no route to proxy" >&2; exit 1`,
    );
    expect(await failure(provisionGoTool("versitygw", report))).toContain(
      "go mod download: no route to proxy",
    );
    fakeGo(goTools.versitygw.sum);
    expect(existsSync(await provisionGoTool("versitygw", report))).toBe(true);
  });
});

describe("DuckDB extensions", () => {
  test("a prepared folder comes first, flat or laid out as DuckDB does", async () => {
    vi.stubEnv("LOTUS_EXTENSION_DIR", folder);
    writeFileSync(join(folder, "httpfs.duckdb_extension"), "");
    expect(await provisionExtensions(["httpfs"], report)).toEqual({
      httpfs: join(folder, "httpfs.duckdb_extension"),
    });
    const nested = join(folder, `v${duckdbVersion}`, "linux_amd64");
    mkdirSync(nested, { recursive: true });
    writeFileSync(join(nested, "ducklake.duckdb_extension"), "");
    expect(await provisionExtensions(["ducklake"], report)).toEqual({
      ducklake: join(nested, "ducklake.duckdb_extension"),
    });
    expect(await failure(provisionExtensions(["tpcds"], report))).toMatch(/holds no tpcds\.duckdb_extension/);
  });

  test("a wheel with another checksum is refused", async () => {
    const wheel = join(programs, "forged");
    const inside = `duckdb_extension_httpfs/extensions/v${duckdbVersion}/httpfs.duckdb_extension`;
    writeFileSync(wheel, zipSync({ [inside]: strToU8("forged") }));
    program(
      "python3",
      `while [ $# -gt 0 ]; do [ "$1" = --dest ] && cp ${wheel} "$2/httpfs-1.whl"; shift; done; exit 0`,
    );
    const download = downloadWheel("duckdb-extension-httpfs", duckdbVersion, extensionWheels.httpfs, folder);
    await expect(download).rejects.toThrow(/^checksum of httpfs-1\.whl is .*: refused$/);
  });

  test("what the run uses is of the DuckDB that package.json pins", async () => {
    const { dependencies } = createRequire(import.meta.url)("../package.json");
    expect(dependencies["@duckdb/node-api"].split("-")[0]).toBe(duckdbVersion);
    for (const path of Object.values(inject("tools").extensions)) expect(existsSync(path)).toBe(true);
  });
});

describe("the cache", () => {
  test("a build that is killed half-way leaves nothing that looks finished", async () => {
    const target = join(folder, "cache", "thing");
    await expect(
      cached(target, report, async (work) => {
        writeFileSync(join(work, "thing"), "half");
        throw new Error("broke off");
      }),
    ).rejects.toThrow("broke off");
    expect(existsSync(target)).toBe(false);
    const whole = await cached(target, report, async (work) => {
      expect(readdirSync(work)).toEqual([]);
      writeFileSync(join(work, "thing"), "whole");
      return join(work, "thing");
    });
    expect(readFileLines(whole)).toEqual(["whole"]);
    expect(readdirSync(join(folder, "cache"))).toEqual(["thing"]);
  });

  test("a step says that it starts, that it goes on, and how long it took", async () => {
    vi.useFakeTimers();
    try {
      const done = step(report, "long work", () => new Promise((resolve) => setTimeout(resolve, 40_000)));
      await vi.advanceTimersByTimeAsync(40_000);
      await done;
    } finally {
      vi.useRealTimers();
    }
    expect(reported).toEqual([
      "long work ...",
      "long work: still working, 15 s",
      "long work: still working, 30 s",
      "long work: done in 40.0 s",
    ]);
  });
});

describe("the lock", () => {
  const lockFile = () => join(folder, "lock");
  const write = (holder: Record<string, unknown>) =>
    writeFileSync(
      lockFile(),
      JSON.stringify({ started: null, host: hostname(), token: "theirs", ...holder }),
    );

  test("is held once, and free after release", () => {
    const first = tryLock(lockFile());
    expect(first.held).toBe(true);
    expect(tryLock(lockFile())).toMatchObject({ held: false, by: { pid: process.pid } });
    if (first.held) first.release();
    expect(lockHolder(lockFile())).toBeNull();
    expect(readdirSync(folder).filter((name) => name.startsWith("lock"))).toEqual([]);
  });

  test("of a process that ended is taken over, also when its pid was given to another", async () => {
    const other = spawn(whereIs("sleep"), ["60"], { env: { PATH: "/bin:/usr/bin" } });
    const pid = other.pid as number;
    write({ pid, started: processStart(pid) });
    expect(tryLock(lockFile())).toMatchObject({ held: false, by: { pid } });
    write({ pid, started: "some other time" });
    const reused = tryLock(lockFile());
    expect(reused.held).toBe(true);
    if (reused.held) reused.release();
    const started = processStart(pid);
    other.kill("SIGKILL");
    await new Promise((resolve) => other.once("exit", resolve));
    write({ pid, started });
    expect(tryLock(lockFile()).held).toBe(true);
  });

  test("of another machine counts as held; a damaged one does not", () => {
    write({ pid: 1, host: "another-machine" });
    expect(tryLock(lockFile())).toMatchObject({ held: false, by: { host: "another-machine" } });
    writeFileSync(lockFile(), "");
    expect(tryLock(lockFile()).held).toBe(true);
  });

  test("a late release does not free somebody else's lock", () => {
    const mine = tryLock(lockFile());
    write({ pid: process.pid, started: processStart(process.pid) });
    if (mine.held) mine.release();
    expect(lockHolder(lockFile())).toMatchObject({ token: "theirs" });
  });
});

function readFileLines(path: string): string[] {
  return readFileSync(path, "utf8").trimEnd().split("\n");
}
