import { Command } from "commander";
import { connectApi } from "../api.ts";
import { followRun } from "../follow-run.ts";
import { print } from "../output.ts";

export function materializeCommand(): Command {
  return new Command("materialize")
    .description("bring a processed or enriched table up to date now, and wait for the end")
    .argument("<asset>", "int_*, fct_* or dim_*")
    .option("--full", "rebuild it from its upstream, in place")
    .option("--keep-older", "with --full, of an int_* table: keep the rows that landing no longer knows")
    .action(async (key: string, options: { full?: boolean; keepOlder?: boolean }, command: Command) => {
      const { full = false, keepOlder = false } = options;
      if (keepOlder && !(full && key.startsWith("int_")))
        command.error("error: --keep-older goes with --full, for an int_* table");
      const api = connectApi();
      const { run } = await api.ask((client) =>
        client.POST("/api/v1/assets/{key}/materialize", {
          params: { path: { key } },
          body: { full, keepOlder },
        }),
      );
      await followRun(api, run);
      print(`${key} is up to date`);
    });
}
