import { Command } from "commander";
import { loadProject } from "../../assets/project.ts";
import { LotusError } from "../../common/errors.ts";
import { readSettings } from "../../common/settings.ts";
import { feederId, materializeId } from "../../orchestration/names.ts";
import { wakeFeeder, wakeMaterialize } from "../../orchestration/wake.ts";
import { followRun } from "../follow-run.ts";
import { print } from "../output.ts";
import { rememberedProject } from "../running-project.ts";
import { findConnections, openRuntime, projectDir } from "../runtime.ts";

export function materializeCommand(): Command {
  return new Command("materialize")
    .description("bring a processed or enriched table up to date now, and wait for the end")
    .argument("<asset>", "int_*, fct_* or dim_*")
    .option("--full", "rebuild it from its upstream, in place")
    .option("--project <dir>", "the project; default: the one that runs")
    .action(async (asset: string, options: { full?: boolean; project?: string }) => {
      const settings = readSettings();
      const connections = findConnections(settings);
      const project = await loadProject(
        projectDir(options.project ?? rememberedProject(settings.stateDir) ?? "."),
      );
      const stream = project.streams.find((candidate) => candidate.processed.asset === asset);
      if (!stream && !project.models.some((model) => model.asset === asset)) {
        const names = project.assets.filter(
          (candidate) => candidate.kind === "processed" || candidate.kind === "enriched",
        );
        throw new LotusError(
          "NOT_FOUND",
          `No table ${asset} in this project. There are: ${names.map((candidate) => candidate.key).join(", ") || "none"}.`,
        );
      }
      const runtime = await openRuntime(settings, connections, { mode: "read", report: () => {} });
      try {
        if (stream) {
          const work = options.full
            ? ({ kind: "rebuild", trigger: "manual", reason: "asked for" } as const)
            : ({ kind: "feed", trigger: "manual" } as const);
          await wakeFeeder(runtime.client, stream, work);
          await followRun(runtime.client, feederId(stream.source, stream.stream));
        } else {
          await wakeMaterialize(runtime.client, asset, { trigger: "manual", full: options.full ?? false });
          await followRun(runtime.client, materializeId(asset));
        }
        print(`${asset} is up to date`);
      } finally {
        await runtime.close();
      }
    });
}
