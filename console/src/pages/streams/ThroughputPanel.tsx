import { SegmentedControl } from "@mantine/core";
import { useMemo, useState } from "react";
import type { Throughput } from "../../api/types.ts";
import { Chart, type Series } from "../../components/Chart.tsx";
import { Panel } from "../../components/Panel.tsx";
import { bytes, compact } from "../../format/numbers.ts";

const MEASURES = {
  rows: { label: "Rows", format: compact },
  bytes: { label: "Bytes", format: bytes },
  files: { label: "Files", format: compact },
} as const;
type Measure = keyof typeof MEASURES;

/** What was fed within each of the last 24 hours. */
export function ThroughputPanel({ throughput }: { throughput: Throughput[] }) {
  const [measure, setMeasure] = useState<Measure>("rows");
  const { label, format } = MEASURES[measure];
  const x = useMemo(() => throughput.map(({ at }) => Date.parse(at) / 1000), [throughput]);
  const series = useMemo<Series[]>(
    () => [
      { label, colour: "--petal", shape: "bars", values: throughput.map((hour) => hour[measure]), format },
    ],
    [throughput, measure, label, format],
  );
  return (
    <Panel
      title="Fed within the last day, by hour (UTC)"
      aside={
        <SegmentedControl
          size="xs"
          aria-label="Measure"
          value={measure}
          onChange={(value) => setMeasure(value as Measure)}
          data={Object.entries(MEASURES).map(([value, { label: text }]) => ({ value, label: text }))}
        />
      }
    >
      <Chart label={`${label} fed in each of the last 24 hours`} x={x} time series={series} height={190} />
    </Panel>
  );
}
