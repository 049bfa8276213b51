import { Command } from "commander";
import { loadProject } from "../../assets/project.ts";
import { readSettings } from "../../common/settings.ts";
import { feederId } from "../../orchestration/names.ts";
import { wakeFeeder } from "../../orchestration/wake.ts";
import { findStream } from "../../orchestration/worker-context.ts";
import { followRun } from "../follow-run.ts";
import { print } from "../output.ts";
import { rememberedProject } from "../running-project.ts";
import { findConnections, openRuntime, projectDir } from "../runtime.ts";

export function feedCommand(): Command {
  return new Command("feed")
    .description("feed a stream now, whatever its sensor says, and wait for the end")
    .argument("<source>")
    .argument("<stream>")
    .option("--project <dir>", "the project; default: the one that runs")
    .action(async (source: string, stream: string, options: { project?: string }) => {
      const settings = readSettings();
      const connections = findConnections(settings);
      const project = await loadProject(
        projectDir(options.project ?? rememberedProject(settings.stateDir) ?? "."),
      );
      findStream(project, source, stream);
      const runtime = await openRuntime(settings, connections, { mode: "read", report: () => {} });
      try {
        await wakeFeeder(runtime.client, { source, stream }, { kind: "feed", trigger: "manual" });
        await followRun(runtime.client, feederId(source, stream));
        print(`${source}/${stream} is fed`);
      } finally {
        await runtime.close();
      }
    });
}
