import { compactTable } from "../lake/compaction.ts";
import { tickSensor } from "../orchestration/wake.ts";
import { type LakeHere, runLakeHere } from "./in-process.ts";
import type { Bench } from "./main.ts";
import { writeProject } from "./stage.ts";
import { landWorkload, SOURCE, STREAM, streamConfig, type Workload } from "./workloads.ts";

const SIZES = [1_000_000, 5_000_000, 20_000_000];
const SMALL_BATCHES = 300;

export const growth: Bench = {
  name: "growth",
  about: "100,000 changed rows fed into tables of different size",
  run: async (stage, report) => {
    const rows: string[][] = [["what is there already", "the batch takes", "ratio"]];
    let first: number | null = null;
    for (const size of SIZES) {
      const running = await start(stage);
      try {
        const filled: Workload = {
          name: `${size} rows`,
          files: size / 250_000 + 3,
          rowsPerFile: 250_000,
          days: 5,
          updates: 0,
        };
        report(`landing ${size} rows`);
        await feed(running, filled, 0, size / 250_000);
        const changes: Workload = { ...filled, rowsPerFile: 100_000, updates: 1, existingIds: size };
        const times: number[] = [];
        for (let index = size / 250_000; index < filled.files; index += 1)
          times.push(await feed(running, changes, index, index + 1));
        const time = Math.min(...times);
        first ??= time;
        rows.push([`${(size / 1e6).toFixed(0)} M rows`, `${time} ms`, `${(time / first).toFixed(2)}x`]);
      } finally {
        await running.stop();
      }
    }
    return rows;
  },
};

export const manyBatches: Bench = {
  name: "many-batches",
  about: `a small file fed after few and after ${SMALL_BATCHES} small batches, before and after their compaction`,
  run: async (stage, report) => {
    const rows: string[][] = [["what is there already", "the batch takes", "ratio"]];
    const running = await start(stage);
    try {
      const small: Workload = {
        name: "small",
        files: SMALL_BATCHES + 20,
        rowsPerFile: 500,
        days: 30,
        updates: 0.3,
      };
      const times: number[] = [];
      const feedUntil = async (end: number) => {
        while (times.length < end) {
          times.push(await feed(running, small, times.length, times.length + 1));
          if (times.length % 100 === 0) report(`${times.length} small batches`);
        }
        return Math.min(...times.slice(-10));
      };
      const early = await feedUntil(15);
      const late = await feedUntil(SMALL_BATCHES + 10);
      const name = `int_${SOURCE}__${STREAM}`;
      const piece = () =>
        compactTable(running.lake, { schema: "main", name }, { asset: name, runId: "bench" });
      while ((await piece()).files > 0);
      const compacted = await feedUntil(SMALL_BATCHES + 20);
      rows.push(["few small batches", `${early} ms`, "1.00x"]);
      rows.push([`${SMALL_BATCHES} small batches`, `${late} ms`, `${(late / early).toFixed(2)}x`]);
      rows.push(["the same, compacted", `${compacted} ms`, `${(compacted / early).toFixed(2)}x`]);
    } finally {
      await running.stop();
    }
    return rows;
  },
};

async function start(stage: Parameters<Bench["run"]>[0]): Promise<LakeHere> {
  const dir = await writeProject(stage.folder, { [`dag/streams/${SOURCE}/${STREAM}.json`]: streamConfig() });
  const running = await runLakeHere(stage, await stage.freshLake(), dir);
  await running.settle();
  return running;
}

/** Lands files of a workload and waits until they are fed; answers the last batch's own time, ms. */
async function feed(running: LakeHere, workload: Workload, from: number, to: number): Promise<number> {
  await landWorkload(running.store, workload, from, to);
  const fed = new Promise<number>((resolve, reject) => {
    const end = running.events.listen((event) => {
      if (event.kind === "failure") reject(new Error(event.message));
      if (event.kind !== "batch" || event.remaining > 0) return;
      end();
      resolve(event.milliseconds);
    });
  });
  await tickSensor(running.client, { source: SOURCE, stream: STREAM });
  return fed;
}
