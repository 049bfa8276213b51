import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Crew } from "./crew.ts";
import { Planner, type RoundPlan } from "./plan.ts";
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
  /** Where the state of each lake was left that was not deleted. */
  folders: string[];
}

/**
 * So many rounds a lake lives, and all its time is looked at after each: in a longer one most of the time goes into
 * looking.
 */
const ROUNDS_A_LAKE = 10;

/** Runs rounds until one ends with a finding, or all are done. Leaves no process behind. */
export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const outcome: ChaosOutcome = { rounds: [], folders: [] };
  const planner = new Planner(options.seed, options.short);
  const plans = Array.from({ length: options.rounds }, (_, index) => planner.plan(index + 1));
  for (let first = 0; first < plans.length; first += ROUNDS_A_LAKE) {
    const { rounds, folder, isStopped } = await runLake(plans.slice(first, first + ROUNDS_A_LAKE), options);
    outcome.rounds.push(...rounds);
    if (folder !== null) outcome.folders.push(folder);
    if (isStopped) break;
  }
  return outcome;
}

/** Runs rounds on a lake of their own. */
async function runLake(plans: readonly RoundPlan[], options: ChaosOptions) {
  const { seed, report, done, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), "lotus-chaos-"));
  report(`state folder: ${folder}`);
  const rounds: RoundReport[] = [];
  const stage = await setStage(folder, report);
  const crew = new Crew(stage);
  let keep = true;
  const isStopped = () => signal.aborted || rounds.some(({ findings }) => findings.length > 0);
  try {
    const shop = new Shop(seed);
    const stopped = new Promise<null>((resolve) =>
      signal.addEventListener("abort", () => resolve(null), { once: true }),
    );
    for (const plan of plans) {
      if (isStopped()) break;
      const running = runRound(stage, crew, shop, plan);
      running.catch(() => {});
      const outcome = await Promise.race([running, stage.servers.ended, stopped]);
      if (outcome === null) break;
      rounds.push(outcome);
      done(outcome);
    }
    keep = options.keep || rounds.some(({ findings }) => findings.length > 0);
  } finally {
    await crew.be(0);
    await stage.close(keep);
  }
  return { rounds, folder: keep ? folder : null, isStopped: isStopped() };
}
