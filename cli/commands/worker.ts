import { Command } from "commander";
import { loadProject } from "../../assets/project.ts";
import { LotusError } from "../../common/errors.ts";
import { readSettings } from "../../common/settings.ts";
import { progress } from "../output.ts";
import { projectDir } from "../runtime.ts";
import { up } from "../up.ts";

export function workerCommand(): Command {
  return new Command("worker")
    .description(
      "run a worker against the Postgres, S3 and Temporal that the environment names; run as many as needed",
    )
    .option("--project <dir>", "folder with dag/, landing/, processed/, enriched/", ".")
    .action(async (options: { project: string }) => {
      const settings = readSettings();
      if (!settings.connections) {
        throw new LotusError(
          "SETTINGS_INVALID",
          "A worker needs LOTUS_CATALOG_URL, LOTUS_S3_BUCKET, LOTUS_TEMPORAL_ADDRESS and the AWS keys in the environment. For one machine, run `lotus up`.",
        );
      }
      const project = await loadProject(projectDir(options.project));
      process.exitCode = await up(settings, project, {
        once: false,
        sample: false,
        serve: false,
        report: progress,
      });
    });
}
