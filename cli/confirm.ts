import { createInterface } from "node:readline/promises";
import { LotusError } from "../common/errors.ts";

interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream & { isTTY?: boolean };
}

/**
 * Asks on the terminal whether to go on; `yes` answers for a person who said so before. Without a terminal nobody is
 * asked: a script means what it says.
 * @throws LotusError NOT_CONFIRMED when the answer is another than yes.
 */
export async function confirm(
  question: string,
  yes: boolean,
  { input, output }: Terminal = { input: process.stdin, output: process.stdout },
): Promise<void> {
  if (yes || !input.isTTY || !output.isTTY) return;
  const terminal = createInterface({ input, output });
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) {
      throw new LotusError("NOT_CONFIRMED", "Nothing was done. Answer y to go on.");
    }
  } finally {
    terminal.close();
  }
}
