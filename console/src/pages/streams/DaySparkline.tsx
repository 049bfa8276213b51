import type { StreamSummary } from "../../api/types.ts";
import { Sparkline } from "../../components/Sparkline.tsx";
import { exact } from "../../format/numbers.ts";

/** A stream's last day in a list. */
export function DaySparkline({ stream: { throughput } }: { stream: StreamSummary }) {
  const rows = throughput.map((hour) => hour.rows);
  const total = rows.reduce((sum, fed) => sum + fed, 0);
  return <Sparkline values={rows} label={`${exact(total)} rows within the last 24 hours`} />;
}
