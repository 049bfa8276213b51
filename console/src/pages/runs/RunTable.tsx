import type { Run } from "../../api/types.ts";
import { type Column, DataTable } from "../../components/DataTable.tsx";
import { assetHref, Name, RunLinks } from "../../components/Links.tsx";
import { StateBadge } from "../../components/StateBadge.tsx";
import { Time } from "../../components/Time.tsx";
import { Took } from "../../components/Took.tsx";
import { runLooks } from "../../format/states.ts";

const columns: Column<Run>[] = [
  { id: "run", header: "Run", cell: (run) => <RunLinks run={run} /> },
  { id: "status", header: "Status", cell: ({ status }) => <StateBadge look={runLooks[status]} /> },
  { id: "type", header: "Type", cell: ({ type }) => type, from: "lg" },
  {
    id: "asset",
    header: "Asset or stream",
    cell: ({ asset, stream }) => {
      if (asset) return <Name href={assetHref(asset)}>{asset}</Name>;
      return stream && <Name href={`/streams/${stream}`}>{stream}</Name>;
    },
    from: "md",
    wide: 99,
  },
  { id: "triggers", header: "Triggers", cell: ({ triggers }) => triggers.join(", "), from: "lg" },
  {
    id: "started",
    header: "Started",
    cell: ({ startedAt }) => <Time at={startedAt} />,
    numeric: true,
    from: "xs",
  },
  { id: "took", header: "Took", cell: (run) => <Took {...run} />, numeric: true, from: "sm" },
];

export function RunTable({ runs }: { runs: Run[] }) {
  return <DataTable label="Runs" columns={columns} rows={runs} keyOf={({ runId }) => runId} />;
}
