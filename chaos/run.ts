import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Crew } from "./crew.ts";
import { Planner } from "./plan.ts";
import type { RoundReport } from "./report.ts";
import { runRound } from "./round.ts";
import { Shop } from "./shop.ts";
import { setStage } from "./stage.ts";

export interface ChaosOptions {
  rounds: number;
  seed: number;
  /** Less load and fewer blows a round: for the tests. */
  short: boolean;
  /** Keep the folder even when all went well. */
  keep: boolean;
  report: (line: string) => void;
  /** Called after each round. */
  done: (report: RoundReport) => void;
  /** Aborting it ends the run after everything that it started is stopped. */
  signal: AbortSignal;
}

export interface ChaosOutcome {
  rounds: RoundReport[];
  /** Where the state was left; null when it was deleted. */
  folder: string | null;
}

/** Runs rounds until one ends with a finding, or all are done. Leaves no process behind. */
export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const folder = await mkdtemp(join(tmpdir(), "lotus-chaos-"));
  options.report(`state folder: ${folder}`);
  const rounds: RoundReport[] = [];
  const stage = await setStage(folder, options.report);
  const crew = new Crew(stage);
  let keep = true;
  try {
    const planner = new Planner(options.seed, options.short);
    const shop = new Shop(options.seed);
    const stopped = new Promise<null>((resolve) =>
      options.signal.addEventListener("abort", () => resolve(null), { once: true }),
    );
    for (let round = 1; round <= options.rounds && !options.signal.aborted; round += 1) {
      const running = runRound(stage, crew, shop, planner.plan(round));
      running.catch(() => {});
      const report = await Promise.race([running, stage.servers.ended, stopped]);
      if (report === null) break;
      rounds.push(report);
      options.done(report);
      if (report.findings.length > 0) break;
    }
    keep = options.keep || rounds.some((round) => round.findings.length > 0);
  } finally {
    await crew.be(0);
    await stage.close(keep);
  }
  return { rounds, folder: keep ? folder : null };
}
