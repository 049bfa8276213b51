import { Button } from "@mantine/core";
import { useMemo, useState } from "react";
import type { Materialization } from "../../api/types.ts";
import { Chart, type Series } from "../../components/Chart.tsx";
import { type Column, DataTable } from "../../components/DataTable.tsx";
import { Empty } from "../../components/Feedback.tsx";
import { Figure } from "../../components/Figure.tsx";
import { RunLinks } from "../../components/Links.tsx";
import { Panel } from "../../components/Panel.tsx";
import { Time } from "../../components/Time.tsx";
import { compact } from "../../format/numbers.ts";
import { duration, utc } from "../../format/time.ts";
import { RollBack } from "./RollBack.tsx";

const always: Column<Materialization>[] = [
  { id: "at", header: "When", cell: ({ committedAt }) => <Time at={committedAt} /> },
  { id: "mode", header: "How", cell: ({ mode, reason }) => <span title={reason ?? undefined}>{mode}</span> },
  { id: "changed", header: "Changed", cell: (one) => <Figure value={one.changedRows} />, numeric: true },
  { id: "rows", header: "Rows", cell: ({ rows }) => <Figure value={rows} />, numeric: true, from: "sm" },
  {
    id: "seconds",
    header: "Took",
    cell: ({ seconds }) => <Figure value={seconds} unit="seconds" />,
    numeric: true,
  },
  { id: "why", header: "Why rebuilt", cell: ({ reason }) => reason, wide: 99, from: "md" },
  { id: "run", header: "Run", cell: ({ run }) => run && <RunLinks run={run} />, from: "md" },
];

/** Back to any but the newest, of those whose snapshot is still there. */
function columnsOf(asset: string, [newest, ...older]: Materialization[]): Column<Materialization>[] {
  if (older.every(({ snapshot }) => snapshot === null)) return always;
  const back: Column<Materialization> = {
    id: "back",
    header: "Take back",
    cell: (one) =>
      one !== newest && one.snapshot !== null && <RollBack asset={asset} snapshot={one.snapshot} />,
    numeric: true,
    from: "md",
  };
  return [...always, back];
}

/** The chart shows them all; more rows than these push the SQL out of sight. */
const FIRST = 6;

/** The last materializations: rows that changed as bars, how long it took as a line. */
export function TimelinePanel({
  asset,
  materializations,
  fed,
}: {
  asset: string;
  materializations: Materialization[];
  fed: boolean;
}) {
  const columns = useMemo(() => columnsOf(asset, materializations), [asset, materializations]);
  const { x, names, series } = useMemo(() => chartOf([...materializations].reverse()), [materializations]);
  const [all, setAll] = useState(false);
  return (
    <Panel title="Timeline" flush>
      {materializations.length === 0 ? (
        <Empty title="Never materialized">
          {fed ? "Its rows come with its stream's batches." : "It is made once what it reads is there."}
        </Empty>
      ) : (
        <>
          {materializations.length > 1 && (
            <div style={{ padding: "12px 8px 4px" }}>
              <Chart
                label="Changed rows and duration of the last materializations; the table below has the figures"
                x={x}
                time={false}
                names={names}
                series={series}
                height={168}
              />
            </div>
          )}
          <DataTable
            label="Materializations"
            columns={columns}
            rows={all ? materializations : materializations.slice(0, FIRST)}
            keyOf={({ committedAt }) => committedAt}
          />
          {!all && materializations.length > FIRST && (
            <Button variant="subtle" color="gray" fullWidth radius={0} onClick={() => setAll(true)}>
              Show the last {materializations.length}
            </Button>
          )}
        </>
      )}
    </Panel>
  );
}

function chartOf(ordered: Materialization[]): { x: number[]; names: string[]; series: Series[] } {
  return {
    x: ordered.map((_, index) => index),
    names: ordered.map(({ committedAt }) => utc(committedAt).slice(5, 16)),
    series: [
      {
        label: "Changed rows",
        colour: "--petal",
        shape: "bars",
        values: ordered.map(({ changedRows }) => changedRows),
        format: compact,
      },
      {
        label: "Took",
        colour: "--busy",
        shape: "line",
        values: ordered.map(({ seconds }) => seconds),
        format: duration,
        right: true,
      },
    ],
  };
}
