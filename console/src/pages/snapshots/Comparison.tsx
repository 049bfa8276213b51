import { useQuery } from "@tanstack/react-query";
import { comparisonQuery } from "../../api/snapshots.ts";
import type { SnapshotComparison } from "../../api/types.ts";
import { Answer } from "../../components/Answer.tsx";
import { type Column, DataTable } from "../../components/DataTable.tsx";
import { Empty } from "../../components/Feedback.tsx";
import { Figure } from "../../components/Figure.tsx";
import { Panel } from "../../components/Panel.tsx";

type Row = SnapshotComparison["tables"][number];

const columns: Column<Row>[] = [
  { id: "table", header: "Table", cell: ({ table }) => <code>{table}</code>, order: ({ table }) => table },
  count("added", "Added", "--good"),
  count("changed", "Changed", "--calm"),
  count("deleted", "Deleted", "--bad"),
  { id: "note", header: "Note", cell: ({ note }) => note, wide: 99, from: "sm" },
];

function count(id: "added" | "changed" | "deleted", header: string, colour: string): Column<Row> {
  return {
    id,
    header,
    cell: (row) => (
      <span style={{ color: row[id] > 0 ? `var(${colour})` : "var(--ink-soft)" }}>
        <Figure value={row.note !== null && row[id] === 0 ? null : row[id]} />
      </span>
    ),
    order: (row) => row[id],
    numeric: true,
  };
}

/** What lies between two snapshots, table by table. */
export function Comparison({ chosen }: { chosen: string[] }) {
  const [from, to] = chosen;
  if (from !== undefined && to !== undefined) return <Compared from={from} to={to} />;
  return (
    <Panel title="Compare two">
      <span style={{ color: "var(--ink-soft)" }}>
        {from === undefined ? "Tick two snapshots below" : `Snapshot ${from} is ticked: tick another`} to see
        how many rows of each table were added, changed and deleted between them.
      </span>
    </Panel>
  );
}

function Compared({ from, to }: { from: string; to: string }) {
  const comparison = useQuery(comparisonQuery(from, to));
  return (
    <Panel title={`From snapshot ${from} to ${to}`} flush>
      <Answer query={comparison}>
        {({ tables }) =>
          tables.length === 0 ? (
            <Empty title="No row differs" />
          ) : (
            <DataTable label="Differences" columns={columns} rows={tables} keyOf={({ table }) => table} />
          )
        }
      </Answer>
    </Panel>
  );
}
