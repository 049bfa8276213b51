import { duration } from "../format/time.ts";
import { useNow } from "./Time.tsx";

/** How long something took, or has taken so far. */
export function Took({ startedAt, endedAt }: { startedAt: string; endedAt: string | null }) {
  const now = useNow();
  const end = endedAt === null ? now : Date.parse(endedAt);
  const seconds = Math.max(0, (end - Date.parse(startedAt)) / 1000);
  return <span style={{ whiteSpace: "nowrap" }}>{duration(seconds)}</span>;
}
