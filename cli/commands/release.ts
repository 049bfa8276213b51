import { Command } from "commander";
import { connectApi } from "../api.ts";
import { followRun } from "../follow-run.ts";
import { print } from "../output.ts";

export function releaseCommand(): Command {
  return new Command("release")
    .description("rebuild a table that was rolled back from what lies upstream, and let it go on")
    .argument("<asset>", "a table that is held")
    .action(async (key: string) => {
      const api = connectApi();
      const { run } = await api.ask((client) =>
        client.POST("/api/v1/assets/{key}/release", { params: { path: { key } } }),
      );
      await followRun(api, run);
      print(`${key} is rebuilt and goes on`);
    });
}
