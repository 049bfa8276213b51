import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { translateError } from "../lake/faults.ts";
import { Lake } from "../lake/lake.ts";
import { openLake } from "./support/enriched-fixture.ts";
import { type Isolation, isolate } from "./support/isolation.ts";

let isolation: Isolation;
let lake: Lake;

beforeAll(async () => {
  isolation = await isolate();
  lake = await openLake(isolation);
  await lake.withSession((session) => session.execute("CREATE TABLE t AS SELECT 42 AS a"));
});

afterEach(() => vi.restoreAllMocks());

afterAll(() => {
  lake?.close();
  isolation?.dispose();
});

const read = (from: Lake) => from.withSession((session) => session.queryRaw("SELECT a FROM t"));

/** What every statement on the same instance says after one of them made DuckDB fail in itself. */
const FATAL =
  "FATAL Error: Failed: database has been invalidated because of a previous fatal error. The database must be " +
  'restarted prior to being used again.\nOriginal error: "INTERNAL Error: something"';

function failInItself(from: Lake): Promise<never> {
  return from.withSession(async () => {
    throw translateError(new Error(FATAL));
  });
}

test("while more statements run than there are threads, files are read all the same", async () => {
  const stop = new AbortController();
  const slow = Array.from({ length: 6 }, () =>
    lake.withSession(
      (session) => session.queryRaw("SELECT sum(sqrt(range)) FROM range(1000000000000)"),
      stop.signal,
    ),
  );
  const ended = Promise.allSettled(slow);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await readFile(import.meta.filename);
  stop.abort();
  expect((await ended).every(({ status }) => status === "rejected")).toBe(true);
}, 60_000);

