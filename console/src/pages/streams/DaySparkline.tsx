import { useInViewport } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { streamQuery } from "../../api/streams.ts";
import type { StreamSummary } from "../../api/types.ts";
import { Sparkline } from "../../components/Sparkline.tsx";
import { exact } from "../../format/numbers.ts";

/** A stream's last day in a list: asked for once it is seen, and not again with every event. */
export function DaySparkline({ stream: { source, stream } }: { stream: StreamSummary }) {
  const { ref, inViewport } = useInViewport<HTMLDivElement>();
  const { data } = useQuery({
    ...streamQuery({ source, stream }),
    queryKey: ["throughput", source, stream],
    select: ({ throughput }) => throughput.map(({ rows }) => rows),
    enabled: inViewport,
    staleTime: 300_000,
  });
  const total = data?.reduce((sum, rows) => sum + rows, 0) ?? 0;
  return (
    <div ref={ref} style={{ height: 22, width: 108 }}>
      {data && <Sparkline values={data} label={`${exact(total)} rows within the last 24 hours`} />}
    </div>
  );
}
