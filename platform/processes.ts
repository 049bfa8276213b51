import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Everything about processes of this machine that other files need: who lives, since when, and how to end them. */

const hasProc = existsSync("/proc/self/stat");

/**
 * When a process started, as an opaque text that differs from that of any later process with the same pid; null
 * when no such process lives (a zombie does not).
 */
export function processStart(pid: number): string | null {
  if (hasProc) {
    try {
      // Field 2, the name in parentheses, may hold anything: count from the last parenthesis. 3: state, 22: start.
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
    } catch {
      return null;
    }
  }
  try {
    const printed = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    return printed === "" ? null : printed;
  } catch {
    return null;
  }
}

export interface RunningProcess {
  pid: number;
  /** The command and its arguments; where the system does not keep them apart, one text. */
  command: string[];
}

/** The processes of this machine whose command lines can be read. */
export function listProcesses(): RunningProcess[] {
  if (hasProc) {
    return readdirSync("/proc").flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
        return command[0] ? [{ pid: Number(name), command: command.filter((part) => part !== "") }] : [];
      } catch {
        return []; // It ended in between.
      }
    });
  }
  const printed = execFileSync("ps", ["-axww", "-o", "pid=,command="], {
    encoding: "utf8",
    maxBuffer: 16 << 20,
  });
  return printed.split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(.+)$/.exec(line);
    return match ? [{ pid: Number(match[1]), command: [match[2] as string] }] : [];
  });
}

/** Sends a signal; false when the process is gone already. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Asks a process to end, waits up to `graceMilliseconds`, then kills it. Resolves when it is gone. */
export async function endProcess(
  pid: number,
  signal: NodeJS.Signals,
  graceMilliseconds: number,
): Promise<"ended" | "killed"> {
  const started = processStart(pid);
  const gone = () => started === null || processStart(pid) !== started;
  signalProcess(pid, signal);
  if (await eventually(gone, graceMilliseconds)) return "ended";
  signalProcess(pid, "SIGKILL");
  await eventually(gone, 10_000);
  return "killed";
}

/** Polls until the condition holds; false when it did not in time. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  timeoutMilliseconds: number,
  intervalMilliseconds = 25,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMilliseconds;
  for (;;) {
    if (await condition()) return true;
    if (Date.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, intervalMilliseconds));
  }
}
