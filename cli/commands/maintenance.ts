import { Command, InvalidArgumentError } from "commander";
import type { Schemas } from "../../client/index.js";
import { formatDuration, parseDuration } from "../../common/units.ts";
import { connectApi } from "../api.ts";
import { followRun } from "../follow-run.ts";
import { bytes, count, print } from "../output.ts";

type MaintenancePlan = Schemas["MaintenancePlan"];
type RetentionPlan = MaintenancePlan["retention"][number];
type KeptBecause = MaintenancePlan["expiry"]["keptBecause"];
type MaintenanceStep = NonNullable<Schemas["RunDetail"]["steps"]>[number];

interface RunOptions {
  dryRun?: boolean;
  json?: boolean;
  keep?: string;
  orphanAge?: string;
}

export function maintenanceCommand(): Command {
  const run = new Command("run")
    .description("retention, compaction, expiry, clean-up and orphans now, and wait for the end")
    .option("--dry-run", "change nothing, and list what would go")
    .option("--json", "one JSON object; with --dry-run every key")
    .option("--keep <duration>", "snapshots younger than this stay; default: the lake's setting", duration)
    .option("--orphan-age <duration>", "files younger than this stay; default: the lake's setting", duration)
    .action(async ({ dryRun = false, json = false, keep, orphanAge }: RunOptions) => {
      const api = connectApi();
      const limits = { ...(keep ? { keep } : {}), ...(orphanAge ? { orphanAge } : {}) };
      const answered = await api.ask((client) =>
        client.POST("/api/v1/maintenance/run", { body: { ...limits, dryRun } }),
      );
      if ("plan" in answered) {
        print(json ? JSON.stringify(answered.plan, null, 2) : describePlan(answered.plan));
        return;
      }
      const steps = (await followRun(api, answered.run)).steps ?? [];
      print(json ? JSON.stringify({ steps }, null, 2) : describeSteps(steps));
      if (steps.some((step) => step.failed)) process.exitCode = 1;
    });
  return new Command("maintenance").description("look after the lake").addCommand(run);
}

function duration(text: string): string {
  if (parseDuration(text) === null) throw new InvalidArgumentError("It is no duration such as 12h or 7d.");
  return text;
}

function describeSteps(steps: readonly MaintenanceStep[]): string {
  const width = Math.max(...steps.map(({ step }) => step.length));
  return steps
    .map(({ step, outcome, failed }) => `${step.padEnd(width)}  ${failed ? `failed: ${outcome}` : outcome}`)
    .join("\n");
}

/** How many names of a kind are shown. */
const SHOWN = 20;

/** The plan for people: what would go, and what stays for which reason. */
export function describePlan({ retention, expiry, cleanUp, orphans }: MaintenancePlan): string {
  const rawBytes = cleanUp.raw.reduce((sum, object) => sum + object.size, 0);
  const orphanBytes = orphans.reduce((sum, orphan) => sum + orphan.size, 0);
  return [
    "would leave landing:",
    ...(retention.length === 0
      ? ["  nothing: every stream keeps everything"]
      : retention.map(describeRetention)),
    `would expire: ${plural(expiry.snapshots.length, "snapshot")}${range(expiry.snapshots)}`,
    `  ${expiry.oldestKept} stays: ${describeKept(expiry)}`,
    `would be deleted by the clean-up: ${plural(cleanUp.raw.length, "raw file")}, ${bytes(rawBytes)}; ` +
      plural(cleanUp.own.length, "file of the lake's own", "files of the lake's own"),
    ...shown([...cleanUp.raw.map(({ key }) => key), ...cleanUp.own.map(({ path }) => path)]),
    `would be deleted as orphans: ${plural(orphans.length, "file")}, ${bytes(orphanBytes)}`,
    ...shown(orphans.map(({ key }) => key)),
    ...(cleanUp.spared.length === 0
      ? []
      : [
          `would be left alone, though the catalog gave them up: ${plural(cleanUp.spared.length, "file")}`,
          ...shown(cleanUp.spared),
        ]),
  ].join("\n");
}

function describeRetention(plan: RetentionPlan): string {
  const name = `  ${plan.source}/${plan.stream} (keeps ${plan.retentionMs === null ? "all" : formatDuration(plan.retentionMs)})`;
  if (plan.blocked !== null) return `${name}: nothing for now: ${plan.blocked}`;
  if (plan.files === 0) return `${name}: nothing`;
  const days = plan.days.length === 1 ? plan.days[0] : `${plan.days[0]} to ${plan.days.at(-1)}`;
  return `${name}: ${plural(plan.files, "file")}, ${plural(plan.rows, "row")}, ${bytes(plan.bytes)}, ${plural(plan.days.length, "day")} (${days})`;
}

function describeKept({ keptBecause, neededBy }: MaintenancePlan["expiry"]): string {
  if (neededBy === null) return KEPT[keptBecause];
  return `${neededBy.asset} has read ${neededBy.upstream} up to it, and reads on from there`;
}

const KEPT: Record<KeptBecause, string> = {
  needed: "a table reads on from it",
  young: "it is younger than the keep time",
  "open transaction": "a transaction that is open may have begun before it",
  current: "it is what the lake is now",
};

function range(snapshots: readonly number[]): string {
  if (snapshots.length === 0) return "";
  return snapshots.length === 1 ? ` (${snapshots[0]})` : ` (${snapshots[0]} to ${snapshots.at(-1)})`;
}

function shown(names: readonly string[]): string[] {
  const lines = names.slice(0, SHOWN).map((name) => `  ${name}`);
  return names.length > SHOWN ? [...lines, `  and ${count(names.length - SHOWN)} more (--json)`] : lines;
}

function plural(amount: number, one: string, many = `${one}s`): string {
  return `${count(amount)} ${amount === 1 ? one : many}`;
}
