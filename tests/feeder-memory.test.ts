import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { FeederContext } from "../assets/feeder/feed-batch.ts";
import { rebuildProcessed } from "../assets/feeder/rebuild.ts";
import type { LotusError } from "../common/errors.ts";
import { translateError } from "../lake/faults.ts";
import { Lake } from "../lake/lake.ts";
import { literal } from "../lake/sql.ts";
import { startSensors } from "../orchestration/standing.ts";
import { collectStatus } from "../orchestration/status.ts";
import { type FedStream, FeederLake, type StreamSpec } from "./support/feeder-fixture.ts";
import { loadFiles } from "./support/project-fixture.ts";
import { runLake } from "./support/run-lake.ts";

let fixture: FeederLake;

beforeAll(async () => {
  fixture = await FeederLake.open();
});

afterAll(() => fixture?.close());

/**
 * A process with so little memory on the same lake. It opens with enough, since opening reads what the catalog holds
 * of every table, which differs with what ran before.
 */
async function scarce(
  stream: FedStream,
  memoryLimit: string,
  options: { spillDir?: string; spillLimit?: string } = {},
): Promise<FeederContext> {
  const { connections, tools, folder } = fixture.isolation;
  const lake = await Lake.open({
    connections,
    engine: { memoryLimit: "1GB", threads: 2 },
    extensions: tools.extensions,
    spillDir: options.spillDir ?? join(folder, "scarce"),
  });
  await lake.withSession(async (session) => {
    await session.execute(`SET memory_limit = ${literal(memoryLimit)}`);
    if (options.spillLimit !== undefined)
      await session.execute(`SET max_temp_directory_size = ${literal(options.spillLimit)}`);
  });
  return stream.process(lake);
}

/** `count` rows of 130 bytes with ids in no order, some of them twice; `version` tells a later file's rows. */
function wideRows(count: number, version: number, from = 0): string {
  return `
    SELECT (hash(i % ${Math.ceil(count * 0.9)} + ${from}) % 100000000)::BIGINT AS id,
      repeat(hash(i + ${version})::VARCHAR, 4) AS v, md5((i * 7 + ${version})::VARCHAR) AS w,
      TIMESTAMP '2026-01-01' + INTERVAL (${version} * 1000000 + i) SECOND AS updated_at
    FROM range(${count}) AS r (i)`;
}

const SPEC: StreamSpec = {
  fields: {
    id: "integer",
    v: "string",
    w: "string",
    updated_at: { type: "string", format: "date-time", airbyte_type: "timestamp_without_timezone" },
  },
  config: { cursor_field: ["updated_at"] },
};

/** What the processed table must hold of each column, and what it holds. */
async function compare(stream: FedStream, selects: string[]): Promise<[unknown, unknown]> {
  const sums =
    "count(*)::INTEGER AS n, count(DISTINCT id)::INTEGER AS ids, sum(hash(id, v, w, updated_at))::VARCHAR AS sum";
  const [held] = await fixture.query(`SELECT ${sums} FROM ${stream.processedTable}`);
  if (selects.length === 0) return [held, null];
  const latest = `SELECT * FROM (${selects.map((select) => `(${select})`).join(" UNION ALL ")})
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY updated_at DESC) = 1`;
  const [wanted] = await fixture.writer.queryRaw(`SELECT ${sums} FROM (${latest})`);
  return [held, wanted];
}

/** Whether this machine lets us mount a file system. */
function canMount(): boolean {
  try {
    execFileSync("unshare", ["--mount", "true"], { stdio: "ignore" });
    return process.platform === "linux" && process.getuid?.() === 0;
  } catch {
    return false;
  }
}