describe("a DuckDB that failed in itself", () => {
  test("is replaced: the work fails, what comes after it goes on", async () => {
    const create = vi.spyOn(DuckDBInstance, "create");
    await expect(failInItself(lake)).rejects.toMatchObject({ code: "ENGINE_FAILED", retryable: true });
    const answers = await Promise.all([read(lake), read(lake), read(lake), read(lake)]);
    expect(answers).toEqual(Array(4).fill([{ a: 42 }]));
    expect(create).toHaveBeenCalledTimes(1);
    await lake.withSession((session) =>
      session.execute("INSERT INTO t VALUES (43); DELETE FROM t WHERE a = 43"),
    );
  });

  test("is replaced once, however many notice, and not for those that failed in it later", async () => {
    const create = vi.spyOn(DuckDBInstance, "create");
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const late = lake.withSession(async () => {
      await held;
      throw translateError(new Error(FATAL));
    });
    const failures = await Promise.allSettled([failInItself(lake), failInItself(lake), failInItself(lake)]);
    expect(failures.every(({ status }) => status === "rejected")).toBe(true);
    expect(await read(lake)).toEqual([{ a: 42 }]);
    letGo();
    await expect(late).rejects.toMatchObject({ code: "ENGINE_FAILED" });
    expect(await read(lake)).toEqual([{ a: 42 }]);
    expect(create).toHaveBeenCalledTimes(1);
  });

  test("that cannot even be connected to is replaced before the work begins", async () => {
    const create = vi.spyOn(DuckDBInstance, "create");
    const other = await openLake(isolation);
    const instance: DuckDBInstance = await create.mock.results[0]?.value;
    instance.closeSync();
    expect(await read(other)).toEqual([{ a: 42 }]);
    expect(create).toHaveBeenCalledTimes(2);
    other.close();
  });

  test("is tried again where another cannot be opened at once", async () => {
    const other = await openLake(isolation);
    vi.spyOn(DuckDBInstance, "create").mockRejectedValueOnce(new Error("no room"));
    await expect(failInItself(other)).rejects.toMatchObject({ code: "ENGINE_FAILED" });
    await expect(read(other)).rejects.toThrow("no room");
    expect(await read(other)).toEqual([{ a: 42 }]);
    other.close();
    await expect(read(other)).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

test("every session has the settings of the lake, whatever the machine's time zone", async () => {
  const zone = process.env.TZ;
  process.env.TZ = "America/New_York";
  const other = await openLake(isolation);
  try {
    const settings = `SELECT current_setting('TimeZone') AS zone, current_setting('s3_uploader_max_filesize') AS upload,
      current_setting('ducklake_max_retry_count')::INTEGER AS retries, current_setting('disabled_optimizers') AS off`;
    const rows = await other.withSession((one) =>
      other.withSession(async (two) => [
        ...(await one.queryRaw(settings)),
        ...(await two.queryRaw(settings)),
      ]),
    );
    const wanted = {
      zone: "UTC",
      upload: "100GB",
      retries: 30,
      off: "statistics_propagation,top_n_window_elimination",
    };
    expect(rows).toEqual([wanted, wanted]);
  } finally {
    other.close();
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});

test("with one thread: as long as anybody asks for it, then as before", async () => {
  const threads = () =>
    lake.withSession(async (session) => {
      const [row] = await session.queryRaw("SELECT current_setting('threads')::INTEGER AS n");
      return row?.n;
    });
  expect(await threads()).toBe(2);
  await lake.withOneThread(async () => {
    expect(await threads()).toBe(1);
    await expect(
      lake.withOneThread(async () => {
        throw new Error("whatever");
      }),
    ).rejects.toThrow("whatever");
    expect(await threads()).toBe(1);
  });
  expect(await threads()).toBe(2);
});

test("its threads change while tables are read, and nothing waits for ever", async () => {
  await lake.withSession((session) => session.execute("CREATE TABLE many AS SELECT 0 AS a"));
  for (let file = 1; file <= 6; file += 1)
    await lake.withSession((session) =>
      session.execute(`INSERT INTO many SELECT range FROM range(${file}000)`),
    );
  let reading = true;
  const readers = Array.from({ length: 4 }, async () => {
    let reads = 0;
    while (reading) {
      await lake.withSession((session) => session.queryRaw("SELECT sum(a) FROM many WHERE a > 10"));
      reads += 1;
    }
    return reads;
  });
  for (let change = 0; change < 40; change += 1) await lake.withOneThread(() => read(lake));
  reading = false;
  for (const reads of await Promise.all(readers)) expect(reads).toBeGreaterThan(0);
}, 120_000);

describe("spill folders", () => {
  const spill =
    "SET memory_limit = '40MB'; CREATE TEMP TABLE x AS SELECT md5(i::VARCHAR) AS m FROM range(2000000) AS r (i)";

  test("each lake has one of its own, and leaves nothing behind", async () => {
    const [one, two] = [await openLake(isolation), await openLake(isolation)];
    const folder = join(isolation.folder, "spill");
    const folders = await one.withSession((first) =>
      two.withSession(async (second) => {
        await first.execute(spill);
        await second.execute(spill);
        return readdirSync(folder);
      }),
    );
    expect(folders.length).toBe(2);
    one.close();
    two.close();
    await vi.waitFor(() => expect(readdirSync(folder)).toEqual([]), { timeout: 60_000 });
  });

  test("of processes that are gone are deleted, and no other's", async () => {
    const folder = join(isolation.folder, "spill");
    const dead = spawn("true");
    await once(dead, "exit");
    const alive = spawn("sleep", ["600"]);
    const entries = {
      dead: `duckdb-${hostname()}-${dead.pid}-1`,
      // What a process with our pid left behind, as in a container that was started again.
      earlier: `duckdb-${hostname()}-${process.pid}-999`,
      alive: `duckdb-${hostname()}-${alive.pid}-1`,
      elsewhere: `duckdb-another-machine-${dead.pid}-1`,
      foreign: "notes",
    };
    try {
      for (const name of Object.values(entries)) {
        mkdirSync(join(folder, name), { recursive: true });
        writeFileSync(join(folder, name, "duckdb_temp_storage_DEFAULT-0.tmp"), "x");
      }
      const other = await openLake(isolation);
      const left = Object.entries(entries).filter(([, name]) => existsSync(join(folder, name)));
      expect(left.map(([what]) => what)).toEqual(["alive", "elsewhere", "foreign"]);
      other.close();
    } finally {
      alive.kill();
    }
  });

  test("that cannot be made: the message says what to set", async () => {
    const { connections, tools, folder } = isolation;
    writeFileSync(join(folder, "a-file"), "");
    const opening = Lake.open({
      connections,
      engine: { memoryLimit: null, threads: null },
      extensions: tools.extensions,
      spillDir: join(folder, "a-file", "spill"),
    });
    await expect(opening).rejects.toMatchObject({
      code: "SETTINGS_INVALID",
      message: expect.stringContaining("LOTUS_STATE_DIR"),
    });
  });
});
