import { Command } from "commander";
import { connectApi } from "../api.ts";
import { confirm } from "../confirm.ts";
import { followRun } from "../follow-run.ts";
import { print } from "../output.ts";

export function rollbackCommand(): Command {
  return new Command("rollback")
    .description("take a processed or enriched table back to a snapshot, and hold it until it is released")
    .argument("<asset>", "int_*, fct_* or dim_*")
    .requiredOption("--to <point>", "a snapshot's number or a time, as `lotus snapshots` lists them")
    .option("--yes", "do not ask")
    .action(async (key: string, { to, yes }: { to: string; yes?: boolean }) => {
      const api = connectApi();
      const ask = (body: { to: string | number; dryRun: boolean }) =>
        api.ask((client) =>
          client.POST("/api/v1/assets/{key}/rollback", { params: { path: { key } }, body }),
        );
      const { plan } = await ask({ to, dryRun: true });
      for (const line of plan.means) print(line);
      await confirm(`Roll ${key} back to snapshot ${plan.snapshot}?`, yes ?? false);
      const started = await ask({ to: plan.snapshot, dryRun: false });
      if ("run" in started) await followRun(api, started.run);
      print(
        `${key} is rolled back to snapshot ${plan.snapshot} and held; \`lotus release ${key}\` lets it go on`,
      );
    });
}
