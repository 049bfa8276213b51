import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { prepare } from "./feeding.ts";
import type { Bench } from "./main.ts";
import { type Measured, runProcess, writeProject } from "./stage.ts";
import { largeFiles, SOURCE, STREAM, streamConfig } from "./workloads.ts";

const CLIENTS = 50;
const PATHS = ["/api/v1/assets", "/api/v1/streams"];

/** What the clients saw. */
interface Seen {
  milliseconds: number[];
  failures: string[];
}

export const load: Bench = {
  name: "load",
  about: `${CLIENTS} clients list assets and streams from the process that feeds 10 M rows`,
  run: async (stage, report) => {
    const first = await stage.freshLake();
    await prepare(first, largeFiles, report);
    const common = {
      extensions: stage.tools.extensions,
      folder: stage.folder,
      memoryLimit: "4GB",
      project: await writeProject(stage.folder, {
        [`dag/streams/${SOURCE}/${STREAM}.json`]: streamConfig(),
      }),
    };
    const feed = async (more: object) =>
      runProcess("run-lotus.ts", { ...common, ...more, connections: await stage.freshCatalog(first) });
    report("feeding without clients");
    const alone = await feed({});
    const lines = [line("no clients", alone, alone, null)];
    for (const [name, pauseMs] of [
      ["each asks once a second", 1000],
      ["each asks without a pause", 0],
    ] as const) {
      report(`feeding, ${name}`);
      const apiUrlFile = join(stage.folder, `api-${pauseMs}`);
      const [run, seen] = await Promise.all([feed({ apiUrlFile }), askWhileServed(apiUrlFile, pauseMs)]);
      for (const failure of seen.failures.slice(0, 5)) report(failure);
      lines.push(line(name, run, alone, seen));
    }
    return [["50 clients", "feed", "slowdown", "requests", "failed", "median", "p99"], ...lines];
  },
};

/** Lets the clients ask from when the file with the address is there until it goes. */
async function askWhileServed(urlFile: string, pauseMs: number): Promise<Seen> {
  while (!existsSync(urlFile)) await setTimeout(50);
  const url = await readFile(urlFile, "utf8");
  const seen: Seen = { milliseconds: [], failures: [] };
  const client = async (number: number) => {
    for (let turn = number; existsSync(urlFile); turn += 1) {
      const path = PATHS[turn % PATHS.length] as string;
      const started = performance.now();
      try {
        const answer = await fetch(`${url}${path}`);
        const text = await answer.text();
        if (answer.status !== 200) seen.failures.push(`${path}: ${answer.status} ${text.slice(0, 200)}`);
      } catch (error) {
        seen.failures.push(`${path}: ${(error as Error).message}`);
      }
      seen.milliseconds.push(performance.now() - started);
      await setTimeout(pauseMs);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
  return seen;
}

function line(name: string, run: Measured, alone: Measured, seen: Seen | null): string[] {
  const sorted = [...(seen?.milliseconds ?? [])].sort((left, right) => left - right);
  const quantile = (share: number) =>
    seen === null ? "" : `${(sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(0)} ms`;
  return [
    name,
    `${(run.milliseconds / 1000).toFixed(1)} s`,
    `${(run.milliseconds / alone.milliseconds).toFixed(2)}x`,
    seen === null ? "" : String(sorted.length),
    seen === null ? "" : String(seen.failures.length),
    quantile(0.5),
    quantile(0.99),
  ];
}
