import { randomInt } from "node:crypto";
import { Command, InvalidArgumentError } from "commander";
import { lineOf, totalsOf } from "./report.ts";
import { runChaos } from "./run.ts";

const program = new Command("chaos")
  .description(
    "Feeds a lake while it kills workers, restarts servers and cuts the net, and looks after each round whether the lake is right.",
  )
  .option("--rounds <number>", "how many rounds", wholeNumber, 50)
  .option("--seed <number>", "what decides everything; drawn and printed when it is left out", wholeNumber)
  .option("--short", "less load in a round", false)
  .option("--keep", "leave the state folders behind", false);
program.parse();
const {
  rounds,
  short,
  keep,
  seed = randomInt(1_000_000),
} = program.opts<{
  rounds: number;
  seed?: number;
  short: boolean;
  keep: boolean;
}>();

const print = (line: string) => process.stdout.write(`${line}\n`);
const again = `npm run chaos -- --rounds ${rounds} --seed ${seed}${short ? " --short" : ""}`;
print(`seed ${seed}`);
const abort = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (abort.signal.aborted) process.exit(130);
    print("stopping; once more to stop at once");
    abort.abort();
  });
}
try {
  const { findings, folders } = await run();
  for (const folder of folders) print(`state: ${folder}`);
  if (findings > 0) print(`again: ${again}`);
  process.exit(findings > 0 || abort.signal.aborted ? 1 : 0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  print(`again: ${again}`);
  process.exit(1);
}

async function run(): Promise<{ findings: number; folders: string[] }> {
  const { rounds: reports, folders } = await runChaos({
    rounds,
    seed,
    short,
    keep,
    report: (line) => process.stderr.write(`${line}\n`),
    done: (report) => print(lineOf(report, rounds)),
    signal: abort.signal,
  });
  print(`\n${totalsOf(reports)}`);
  return { findings: reports.flatMap((report) => report.findings).length, folders };
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("a whole number is expected");
  return value;
}
