import { createInterface } from "node:readline/promises";
import { LotusError } from "../common/errors.ts";

/**
 * Asks on the terminal whether to go on; `yes` answers for a person who said so before.
 * @throws LotusError NOT_CONFIRMED when the answer is another than yes, or when there is nobody to ask.
 */
export async function confirm(question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new LotusError(
      "NOT_CONFIRMED",
      "Nothing was done: there is no terminal to ask on. Add --yes to go on.",
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) {
      throw new LotusError("NOT_CONFIRMED", "Nothing was done. Answer y to go on.");
    }
  } finally {
    terminal.close();
  }
}
