import { CommanderError } from "commander";
import { LotusError, messageOf } from "../common/errors.ts";
import { forgetPostgresEnvironment } from "../common/postgres-environment.ts";
import { createProgram } from "./program.ts";

forgetPostgresEnvironment();
const program = createProgram();
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
