import { Command } from "commander";
import { refuseHeld } from "../../assets/holds.ts";
import { unknownTable } from "../../assets/unknown-table.ts";
import { feederId, materializeId } from "../../orchestration/names.ts";
import { wakeFeeder, wakeMaterialize } from "../../orchestration/wake.ts";
import { followRun } from "../follow-run.ts";
import { print } from "../output.ts";
import { loadRunningProject, withRunningLake } from "../runtime.ts";

export function materializeCommand(): Command {
  return new Command("materialize")
    .description("bring a processed or enriched table up to date now, and wait for the end")
    .argument("<asset>", "int_*, fct_* or dim_*")
    .option("--full", "rebuild it from its upstream, in place")
    .option("--keep-older", "with --full, of an int_* table: keep the rows that landing no longer knows")
    .option("--project <dir>", "the project; default: the one that runs")
    .action(
      (asset: string, options: { full?: boolean; keepOlder?: boolean; project?: string }, command: Command) =>
        withRunningLake(async ({ lake, client }) => {
          const project = await loadRunningProject(options.project);
          const stream = project.streams.find((candidate) => candidate.processed.asset === asset);
          if (!stream && !project.models.some((model) => model.asset === asset))
            throw unknownTable(project, asset);
          const { full = false, keepOlder = false } = options;
          if (keepOlder && !(full && stream))
            command.error("error: --keep-older goes with --full, for an int_* table");
          await lake.withSession((session) => refuseHeld(session, asset));
          if (stream) {
            const work = full
              ? ({ kind: "rebuild", trigger: "manual", reason: "asked for", keepOlder } as const)
              : ({ kind: "feed", trigger: "manual" } as const);
            await wakeFeeder(client, stream, work);
            await followRun(client, feederId(stream.source, stream.stream));
          } else {
            await wakeMaterialize(client, asset, { kind: "materialize", trigger: "manual", full });
            await followRun(client, materializeId(asset));
          }
          print(`${asset} is up to date`);
        }),
    );
}
