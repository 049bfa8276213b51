import { Command } from "commander";
import { connectApi } from "../api.ts";
import { followRun } from "../follow-run.ts";
import { print } from "../output.ts";

export function feedCommand(): Command {
  return new Command("feed")
    .description("feed a stream now, whatever its sensor says, and wait for the end")
    .argument("<source>")
    .argument("<stream>")
    .action(async (source: string, stream: string) => {
      const api = connectApi();
      const { run } = await api.ask((client) =>
        client.POST("/api/v1/streams/{source}/{stream}/feed", { params: { path: { source, stream } } }),
      );
      await followRun(api, run);
      print(`${source}/${stream} is fed`);
    });
}
