import type { Connections } from "../common/settings.ts";
import { nextBatchLength } from "../sensors/batch-plan.ts";
import { ObjectStore } from "../sensors/object-store.ts";
import type { Bench } from "./main.ts";
import { slowProxy } from "./slow-proxy.ts";
import { type Measured, runProcess, type Stage, writeProject } from "./stage.ts";
import {
  distinctIds,
  keyOf,
  landWorkload,
  largeFiles,
  SOURCE,
  STREAM,
  smallFiles,
  streamConfig,
  type Workload,
} from "./workloads.ts";

const MEMORY_LIMIT = "4GB";
const LIMITS = { batchBytes: 500_000_000, batchFiles: 500 };

/** What the seed's stack (Dagster, dbt-duckdb) took for the same on the machine of facts.md: seconds, GiB. */
const SEED_STACK = { small: { seconds: [45, 64], gib: 1.4 }, large: { seconds: [36, 45], gib: 4.1 } };

export const feedSmall: Bench = {
  name: "feed-small",
  about: "2,000 small files, against the floor and plain DuckDB",
  run: (stage, report) => compare(stage, smallFiles, SEED_STACK.small, report),
};

export const feedLarge: Bench = {
  name: "feed-large",
  about: "40 large files (10 M rows), against the floor and plain DuckDB",
  run: (stage, report) => compare(stage, largeFiles, SEED_STACK.large, report),
};

async function compare(
  stage: Stage,
  workload: Workload,
  seed: { seconds: number[]; gib: number },
  report: (line: string) => void,
): Promise<string[][]> {
  const first = await stage.freshLake();
  const batches = await prepare(first, workload, report);
  const common = {
    extensions: stage.tools.extensions,
    workload,
    folder: stage.folder,
    memoryLimit: MEMORY_LIMIT,
  };
  const project = await writeProject(stage.folder, {
    [`dag/streams/${SOURCE}/${STREAM}.json`]: streamConfig(),
  });
  const rounds = 3;
  const floors: Measured[] = [];
  const lotuses: Measured[] = [];
  const plain = await runProcess("run-plain.ts", { ...common, connections: first });
  // Taken in turn, so that a noisy minute falls on both.
  for (let round = 0; round < rounds; round += 1) {
    floors.push(
      await runProcess("run-floor.ts", { ...common, batches, connections: await stage.freshCatalog(first) }),
    );
    lotuses.push(
      await runProcess("run-lotus.ts", { ...common, project, connections: await stage.freshCatalog(first) }),
    );
  }
  const [floor, lotus] = [best(floors), best(lotuses)];
  const expected = distinctIds(workload);
  for (const run of [plain, ...floors, ...lotuses]) {
    if (run.rows !== expected) throw new Error(`${run.rows} rows where ${expected} are right`);
  }
  const line = (name: string, run: Measured, versus: string) => [
    name,
    seconds(run.milliseconds),
    `${run.peakMegabytes} MB`,
    versus,
  ];
  return [
    [workload.name, "time", "peak memory", "ratio"],
    line("plain DuckDB, one table", plain, ratio(plain.milliseconds, floor.milliseconds, "floor")),
    line(`floor, ${batches.length} batches`, floor, "1.00x floor"),
    line("Lotus", lotus, `${ratio(lotus.milliseconds, floor.milliseconds, "floor")} (goal 1.2x)`),
    [
      "seed's stack (as measured before)",
      seed.seconds.map((value) => `${value} s`).join(" to "),
      `${seed.gib} GiB`,
      `${((seed.seconds[0] ?? 0) / (lotus.milliseconds / 1000)).toFixed(1)}x Lotus`,
    ],
  ];
}

/** Lands a workload; answers how many files each batch will have. */
export async function prepare(
  connections: Connections,
  workload: Workload,
  report: (line: string) => void,
): Promise<number[]> {
  const store = new ObjectStore(connections.s3);
  report(`landing ${workload.name}`);
  const bytes = await landWorkload(store, workload);
  report(`landed ${(bytes / 1e6).toFixed(0)} MB`);
  const sizes = new Map<string, number>();
  for (let token: string | null = null, more = true; more; ) {
    const page = await store.page(`raw/${SOURCE}/${STREAM}/`, null, token);
    for (const object of page.objects) sizes.set(object.key, object.size);
    token = page.next;
    more = token !== null;
  }
  store.close();
  const place = { year: 2026, month: 1, day: 1, file: "" };
  let files = Array.from({ length: workload.files }, (_, index) => {
    const key = keyOf(workload, index);
    return { key, etag: "", size: sizes.get(key) ?? 0, place };
  });
  const batches: number[] = [];
  while (files.length > 0) {
    const length = nextBatchLength(files, LIMITS);
    batches.push(length);
    files = files.slice(length);
  }
  return batches;
}

export const slowS3: Bench = {
  name: "slow-s3",
  about: "the small files with 20 ms added to every S3 request",
  run: async (stage, report) => {
    const loopback = await stage.freshLake();
    await prepare(loopback, smallFiles, report);
    const common = { extensions: stage.tools.extensions, folder: stage.folder, memoryLimit: MEMORY_LIMIT };
    const project = await writeProject(stage.folder, {
      [`dag/streams/${SOURCE}/${STREAM}.json`]: streamConfig(),
    });
    const near = await runProcess("run-lotus.ts", { ...common, project, connections: loopback });
    const proxy = await slowProxy(loopback.s3.endpoint ?? "", 20);
    const again = await stage.freshCatalog(loopback);
    const far = await runProcess("run-lotus.ts", {
      ...common,
      project,
      connections: { ...again, s3: { ...again.s3, endpoint: proxy.url } },
    });
    proxy.stop();
    return [
      [smallFiles.name, "time", "ratio"],
      ["loopback S3", seconds(near.milliseconds), "1.00x"],
      [
        "20 ms on every request",
        seconds(far.milliseconds),
        `${ratio(far.milliseconds, near.milliseconds, "loopback")} (goal 1.5x)`,
      ],
    ];
  },
};

export const memory: Bench = {
  name: "memory",
  about: "peak memory of a backlog and of one ten times as large, with the same batch size",
  run: async (stage, report) => {
    const project = await writeProject(stage.folder, {
      [`dag/streams/${SOURCE}/${STREAM}.json`]: streamConfig({ batch: "50MB" }),
    });
    const rows: string[][] = [["backlog", "time", "batches", "peak memory"]];
    const peaks: number[] = [];
    for (const files of [4, 40]) {
      const workload: Workload = { ...largeFiles, files, name: `${files} files x 250,000 rows` };
      const connections = await stage.freshLake();
      await prepare(connections, workload, report);
      const run = await runProcess("run-lotus.ts", {
        extensions: stage.tools.extensions,
        folder: stage.folder,
        memoryLimit: "1GB",
        project,
        connections,
      });
      peaks.push(run.peakMegabytes);
      rows.push([workload.name, seconds(run.milliseconds), String(run.batches), `${run.peakMegabytes} MB`]);
    }
    rows.push(["ratio", "", "", `${((peaks[1] ?? 0) / (peaks[0] ?? 1)).toFixed(2)}x`]);
    return rows;
  },
};

function best(runs: Measured[]): Measured {
  return runs.reduce((left, right) => (right.milliseconds < left.milliseconds ? right : left));
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function ratio(value: number, base: number, name: string): string {
  return `${(value / base).toFixed(2)}x ${name}`;
}
