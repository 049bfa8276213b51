import { Command } from "commander";
import type { Project } from "../../assets/definitions.ts";
import { LotusError } from "../../common/errors.ts";
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
    .option("--project <dir>", "the project; default: the one that runs")
    .action((asset: string, options: { full?: boolean; project?: string }) =>
      withRunningLake(async ({ client }) => {
        const project = await loadRunningProject(options.project);
        const stream = project.streams.find((candidate) => candidate.processed.asset === asset);
        if (stream) {
          const work = options.full
            ? ({ kind: "rebuild", trigger: "manual", reason: "asked for" } as const)
            : ({ kind: "feed", trigger: "manual" } as const);
          await wakeFeeder(client, stream, work);
          await followRun(client, feederId(stream.source, stream.stream));
        } else {
          checkModel(project, asset);
          await wakeMaterialize(client, asset, { trigger: "manual", full: options.full ?? false });
          await followRun(client, materializeId(asset));
        }
        print(`${asset} is up to date`);
      }),
    );
}

/** @throws LotusError NOT_FOUND with the tables that there are. */
function checkModel(project: Project, asset: string): void {
  if (project.models.some((model) => model.asset === asset)) return;
  const tables = project.assets.filter(({ kind }) => kind === "processed" || kind === "enriched");
  const reason = project.disabled[asset] ? `it is disabled: ${project.disabled[asset]}` : "no such table.";
  throw new LotusError(
    "NOT_FOUND",
    `${asset}: ${reason} There are: ${tables.map(({ key }) => key).join(", ") || "none"}.`,
  );
}