describe("a batch that needs more memory than there is", () => {
  test("is split until it fits: everything is fed, once, and rightly; and the size is remembered", async () => {
    const stream = await fixture.stream(SPEC);
    const selects = Array.from({ length: 8 }, (_, index) => wideRows(60_000, index + 1, index * 20_000));
    const keys: string[] = [];
    for (const [index, select] of selects.entries())
      keys.push(await stream.put(`2026-01-0${index + 1}/a.parquet`, select));
    const context = await scarce(stream, "70MB");
    const shrink = vi.spyOn(context.backlog.appetite, "shrink");
    const outcomes = await stream.feed({ as: context });
    context.lake.close();
    expect(outcomes.length).toBeGreaterThan(1);
    expect(shrink.mock.calls.length).toBeGreaterThan(0);
    // Not every batch begins with running out.
    expect(shrink.mock.calls.length).toBeLessThan(outcomes.length + 4);
    await stream.expectFedOnce(keys);
    const [held, wanted] = await compare(stream, selects);
    expect(held).toEqual(wanted);
  });

  test("keeps its id: who asks again is told what was committed", async () => {
    const stream = await fixture.stream(SPEC);
    const keys = [];
    for (const index of [1, 2, 3, 4])
      keys.push(await stream.put(`2026-01-0${index}/a.parquet`, wideRows(60_000, index)));
    const context = await scarce(stream, "70MB");
    const [first] = await stream.feed({ as: context, limit: 1, batchId: "split" });
    expect(first?.files).toBeLessThan(4);
    const again = await stream.feedOnce({ as: context, batchId: "split" });
    expect(again).toMatchObject({ files: first?.files, rows: first?.rows });
    await stream.drain({ as: context });
    context.lake.close();
    await stream.expectFedOnce(keys);
  });
});

describe("a merge in parts", () => {
  const model = "/* ---\nunique_key: [name]\n--- */ SELECT concat('n', id // 1) AS name, * FROM TABLE_NAME";
  const first = `SELECT CASE WHEN i % 50 = 0 THEN NULL ELSE i % 300 END AS id, concat('v', i) AS v, md5(i::VARCHAR) AS w,
      TIMESTAMP '2026-01-01' + INTERVAL (i) SECOND AS updated_at FROM range(1000) AS r (i)`;
  // Some later, some earlier than what is there, some of the same age.
  const second = `SELECT i AS id, concat('x', i) AS v, NULL::VARCHAR AS w,
      TIMESTAMP '2026-01-01' + INTERVAL (i * 7 % 1100) SECOND AS updated_at FROM range(400) AS r (i)`;

  async function feedBoth(stream: FedStream, parts: number): Promise<unknown[][]> {
    const context = stream.context;
    vi.spyOn(context.backlog.appetite, "parts", "get").mockReturnValue(parts);
    for (const [index, select] of [first, second].entries()) {
      await stream.put(`2026-01-0${index + 1}/a.parquet`, select);
      await stream.feed();
    }
    return stream.rows(
      "* EXCLUDE (_airbyte_raw_id, _airbyte_extracted_at, _airbyte_meta, _airbyte_generation_id)",
    );
  }

  test.each<[string, StreamSpec]>([
    ["the stream's key", SPEC],
    ["a key of the model's own", { ...SPEC, model }],
  ])("gives the same as one at once, with %s", async (_, spec) => {
    const [whole, parts] = [await fixture.stream(spec), await fixture.stream(spec)];
    const rows = await feedBoth(parts, 4);
    expect(rows.length).toBeGreaterThan(400);
    expect(rows).toEqual(await feedBoth(whole, 1));
  });

  test("sees a key of the model's own that is not unique, whatever parts it falls into", async () => {
    const stream = await fixture.stream({ ...SPEC, model: model.replace("// 1", "// 2") });
    await expect(feedBoth(stream, 4)).rejects.toMatchObject({
      code: "MODEL_FAILED",
      message: expect.stringContaining("is not unique"),
    });
    expect(await stream.ledger()).toEqual([]);
  });
});

