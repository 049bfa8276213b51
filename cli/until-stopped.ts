import { setTimeout } from "node:timers/promises";

/** Settles at SIGINT or SIGTERM. A second one ends the process at once. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const listener = () => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
    };
    process.on("SIGINT", listener);
    process.on("SIGTERM", listener);
  });
}

/** Settles once our parent is another process than `pid`: it was killed, and could not say so. */
export async function untilEnded(pid: number): Promise<void> {
  while (process.ppid === pid) await setTimeout(500, undefined, { ref: false });
}
