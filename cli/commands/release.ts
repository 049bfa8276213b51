import { Command } from "commander";
import { heldAssets } from "../../assets/holds.ts";
import { LotusError } from "../../common/errors.ts";
import { print } from "../output.ts";
import { runWriter } from "../run-writer.ts";
import { loadRunningProject, withRunningLake } from "../runtime.ts";

export function releaseCommand(): Command {
  return new Command("release")
    .description("rebuild a table that was rolled back from what lies upstream, and let it go on")
    .argument("<asset>", "a table that is held")
    .option("--project <dir>", "the project; default: the one that runs")
    .action((asset: string, options: { project?: string }) =>
      withRunningLake(async ({ lake, client }) => {
        const held = await lake.withSession(heldAssets);
        if (!held.has(asset)) {
          const names = [...held.keys()].sort().join(", ");
          throw new LotusError("NOT_FOUND", `${asset} is not held. Held are: ${names || "none"}.`);
        }
        const project = await loadRunningProject(options.project);
        await runWriter(client, project, asset, { kind: "release", trigger: "manual" });
        print(`${asset} is rebuilt and goes on`);
      }),
    );
}
