import { Command } from "commander";
import { loadProject } from "../../assets/project.ts";
import { readSettings } from "../../common/settings.ts";
import { progress } from "../output.ts";
import { projectDir } from "../runtime.ts";
import { up } from "../up.ts";

export function upCommand(): Command {
  return new Command("up")
    .description(
      "start the lake (the embedded one unless the environment names another) and keep it up to date",
    )
    .option("--once", "feed until nothing is new, print what was done, and exit")
    .option("--project <dir>", "folder with dag/, landing/, processed/, enriched/", ".")
    .option("--no-sample", "leave an empty bucket empty instead of filling it with the project's sample data")
    .action(async (options: { once?: boolean; project: string; sample: boolean }) => {
      const settings = readSettings();
      const dir = projectDir(options.project);
      const project = await loadProject(dir);
      process.exitCode = await up(settings, project, {
        once: options.once ?? false,
        sample: options.sample,
        serve: !options.once,
        report: progress,
      });
    });
}
