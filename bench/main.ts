import { cpus, totalmem } from "node:os";
import Table from "cli-table3";
import { Command } from "commander";
import { feedLarge, feedSmall, memory, slowS3 } from "./feeding.ts";
import { freshness, idleTick } from "./freshness.ts";
import { gateway } from "./gateway.ts";
import { growth, manyBatches } from "./growth.ts";
import { load } from "./load.ts";
import { type Stage, setStage } from "./stage.ts";

/** A measurement: `run` answers a table, its head first. */
export interface Bench {
  name: string;
  about: string;
  run(stage: Stage, report: (line: string) => void): Promise<string[][]>;
}

const benches: Bench[] = [
  feedSmall,
  feedLarge,
  slowS3,
  memory,
  idleTick,
  freshness,
  growth,
  manyBatches,
  load,
  gateway,
];

const program = new Command("bench")
  .description(
    `Measures Lotus on an embedded platform of its own.\n\n${benches.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join("\n")}`,
  )
  .argument("[names...]", "which to run; default: all");
program.parse();

const names = program.args;
const report = (line: string) => process.stderr.write(`${line}\n`);
for (const name of names) {
  if (!benches.some((bench) => bench.name === name))
    program.error(`no bench ${name}; there are: ${benches.map((bench) => bench.name).join(", ")}`);
}
process.stdout.write(
  `${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.versions.node}\n`,
);
const stage = await setStage(report);
try {
  for (const bench of benches) {
    if (names.length > 0 && !names.includes(bench.name)) continue;
    const [head = [], ...rows] = await bench.run(stage, report);
    const table = new Table({ head, style: { head: [], border: [], compact: true } });
    for (const row of rows) table.push(row);
    process.stdout.write(`\n${bench.name}: ${bench.about}\n${table.toString()}\n`);
  }
} finally {
  await stage.stop();
}
process.exit();
