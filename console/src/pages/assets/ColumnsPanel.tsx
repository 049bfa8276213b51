import { Badge, Group } from "@mantine/core";
import type { AssetDetail } from "../../api/types.ts";
import { type Column, DataTable } from "../../components/DataTable.tsx";
import { Panel } from "../../components/Panel.tsx";

type AssetColumn = AssetDetail["columns"][number];

const columns: Column<AssetColumn>[] = [
  { id: "name", header: "Column", cell: ({ name }) => <span className="mono">{name}</span> },
  {
    id: "type",
    header: "Type",
    cell: ({ type }) => <code style={{ color: "var(--ink-soft)" }}>{type}</code>,
  },
  { id: "checks", header: "Checks", cell: ({ checks }) => <Checks names={checks} />, from: "sm" },
  {
    id: "about",
    header: "About",
    cell: ({ description }) => <About text={description} />,
    wide: 99,
    from: "sm",
  },
];

export function ColumnsPanel({ columns: rows }: { columns: AssetColumn[] }) {
  return (
    <Panel title={`Columns · ${rows.length}`} flush>
      <DataTable label="Columns" columns={columns} rows={rows} keyOf={({ name }) => name} />
    </Panel>
  );
}

function About({ text }: { text: string | null }) {
  return <span title={text ?? undefined}>{text}</span>;
}

function Checks({ names }: { names: string[] }) {
  return (
    <Group gap={4} wrap="nowrap">
      {names.map((name) => (
        <Badge key={name} variant="default" size="sm" tt="none" fw={500} miw="max-content">
          {name}
        </Badge>
      ))}
    </Group>
  );
}
