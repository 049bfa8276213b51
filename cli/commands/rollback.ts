import { Command } from "commander";
import type { Project } from "../../assets/definitions.ts";
import { heldAssets } from "../../assets/holds.ts";
import { planRollBack, type RollBackPlan } from "../../assets/rollback-plan.ts";
import { resolveSnapshot } from "../../lake/snapshot-point.ts";
import { readSnapshot } from "../../lake/transaction.ts";
import { confirm } from "../confirm.ts";
import { count, print } from "../output.ts";
import { runWriter } from "../run-writer.ts";
import { loadRunningProject, type Runtime, withRunningLake } from "../runtime.ts";

export function rollbackCommand(): Command {
  return new Command("rollback")
    .description("take a processed or enriched table back to a snapshot, and hold it until it is released")
    .argument("<asset>", "int_*, fct_* or dim_*")
    .requiredOption("--to <point>", "a snapshot's number or a time, as `lotus snapshots` lists them")
    .option("--yes", "do not ask")
    .option("--project <dir>", "the project; default: the one that runs")
    .action((asset: string, options: { to: string; yes?: boolean; project?: string }) =>
      withRunningLake(async (runtime) => {
        const project = await loadRunningProject(options.project);
        const plan = await makePlan(runtime, project, asset, options.to);
        for (const line of describePlan(plan, project)) print(line);
        await confirm(`Roll ${asset} back to snapshot ${plan.snapshot}?`, options.yes ?? false);
        await runWriter(runtime.client, project, asset, {
          kind: "rollback",
          trigger: "manual",
          snapshot: plan.snapshot,
        });
        const held = await runtime.lake.withSession(heldAssets);
        print(`${asset} is ${held.get(asset)?.message ?? "rolled back"}`);
      }),
    );
}

function makePlan({ lake }: Runtime, project: Project, asset: string, point: string): Promise<RollBackPlan> {
  return lake.withSession((session) =>
    readSnapshot(session, async () =>
      planRollBack(session, project, asset, await resolveSnapshot(session, point)),
    ),
  );
}

/** What a roll-back means, for the person who asked for it. */
function describePlan(plan: RollBackPlan, project: Project): string[] {
  const { asset, snapshot } = plan;
  const processed = project.streams.some((stream) => stream.processed.asset === asset);
  const lines = [
    `${asset}, as it was at snapshot ${snapshot}: ${count(plan.rowsThen)} rows; now it has ${count(plan.rowsNow)}`,
    `  ${count(plan.goes)} rows that came since go, ${count(plan.returns)} that were deleted return, ` +
      `${count(plan.reverts)} get the values that they had`,
  ];
  if (plan.columnsGoing.length > 0)
    lines.push(`  columns that go: ${plan.columnsGoing.join(", ")}; what reads them fails until the release`);
  if (plan.columnsReturning.length > 0)
    lines.push(`  columns that return: ${plan.columnsReturning.join(", ")}`);
  lines.push(
    plan.follows.length > 0
      ? `  ${plan.follows.join(", ")} lie downstream and follow at their next update`
      : "  nothing that is kept up to date reads it",
    processed
      ? `  it is held: files that land wait until \`lotus release ${asset}\` rebuilds it from landing`
      : `  it is held: what changes upstream waits until \`lotus release ${asset}\` rebuilds it`,
  );
  if (plan.filesLost > 0) {
    lines.push(
      `  WARNING: ${count(plan.filesLost)} files that were fed since are not in landing any more: ` +
        "what only they brought does not return with the release",
    );
  }
  return lines;
}
