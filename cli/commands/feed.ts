import { Command } from "commander";
import { refuseHeld } from "../../assets/holds.ts";
import { feederId } from "../../orchestration/names.ts";
import { wakeFeeder } from "../../orchestration/wake.ts";
import { findStream } from "../../orchestration/worker-context.ts";
import { followRun } from "../follow-run.ts";
import { print } from "../output.ts";
import { loadRunningProject, withRunningLake } from "../runtime.ts";

export function feedCommand(): Command {
  return new Command("feed")
    .description("feed a stream now, whatever its sensor says, and wait for the end")
    .argument("<source>")
    .argument("<stream>")
    .option("--project <dir>", "the project; default: the one that runs")
    .action((source: string, stream: string, options: { project?: string }) =>
      withRunningLake(async ({ lake, client }) => {
        const { processed } = findStream(await loadRunningProject(options.project), source, stream);
        await lake.withSession((session) => refuseHeld(session, processed.asset));
        await wakeFeeder(client, { source, stream }, { kind: "feed", trigger: "manual" });
        await followRun(client, feederId(source, stream));
        print(`${source}/${stream} is fed`);
      }),
    );
}
