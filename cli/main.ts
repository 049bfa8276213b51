import { Command, CommanderError } from "commander";
import { LotusError, messageOf } from "../common/errors.ts";
import { catalogCommand } from "./commands/catalog.ts";
import { checkCommand } from "./commands/check.ts";
import { feedCommand } from "./commands/feed.ts";
import { materializeCommand } from "./commands/materialize.ts";
import { sampleCommand } from "./commands/sample.ts";
import { sqlCommand } from "./commands/sql.ts";
import { statusCommand } from "./commands/status.ts";
import { streamCommand } from "./commands/stream.ts";
import { upCommand } from "./commands/up.ts";
import { workerCommand } from "./commands/worker.ts";

const program = new Command("lotus")
  .description("Keeps a lakehouse up to date: Parquet in S3 to tables in a DuckLake.")
  .option("--debug", "show the stack of an error")
  .showHelpAfterError("Run the command with --help to see what it takes.")
  .exitOverride();

for (const command of [
  upCommand(),
  statusCommand(),
  checkCommand(),
  sqlCommand(),
  feedCommand(),
  materializeCommand(),
  streamCommand(),
  catalogCommand(),
  sampleCommand(),
  workerCommand(),
]) {
  program.addCommand(command.exitOverride());
}

try {
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = report(error);
}
// Native threads of DuckDB and Temporal's core must not keep a finished command alive.
process.exit();

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode;
  const code = error instanceof LotusError ? ` [${error.code}]` : "";
  process.stderr.write(`lotus: ${messageOf(error).split("\n")[0]}${code}\n`);
  if (program.opts().debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return 1;
}
