import type { Backfill } from "../../api/types.ts";
import { type Column, DataTable } from "../../components/DataTable.tsx";
import { Figure } from "../../components/Figure.tsx";
import { assetHref, Name } from "../../components/Links.tsx";
import { Panel } from "../../components/Panel.tsx";
import { ChunkBar } from "./ChunkBar.tsx";

type Table = Backfill["tables"][number];

const columns: Column<Table>[] = [
  {
    id: "asset",
    header: "Table",
    cell: ({ asset }) => <Name href={assetHref(asset)}>{asset}</Name>,
    wide: 50,
  },
  { id: "chunks", header: "Chunks", cell: ({ chunks }) => <ChunkBar chunks={chunks} />, wide: 50 },
  { id: "files", header: "Files", cell: ({ files }) => <Figure value={files} />, numeric: true, from: "md" },
  {
    id: "bytes",
    header: "Size",
    cell: ({ bytes }) => <Figure value={bytes} unit="bytes" />,
    numeric: true,
    from: "sm",
  },
  {
    id: "changed",
    header: "Rows changed",
    cell: ({ changedRows }) => <Figure value={changedRows} />,
    numeric: true,
    from: "xs",
  },
];

/** How far each table is, upstream first. */
export function TableProgress({ tables }: { tables: Table[] }) {
  return (
    <Panel title="Tables" flush>
      <DataTable label="Progress by table" columns={columns} rows={tables} keyOf={({ asset }) => asset} />
    </Panel>
  );
}
