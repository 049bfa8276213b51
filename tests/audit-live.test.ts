import { afterAll, beforeAll, expect, test } from "vitest";
import { advancePosition } from "../assets/enriched/advance.ts";
import { materialize } from "../assets/enriched/materialize.ts";
import { changeQuarantine } from "../assets/feeder/quarantine.ts";
import { rebuildProcessed } from "../assets/feeder/rebuild.ts";
import { retainLanding } from "../assets/feeder/retention.ts";
import { oldestNeeded } from "../assets/positions.ts";
import { rollBack } from "../assets/rollback.ts";
import { cleanUpFiles } from "../lake/clean-up.ts";
import { compactTable } from "../lake/compaction.ts";
import { expireSnapshots } from "../lake/expiry.ts";
import { flushMeta } from "../lake/flush.ts";
import { deleteOrphans } from "../lake/orphans.ts";
import { currentSnapshot } from "../lake/snapshots.ts";
import { AuditedStream, audit, found, projectOf, rows } from "./support/audit-fixture.ts";
import { FeederLake } from "./support/feeder-fixture.ts";

/** What Lotus itself does leaves nothing to find: after each kind of work, and while it is under way. */

let lake: FeederLake;

beforeAll(async () => {
  lake = await FeederLake.open();
});

afterAll(() => lake.close());

const DAY = 86_400_000;

/** Maintenance of the whole lake, as one run of it, with nothing kept that need not be. */
async function maintain(
  streams: readonly AuditedStream[],
  models: Parameters<typeof oldestNeeded>[1]["models"],
) {
  const request = { runId: "maintenance" };
  for (const asset of [...streams.map((stream) => stream.asset), ...models.map((model) => model.asset)]) {
    await compactTable(lake.lake, { schema: "main", name: asset }, { ...request, asset });
  }
  await flushMeta(lake.lake, request);
  for (const model of models) await advancePosition(lake.lake, model, request);
  const keepFrom = await lake.lake.withSession((session) => oldestNeeded(session, { models }));
  await expireSnapshots(lake.lake, { keepFrom, before: new Date(Date.now() + DAY) });
  await cleanUpFiles(lake.lake, lake.store, { scheduledBefore: new Date(Date.now() + DAY) });
  await deleteOrphans(lake.lake, lake.store, { olderThan: new Date(Date.now() + DAY) });
}

test("after each kind of work", async () => {
  const keyed = await AuditedStream.fed(lake, { feeder: { retention: "30d" } });
  const plain = await AuditedStream.fed(lake, { config: { primary_key: [] }, feeder: { retention: "30d" } });
  const shown = await AuditedStream.fed(lake, {
    config: { sync_mode: "full_refresh", destination_sync_mode: "overwrite" },
  });
  const streams = [keyed, plain, shown];
  const models = await keyed.materialized({
    fct_live: `/* ---\nunique_key: id\n--- */ SELECT id, count(*) AS n, sum(id / 3) AS total FROM ${keyed.asset} GROUP BY id`,
  });
  const project = projectOf(
    streams.map(({ stream }) => stream),
    models,
  );
  const [model] = models;
  if (!model) throw new Error("no model");
  await shown.fed.publish();
  const findings = async () => {
    const result = await audit(lake, project);
    return { found: found(result), leftOut: result.leftOut.map(({ subject }) => subject) };
  };
  const nothing = { found: [], leftOut: [] };

  for (const stream of streams) {
    await stream.land("2026-01-01/old.parquet", rows(0, 25, "overwritten", 1));
    await stream.land("2026-01-03/more.parquet", rows(20, 20, "more", 3, 2));
    await stream.land("2026-01-03/key [1].parquet", rows(60, 20, "copied", 3, 2));
    await stream.land("2026-01-03/broken.parquet", Buffer.from("nothing of the kind"));
    await stream.land("2026-01-03/worse.parquet", Buffer.from("nor this"));
    await stream.fed.feed();
  }
  await shown.fed.publish();
  await materialize(lake.lake, model, { runId: "live", full: false });
  expect(await findings(), "overwritten, copied, set aside").toEqual(nothing);

  for (const stream of streams) {
    await lake.store.delete(stream.fed.key("2026-01-02/new.parquet"));
    await stream.land("2026-01-03/key [1].parquet", rows(60, 10, "again", 4, 2));
    const key = (name: string) => stream.fed.key(`2026-01-03/${name}.parquet`);
    const { context } = stream.fed;
    await changeQuarantine(context, { action: "drop", key: key("broken"), runId: "live" });
    await changeQuarantine(context, { action: "retry", key: key("worse"), runId: "live" });
    await stream.fed.feed();
  }
  await shown.fed.publish();
  await maintain(streams, models);
  expect(await findings(), "deleted, dropped, tried again, maintained").toEqual(nothing);

  const before = await lake.lake.withSession((session) => currentSnapshot(session));
  for (const stream of [keyed, plain]) {
    await stream.land("2026-03-01/late.parquet", rows(0, 30, "late", 9));
    await stream.fed.feed();
    const now = new Date(Date.now() + 60 * DAY);
    await retainLanding(stream.fed.context, { runId: "live", now });
    await stream.land("2026-03-02/later.parquet", rows(10, 30, "later", 10));
    await stream.fed.feed();
  }
  await materialize(lake.lake, model, { runId: "live", full: false });
  expect(await findings(), "retained").toEqual(nothing);

  for (const asset of [keyed.asset, model.asset])
    await rollBack(lake.lake, project, { asset, snapshot: before, runId: "live" });
  expect(await findings(), "rolled back").toEqual({ found: [], leftOut: [keyed.asset, model.asset] });

  const release = { runId: "live", release: true };
  await rebuildProcessed(keyed.fed.context, { ...release, reason: "released", keepOlder: true });
  await materialize(lake.lake, model, { ...release, full: true });
  await keyed.fed.feed();
  await maintain(streams, models);
  expect(await findings(), "released, and maintained").toEqual(nothing);
}, 900_000);

test("while batches, updates and maintenance are under way", async () => {
  const stream = await AuditedStream.fed(lake);
  const models = await stream.materialized({
    fct_busy: `/* ---\nunique_key: v\n--- */ SELECT v, count(*) AS n, sum(id / 3) AS total FROM ${stream.asset} GROUP BY v`,
  });
  const project = projectOf([stream.stream], models);
  let working = true;
  const work = async () => {
    try {
      for (let batch = 0; batch < 24; batch += 1) {
        const day = `2026-02-${String(1 + (batch % 20)).padStart(2, "0")}`;
        for (const part of [1, 2]) {
          await stream.land(
            `${day}/b${batch}_${part}.parquet`,
            rows(batch * 7 + part, 40, `batch ${batch}`, batch),
          );
        }
        if (batch % 5 === 0) await stream.land(`${day}/broken${batch}.parquet`, Buffer.from("nothing"));
        await stream.fed.feed();
        for (const model of models) {
          if (batch % 3 === 0) await materialize(lake.lake, model, { runId: "busy", full: false });
        }
        if (batch % 8 === 7) await maintain([stream], models);
      }
    } finally {
      working = false;
    }
  };
  const worked = work();
  let audits = 0;
  while (working) {
    const result = await audit(lake, project, { orphanAgeMs: DAY });
    expect(result.findings, `at snapshot ${result.snapshot}`).toEqual([]);
    audits += 1;
  }
  await worked;
  expect(audits).toBeGreaterThan(0);
  expect((await audit(lake, project)).findings).toEqual([]);
}, 900_000);
