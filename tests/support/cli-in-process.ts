import { vi } from "vitest";
import { createProgram } from "../../cli/program.ts";

/** Runs a command in this process, and answers what it printed. */
export async function lotus(...args: string[]): Promise<{ out: string; exitCode: number }> {
  let out = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += String(text);
    return true;
  });
  try {
    await createProgram().parseAsync(args, { from: "user" });
    return { out, exitCode: Number(process.exitCode ?? 0) };
  } finally {
    write.mockRestore();
    process.exitCode = undefined;
  }
}
