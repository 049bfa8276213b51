import { Command } from "commander";
import { apiCommand } from "./commands/api.ts";
import { auditCommand } from "./commands/audit.ts";
import { backfillCommand } from "./commands/backfill.ts";
import { catalogCommand } from "./commands/catalog.ts";
import { checkCommand } from "./commands/check.ts";
import { feedCommand } from "./commands/feed.ts";
import { gatewayCommand } from "./commands/gateway.ts";
import { maintenanceCommand } from "./commands/maintenance.ts";
import { materializeCommand } from "./commands/materialize.ts";
import { quarantineCommand } from "./commands/quarantine.ts";
import { releaseCommand } from "./commands/release.ts";
import { rollbackCommand } from "./commands/rollback.ts";
import { sampleCommand } from "./commands/sample.ts";
import { snapshotsCommand } from "./commands/snapshots.ts";
import { sqlCommand } from "./commands/sql.ts";
import { statusCommand } from "./commands/status.ts";
import { streamCommand } from "./commands/stream.ts";
import { upCommand } from "./commands/up.ts";
import { userCommand } from "./commands/user.ts";
import { workerCommand } from "./commands/worker.ts";

/** The command line as a whole; docs/reference/cli.md is held against it. Faults in the arguments are thrown. */
export function createProgram(): Command {
  const program = new Command("lotus")
    .description("Keeps a lakehouse up to date: Parquet in S3 to tables in a DuckLake.")
    .option("--debug", "show the stack of an error")
    .showHelpAfterError("Run the command with --help to see what it takes.")
    .exitOverride();
  for (const command of [
    upCommand(),
    statusCommand(),
    checkCommand(),
    auditCommand(),
    sqlCommand(),
    feedCommand(),
    materializeCommand(),
    snapshotsCommand(),
    rollbackCommand(),
    releaseCommand(),
    quarantineCommand(),
    backfillCommand(),
    maintenanceCommand(),
    streamCommand(),
    catalogCommand(),
    sampleCommand(),
    workerCommand(),
    apiCommand(),
    gatewayCommand(),
    userCommand(),
  ]) {
    program.addCommand(command.exitOverride());
  }
  return program;
}
