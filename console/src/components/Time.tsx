import { createStore } from "../api/store.ts";
import { relative, utc } from "../format/time.ts";

/** One clock for all relative times. */
const clock = createStore(Date.now());
setInterval(() => clock.set(Date.now()), 5000);

/** How long ago; the exact time on hover. */
export function Time({ at, none = "never" }: { at: string | null; none?: string }) {
  const now = clock.use();
  if (at === null) return <span style={{ color: "var(--ink-soft)" }}>{none}</span>;
  return (
    <time dateTime={at} title={utc(at)} style={{ whiteSpace: "nowrap" }}>
      {relative(at, now)}
    </time>
  );
}

export function useNow(): number {
  return clock.use();
}
