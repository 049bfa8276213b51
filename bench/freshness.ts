import { mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openScratch } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import { tickSensor } from "../orchestration/wake.ts";
import { Backlog } from "../sensors/backlog.ts";
import { type LakeHere, runLakeHere } from "./in-process.ts";
import type { Bench } from "./main.ts";
import { writeProject } from "./stage.ts";
import { landWorkload, SOURCE, STREAM, smallFiles, streamConfig } from "./workloads.ts";

const POLL_SECONDS = 5;

const project = {
  "dag/streams/shop/orders.json": {
    stream: "orders",
    primary_key: [["id"]],
    cursor_field: ["updated_at"],
    fields: {
      id: { type: "integer" },
      updated_at: { type: "string", format: "date-time" },
      amount: { type: "integer" },
    },
    feeder: { poll: `${POLL_SECONDS}s` },
  },
  "enriched/sales/fct_sales.sql":
    "/* ---\nunique_key: order_id\n--- */\nSELECT id AS order_id, amount AS gross_sales FROM int_shop__orders",
};

export const freshness: Bench = {
  name: "freshness",
  about: "from an object's landing to its row in fct_sales, everything idle before (the seed's stack: 65 s)",
  run: async (stage) => {
    const running = await runLakeHere(
      stage,
      await stage.freshLake(),
      await writeProject(stage.folder, project),
    );
    try {
      await running.settle();
      const land = await lander(running, stage.folder);
      await land(1);
      await waitForSale(running, 1);
      const told: number[] = [];
      const polled: number[] = [];
      for (let id = 2; id < 12; id += 1) told.push(await timeToFact(running, id, land, true));
      for (let id = 12; id < 18; id += 1) polled.push(await timeToFact(running, id, land, false));
      return [
        ["the sensor is", "median", "worst", "goal for the median"],
        ["told (signal)", text(median(told)), text(Math.max(...told)), "2.00 s"],
        [
          `not told (poll ${POLL_SECONDS} s)`,
          text(median(polled)),
          text(Math.max(...polled)),
          `${POLL_SECONDS + 2}.00 s`,
        ],
      ];
    } finally {
      await running.stop();
    }
  },
};

async function lander(running: LakeHere, folder: string): Promise<(id: number) => Promise<void>> {
  const scratch = await openScratch();
  const path = join(await mkdtemp(join(folder, "fresh-")), "order.parquet");
  return async (id) => {
    await scratch.execute(
      `COPY (SELECT ${id}::BIGINT AS id, now() AS updated_at, ${id}::BIGINT AS amount, uuid()::VARCHAR AS _airbyte_raw_id,
        now() AS _airbyte_extracted_at, '{}' AS _airbyte_meta, 0::BIGINT AS _airbyte_generation_id)
       TO ${literal(path)} (FORMAT parquet)`,
    );
    await running.store.put(
      `raw/shop/orders/year=2026/month=01/day=02/2026_01_02_${id}_0.parquet`,
      await readFile(path),
    );
  };
}

async function timeToFact(
  running: LakeHere,
  id: number,
  land: (id: number) => Promise<void>,
  told: boolean,
): Promise<number> {
  // Idle before, and at another point of the poll's interval each time.
  await new Promise((resolve) => setTimeout(resolve, 1000 + ((id * 977) % 1500)));
  await land(id);
  const landed = performance.now();
  if (told) await tickSensor(running.client, { source: "shop", stream: "orders" });
  await waitForSale(running, id);
  return performance.now() - landed;
}

async function waitForSale({ lake }: LakeHere, id: number): Promise<void> {
  for (;;) {
    const found = await lake.withSession((session) =>
      session.queryRaw(`SELECT 1 FROM fct_sales WHERE order_id = ${literal(id)}`),
    );
    if (found.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const idleTick: Bench = {
  name: "idle",
  about: "work of a look at S3 that finds nothing (2,000 files fed), and of feeding one small file",
  run: async (stage) => {
    const connections = await stage.freshLake();
    const dir = await writeProject(stage.folder, {
      [`dag/streams/${SOURCE}/${STREAM}.json`]: streamConfig(),
    });
    const running = await runLakeHere(stage, connections, dir);
    try {
      await landWorkload(running.store, smallFiles);
      await tickSensor(running.client, { source: SOURCE, stream: STREAM });
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await running.settle();
      const ticks = await timeTicks(running);
      const feeds: number[] = [];
      for (let index = 0; index < 5; index += 1) {
        const fed = new Promise<number>((resolve) => {
          const end = running.events.listen((event) => {
            if (event.kind !== "batch") return;
            end();
            resolve(event.milliseconds);
          });
        });
        await landWorkload(running.store, { ...smallFiles, files: 2005 }, 2000 + index, 2001 + index);
        await tickSensor(running.client, { source: SOURCE, stream: STREAM });
        feeds.push(await fed);
      }
      return [
        ["", "median", "worst", "goal"],
        ["nothing to do", text(median(ticks)), text(Math.max(...ticks)), "0.05 s"],
        ["one small file, detection to commit", text(median(feeds)), text(Math.max(...feeds)), "1.00 s"],
      ];
    } finally {
      await running.stop();
    }
  },
};

async function timeTicks({ lake, store }: LakeHere): Promise<number[]> {
  const backlog = new Backlog({ source: SOURCE, stream: STREAM, lookbackDays: 2 }, store);
  return lake.withSession(async (session) => {
    const [cursor] = await session.queryRaw("SELECT cursor_path FROM meta.feeder_cursors");
    const cursorKey = String(cursor?.cursor_path).slice(store.url("").length);
    await backlog.scan(session, { cursorKey });
    const times: number[] = [];
    for (let index = 0; index < 20; index += 1) {
      const started = performance.now();
      await backlog.scan(session, { cursorKey });
      times.push(performance.now() - started);
    }
    return times;
  });
}

function median(values: number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}

function text(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} s`;
}
