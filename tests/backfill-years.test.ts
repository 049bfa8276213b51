import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import pLimit from "p-limit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { planBackfill } from "../assets/backfill/plan.ts";
import { chunkStateSql, recordBackfill } from "../assets/backfill/record.ts";
import { reprocessChunk } from "../assets/backfill/reprocess.ts";
import { loadProject } from "../assets/project.ts";
import { literal } from "../lake/sql.ts";
import { commitSnapshot } from "../lake/transaction.ts";
import { audit, found } from "./support/audit-fixture.ts";
import { FeederLake } from "./support/feeder-fixture.ts";

/** Ten years of days, a file each. */

const DAYS = 3650;

let lake: FeederLake;
beforeAll(async () => {
  lake = await FeederLake.open();
});
afterAll(() => lake.close());

test("ten years of daily partitions: as many chunks as batches, each of a batch's size, every day once", async () => {
  const stream = await lake.stream({ fields: { id: "integer", v: "string" }, feeder: { batch: "100MB" } });
  const folder = join(lake.isolation.folder, "years");
  await lake.writer.execute(
    `COPY (SELECT range AS id, 'v' || range AS v, strftime(date, '%Y') AS year, strftime(date, '%m') AS month,
         strftime(date, '%d') AS day FROM (SELECT range, DATE '2016-01-01' + range::INTEGER AS date FROM range(${DAYS})))
     TO ${literal(folder)} (FORMAT parquet, PARTITION_BY (year, month, day))`,
  );
  const limit = pLimit(32);
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".parquet"));
  expect(files).toHaveLength(DAYS);
  await Promise.all(
    files.map((name) =>
      limit(async () => lake.store.put(stream.prefix + name, await readFile(join(folder, name)))),
    ),
  );
  await stream.feed();

  const project = await loadProject(stream.dir);
  const request = {
    mode: "reprocess" as const,
    streams: [`${stream.name.source}/${stream.name.stream}`],
    assets: [],
    downstreamOf: [],
    from: "2016-01-01",
    to: "2025-12-31",
    maxConcurrent: 2,
  };
  const { targets } = await lake.lake.withSession((session) =>
    planBackfill({ session, store: lake.store, project }, request),
  );
  expect(targets).toMatchObject([{ days: DAYS, files: DAYS, from: "2016-01-01" }]);
  const chunks = targets.flatMap((target) => target.chunks);
  expect(chunks).toHaveLength(Math.ceil(DAYS / 500));
  for (const { files } of chunks) expect(files?.files).toBeLessThanOrEqual(500);

  await lake.lake.withSession((session) =>
    commitSnapshot(session, async () => {
      await recordBackfill(session, { id: "years", request, requestedBy: "test", run: "test" }, chunks);
      for (const index of chunks.keys())
        await session.execute(
          chunkStateSql("years", { number: index + 1, attempt: 0 }, { state: "running", run: "test" }),
        );
      return { result: null, note: { author: "test", message: "begin", details: {} } };
    }),
  );
  await lake.query(`UPDATE ${stream.processedTable} SET v = 'wrong'`);
  const changed: number[] = [];
  for (const index of chunks.keys()) {
    const { changedRows } = await reprocessChunk(stream.context, {
      backfill: "years",
      number: index + 1,
      runId: "test",
    });
    changed.push(changedRows);
  }
  expect(changed).toEqual(chunks.map(({ files }) => files?.files));
  expect(await stream.rows("count(*)::INTEGER, count(*) FILTER (v = 'v' || id)::INTEGER")).toEqual([
    [DAYS, DAYS],
  ]);
  expect(found(await audit(lake, project))).toEqual([]);
}, 900_000);
