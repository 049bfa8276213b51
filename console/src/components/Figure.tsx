import { bytes, compact, exact } from "../format/numbers.ts";
import { duration } from "../format/time.ts";

type Unit = "count" | "bytes" | "seconds";

const SHORT = { count: compact, bytes, seconds: duration } as const;

/** A number as people read it; exactly on hover. */
export function Figure({ value, unit = "count" }: { value: number | null; unit?: Unit }) {
  if (value === null) return <span style={{ color: "var(--ink-soft)" }}>–</span>;
  const full = unit === "bytes" ? `${exact(value)} bytes` : unit === "seconds" ? `${value} s` : exact(value);
  return (
    <span title={full} style={{ whiteSpace: "nowrap" }}>
      {SHORT[unit](value)}
    </span>
  );
}