describe("one file that needs more memory than there is", () => {
  test.each<[string, StreamSpec]>([
    ["with the stream's key", SPEC],
    [
      "with a key of the model's own",
      {
        ...SPEC,
        model: "/* ---\nunique_key: [name, id]\n--- */ SELECT concat('n', id) AS name, * FROM TABLE_NAME",
      },
    ],
  ])("is merged in parts, %s, in one snapshot", async (_, spec) => {
    const stream = await fixture.stream(spec);
    const selects = [wideRows(250_000, 1), wideRows(250_000, 2, 125_000)];
    const keys = [];
    const context = await scarce(stream, "80MB");
    for (const [index, select] of selects.entries()) {
      keys.push(await stream.put(`2026-01-0${index + 1}/a.parquet`, select));
      const [before] = await fixture.query(
        "SELECT max(snapshot_id)::INTEGER AS id FROM lakehouse.snapshots()",
      );
      const [outcome] = await stream.feed({ as: context });
      expect(outcome).toMatchObject({ files: 1, rows: 250_000, snapshot: Number(before?.id) + 1 });
    }
    expect(context.backlog.appetite.parts).toBeGreaterThan(1);
    context.lake.close();
    await stream.expectFedOnce(keys);
    const [held, wanted] = await compare(stream, selects);
    expect(held).toEqual(wanted);
  });

  test("streams through where there is no key", async () => {
    const stream = await fixture.stream({ ...SPEC, config: { primary_key: [] } });
    const key = await stream.put("2026-01-01/a.parquet", wideRows(500_000, 1));
    const context = await scarce(stream, "110MB");
    const [outcome] = await stream.feed({ as: context });
    context.lake.close();
    expect(outcome).toMatchObject({ files: 1, rows: 500_000 });
    await stream.expectFedOnce([key]);
  });

  test("fails with advice where nothing helps, and nothing is written; with more memory it goes on", async () => {
    const stream = await fixture.stream(SPEC);
    const key = await stream.put("2026-01-01/a.parquet", wideRows(300_000, 1));
    const context = await scarce(stream, "30MB");
    await expect(stream.feed({ as: context })).rejects.toMatchObject(ADVICE);
    context.lake.close();
    expect(await stream.ledger()).toEqual([]);
    expect(await stream.quarantine()).toEqual([]);
    expect(await stream.rows("count(*)::INTEGER")).toEqual([[0]]);
    await stream.feed();
    await stream.expectFedOnce([key]);
  });
});

const ADVICE = {
  code: "OUT_OF_MEMORY",
  retryable: true,
  message: expect.stringMatching(/LOTUS_MEMORY_LIMIT.*spill folder.*feeder\.batch/),
} satisfies Partial<Record<keyof LotusError, unknown>>;

describe("a spill folder", () => {
  test("that is nearly full: the batch is split and goes on", async () => {
    const stream = await fixture.stream(SPEC);
    const selects = Array.from({ length: 4 }, (_, index) => wideRows(150_000, index + 1, index * 50_000));
    const keys: string[] = [];
    for (const [index, select] of selects.entries())
      keys.push(await stream.put(`2026-01-0${index + 1}/a.parquet`, select));
    const context = await scarce(stream, "90MB", { spillLimit: "10MB" });
    const outcomes = await stream.feed({ as: context });
    context.lake.close();
    expect(outcomes.length).toBeGreaterThan(1);
    await stream.expectFedOnce(keys);
    const [held, wanted] = await compare(stream, selects);
    expect(held).toEqual(wanted);
  });

  test.skipIf(!canMount()).each([
    ["on a full disk", "size=1m"],
    ["that cannot be written", "ro,size=1m"],
  ])(
    "%s: the work fails with advice, nothing is written, and it goes on when there is room",
    async (_, options) => {
      const stream = await fixture.stream(SPEC);
      const key = await stream.put("2026-01-01/a.parquet", wideRows(400_000, 1));
      const spillDir = join(fixture.isolation.folder, "disk");
      mkdirSync(spillDir, { recursive: true });
      execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", spillDir]);
      try {
        // DuckDB looks at the free space when it starts; the disk may fill up afterwards.
        const context = await scarce(stream, "30MB", { spillDir, spillLimit: "1GB" });
        await expect(stream.feed({ as: context })).rejects.toMatchObject(ADVICE);
        context.lake.close();
      } finally {
        execFileSync("umount", ["-l", spillDir]);
      }
      expect(await stream.ledger()).toEqual([]);
      expect(await stream.quarantine()).toEqual([]);
      await stream.feed();
      await stream.expectFedOnce([key]);
    },
  );
});

