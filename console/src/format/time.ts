const STEPS = [
  { seconds: 86_400, name: "d" },
  { seconds: 3600, name: "h" },
  { seconds: 60, name: "min" },
  { seconds: 1, name: "s" },
] as const;

/** 340 ms, 4.2 s, 3 min 10 s, 2 h 5 min: the two largest units. */
export function duration(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const { seconds: size, name } of STEPS) {
    const amount = Math.floor(rest / size);
    if (amount > 0) parts.push(`${amount} ${name}`);
    else if (parts.length > 0) break;
    rest -= amount * size;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

/** "4 min ago", "in 2 h": the largest unit alone. */
export function relative(time: string, now: number): string {
  const seconds = (now - Date.parse(time)) / 1000;
  const size = Math.abs(seconds);
  if (size < 2) return "now";
  const step = STEPS.find((candidate) => size >= candidate.seconds) ?? STEPS[3];
  const amount = `${Math.floor(size / step.seconds)} ${step.name}`;
  return seconds > 0 ? `${amount} ago` : `in ${amount}`;
}

/** 2026-11-21 18:29:17 UTC */
export function utc(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** What `<input type="datetime-local">` holds, read as UTC. */
export function fromUtcInput(value: string): string | undefined {
  return value === "" ? undefined : new Date(`${value}Z`).toISOString();
}

export function toUtcInput(time: string | undefined): string {
  return time === undefined ? "" : new Date(time).toISOString().slice(0, 16);
}
