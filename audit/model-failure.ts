import { readEverythingSql } from "../assets/feeder/probe.ts";
import { firstLine, isModelFault } from "../lake/faults.ts";
import { type CheckOutcome, outcome } from "./check.ts";
import type { Look } from "./look.ts";

/**
 * What it means that comparing a model's table failed: the model is to blame when all that was read for it can be read
 * without it.
 * @param made the model's file, and the tables that were read: FROM items.
 * @throws the error itself when it is not about the model, or the one of the table that cannot be read.
 */
export async function modelFailure(
  look: Look,
  error: unknown,
  made: { name: string; tables: readonly string[] },
): Promise<CheckOutcome> {
  if (!isModelFault(error) || !(await look.isKept())) throw error;
  for (const table of made.tables) await look.run(readEverythingSql(table));
  const culprits = [{ name: made.name, detail: firstLine(error) }];
  return outcome(0, { faults: [{ code: "model-fails", count: 1, culprits }] });
}