test("a rebuild without the memory for it fails with advice and leaves the table as it was", async () => {
  const stream = await fixture.stream(SPEC);
  await stream.put("2026-01-01/a.parquet", wideRows(400_000, 1));
  await stream.feed();
  const before = await compare(stream, []).then(([held]) => held);
  const context = await scarce(stream, "30MB", { spillLimit: "1MB" });
  await expect(rebuildProcessed(context, { runId: "r", reason: "test" })).rejects.toMatchObject(ADVICE);
  context.lake.close();
  const [batches] = await fixture.query(
    "SELECT count(*)::INTEGER AS n FROM meta.materializations WHERE run = 'r'",
  );
  expect(batches).toEqual({ n: 0 });
  expect(await compare(stream, []).then(([held]) => held)).toEqual(before);
});

test("in a running lake, a table without the memory for it fails with advice, and the others go on", async () => {
  const project = await loadFiles({
    "dag/streams/shop/orders.json": {
      stream: "orders",
      primary_key: [["id"]],
      fields: { id: { type: "integer" } },
    },
    "enriched/sales/fct_small.sql": "SELECT count(*) AS orders FROM int_shop__orders",
    // A list cannot spill.
    "enriched/sales/fct_hog.sql": `SELECT len(list(md5(concat(r.i, o.id)))) AS n
      FROM int_shop__orders AS o, range(10000000) AS r (i)`,
    "enriched/sales/fct_above.sql": "SELECT n FROM fct_hog",
  });
  const running = await runLake(fixture.isolation, project);
  /** Looks with another process's memory. */
  const settled = async () => {
    await startSensors(running.client, project);
    const { store, client } = running;
    return vi.waitFor(
      async () => {
        const status = await collectStatus({ lake: fixture.lake, store, client, project });
        expect(status.settled, JSON.stringify(status.assets)).toBe(true);
        return status;
      },
      { timeout: 240_000, interval: 500 },
    );
  };
  try {
    await running.lake.withSession((session) => session.execute("SET memory_limit = '200MB'"));
    const body = await fixture.parquet("SELECT 1::BIGINT AS id");
    await running.store.put("raw/shop/orders/year=2026/month=01/day=01/a.parquet", body);
    const { assets } = await settled();
    const states = Object.fromEntries(assets.map(({ key, state, message }) => [key, { state, message }]));
    expect(states.fct_small?.state).toBe("fresh");
    expect(states.fct_hog).toEqual({ state: "failed", message: ADVICE.message });
    expect(states.fct_above?.state).toBe("waiting");
    const told = running.events.filter((event) => event.kind === "failure");
    expect(told).toMatchObject([{ asset: "fct_hog", message: ADVICE.message }]);
    // DuckDB fails in itself: what comes next runs in another.
    const fatal = new Error(
      "FATAL Error: Failed: database has been invalidated because of a previous fatal error.",
    );
    const failing = running.lake.withSession(() => Promise.reject(translateError(fatal)));
    await expect(failing).rejects.toMatchObject({ code: "ENGINE_FAILED" });
    await running.store.put("raw/shop/orders/year=2026/month=01/day=02/b.parquet", body);
    await settled();
    const rows = await running.lake.withSession((session) =>
      session.queryRaw("SELECT orders FROM fct_small"),
    );
    expect(rows).toEqual([{ orders: "1" }]);
  } finally {
    await running.stop();
  }
}, 400_000);
