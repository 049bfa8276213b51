import { mkdirSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Lake } from "../lake/lake.ts";
import { openScratch, type Session } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import { ObjectStore } from "../sensors/object-store.ts";
import { SHOP } from "./support/api-fixture.ts";
import { environmentOf } from "./support/environment.ts";
import { type Isolation, isolate } from "./support/isolation.ts";

/** A backfill as in production: worker, API and command are processes of their own, and the worker is killed. */

let isolation: Isolation;
let store: ObjectStore;
let scratch: Session;
let dir: string;
const processes: ReturnType<typeof lotus>[] = [];

beforeAll(async () => {
  isolation = await isolate();
  store = new ObjectStore(isolation.connections.s3);
  scratch = await openScratch();
  dir = join(isolation.folder, "project");
  const files: Record<string, string | object> = {
    ...SHOP,
    "dag/streams/shop/orders.json": {
      ...(SHOP["dag/streams/shop/orders.json"] as object),
      feeder: { poll: "1s", batch_files: 1 },
    },
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), typeof content === "string" ? content : JSON.stringify(content));
  }
  mkdirSync(join(isolation.folder, "state"));
});

afterAll(async () => {
  for (const child of processes) child.kill("SIGKILL");
  await Promise.allSettled(processes);
  store?.close();
  scratch?.close();
  isolation?.dispose();
});

function lotus(args: string[], environment: Record<string, string> = {}) {
  return execa("node", ["bin/lotus.mjs", ...args], {
    env: { ...environmentOf(isolation.connections, join(isolation.folder, "state")), ...environment },
    all: true,
    reject: false,
  });
}

/** Starts a process that serves, and waits until it prints this. @returns what kills it. */
async function serve(args: string[], until: RegExp): Promise<() => Promise<unknown>> {
  const child = lotus([...args, "--project", dir]);
  processes.push(child);
  let printed = "";
  await new Promise<void>((resolve, reject) => {
    child.all.on("data", (text) => {
      printed += text;
      if (until.test(printed)) resolve();
    });
    child.finally(() => reject(new Error(`${args.join(" ")} ended: ${printed}`)));
  });
  return async () => {
    child.kill("SIGKILL");
    await child;
  };
}

const startWorker = () => serve(["worker"], /Ctrl-C stops/);

async function land(id: number): Promise<void> {
  const path = join(isolation.folder, "raw.parquet");
  await scratch.execute(
    `COPY (SELECT ${id}::BIGINT AS id, now() AS updated_at, ${id * 10}::BIGINT AS amount) TO ${literal(path)} (FORMAT parquet)`,
  );
  const day = String(id).padStart(2, "0");
  await store.put(`raw/shop/orders/year=2026/month=01/day=${day}/a.parquet`, await readFile(path));
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const lake = await Lake.open({
    connections: isolation.connections,
    engine: { memoryLimit: "1GB", threads: 2 },
    extensions: isolation.tools.extensions,
    spillDir: join(isolation.folder, "spill"),
  });
  try {
    return await lake.withSession((session) => session.queryRaw(sql));
  } finally {
    lake.close();
  }
}

test("a worker that is killed in the middle of a chunk: another one ends the backfill, everything once", async () => {
  for (let id = 1; id <= 8; id += 1) await land(id);
  const killWorker = await startWorker();
  await serve(["api"], /API and console: http/);
  await query("UPDATE lakehouse.main.int_shop__orders SET amount = -1");

  const command = lotus(["backfill", "start", "reprocess", "--stream", "shop/orders", "--key", "kill"]);
  let printed = "";
  await new Promise<void>((resolve) => {
    command.all.on("data", (text) => {
      printed += text;
      // Chunks follow each other, so that one is under way.
      if (/running +[1-6] of 8 chunks done, 1 running/.test(printed)) resolve();
    });
    command.finally(() => resolve());
  });
  expect(printed).toMatch(/chunks done, 1 running/);
  await killWorker();
  const [atDeath] = await query(
    "SELECT count(*) FILTER (amount = -1)::INTEGER AS wrong FROM lakehouse.main.int_shop__orders",
  );
  expect(atDeath?.wrong).toBeGreaterThan(0);
  await startWorker();
  const { exitCode, all } = await command;
  expect(all).toMatch(/done +8 of 8 chunks done, 8 rows written/);
  expect(exitCode).toBe(0);

  expect(
    await query(
      "SELECT count(*)::INTEGER AS rows, sum(amount)::INTEGER AS amount FROM lakehouse.main.int_shop__orders",
    ),
  ).toEqual([{ rows: 8, amount: 360 }]);
  const [done] = await query(
    "SELECT count(*)::INTEGER AS entries, count(DISTINCT chunk)::INTEGER AS chunks FROM lakehouse.meta.backfill_chunk_log WHERE state = 'done'",
  );
  expect(done).toEqual({ entries: 8, chunks: 8 });
  const audited = await lotus(["audit", "--project", dir]);
  expect(audited.exitCode, audited.all).toBe(0);
}, 600_000);
