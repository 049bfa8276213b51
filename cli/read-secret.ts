import { createInterface } from "node:readline";

/** Reads a line from standard input; on a terminal, asks for it and does not show what is typed. */
export async function readSecret(
  question: string,
  input: NodeJS.ReadableStream & { isTTY?: boolean } = process.stdin,
): Promise<string> {
  const { isTTY = false } = input;
  if (isTTY) process.stderr.write(question);
  // With no output to echo to, a terminal shows nothing.
  const reader = createInterface({ input, terminal: isTTY });
  reader.on("SIGINT", () => reader.close());
  try {
    for await (const line of reader) return line;
    return "";
  } finally {
    reader.close();
    if (isTTY) process.stderr.write("\n");
  }
}
