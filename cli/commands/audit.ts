import Table from "cli-table3";
import { Command, InvalidArgumentError, Option } from "commander";
import type { Project } from "../../assets/definitions.ts";
import { type AuditResult, runAudit } from "../../audit/audit.ts";
import { LotusError } from "../../common/errors.ts";
import { parseDuration } from "../../common/units.ts";
import { print } from "../output.ts";
import { loadRunningProject, withRunningLake } from "../runtime.ts";

interface AuditOptions {
  json?: boolean;
  project?: string;
  orphanAge: number;
  asset?: string;
  stream?: string;
}

export function auditCommand(): Command {
  return new Command("audit")
    .description("check that the lake is what S3, the ledger and the models say; exits 1 on a finding")
    .option("--json", "one JSON object, for scripts")
    .option("--project <dir>", "the project; default: the one that runs")
    .addOption(
      new Option("--orphan-age <age>", "objects that belong to nothing count as findings when they are older")
        .argParser(readAge)
        .default(86_400_000, "1d"),
    )
    .addOption(
      new Option("--asset <name>", "audit this table only, an int_* with its stream").conflicts("stream"),
    )
    .option("--stream <source/stream>", "audit this stream only")
    .action((options: AuditOptions) =>
      withRunningLake(async ({ lake, store }) => {
        const project = await loadRunningProject(options.project);
        const result = await runAudit({
          lake,
          store,
          project,
          orphanAgeMs: options.orphanAge,
          asset: options.asset ?? (options.stream ? assetOf(project, options.stream) : null),
          report: (line) => process.stderr.write(`${line}\n`),
        });
        if (options.json) print(JSON.stringify(result, null, 2));
        else printResult(result);
        process.exitCode = result.findings.length > 0 ? 1 : 0;
      }),
    );
}

function readAge(text: string): number {
  const age = parseDuration(text);
  if (age === null) throw new InvalidArgumentError("Write a duration such as 12h or 1d.");
  return age;
}

/** @throws LotusError NOT_FOUND with the streams that there are. */
function assetOf(project: Project, name: string): string {
  const found = project.streams.find(({ source, stream }) => `${source}/${stream}` === name);
  if (found) return found.processed.asset;
  const names = project.streams.map(({ source, stream }) => `${source}/${stream}`);
  throw new LotusError("NOT_FOUND", `No stream ${name}. There are: ${names.join(", ") || "none"}.`);
}

function printResult(result: AuditResult): void {
  for (const { subject, message } of result.notes) print(`${subject}: ${message}`);
  for (const { subject, reason } of result.leftOut) print(`left out: ${subject}: ${reason}`);
  if (result.findings.length > 0) {
    const table = new Table({ head: ["code", "finding"], style: { head: [], border: [] } });
    for (const { code, message, remedy } of result.findings) table.push([code, `${message}\n${remedy}`]);
    print(table.toString());
  }
  const count = result.findings.length;
  print(
    `${result.checks.length} checks at snapshot ${result.snapshot}, ${count} ${count === 1 ? "finding" : "findings"}`,
  );
}
