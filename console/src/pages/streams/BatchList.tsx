import { useInfiniteQuery } from "@tanstack/react-query";
import { batchesQuery, type StreamName } from "../../api/streams.ts";
import type { Batch } from "../../api/types.ts";
import { type Column, DataTable } from "../../components/DataTable.tsx";
import { Empty } from "../../components/Feedback.tsx";
import { Figure } from "../../components/Figure.tsx";
import { RunLinks } from "../../components/Links.tsx";
import { Paged } from "../../components/Paged.tsx";
import { Time } from "../../components/Time.tsx";

const columns: Column<Batch>[] = [
  { id: "at", header: "When", cell: ({ committedAt }) => <Time at={committedAt} /> },
  { id: "files", header: "Files", cell: ({ files }) => <Figure value={files} />, numeric: true },
  { id: "rows", header: "Rows", cell: ({ rows }) => <Figure value={rows} />, numeric: true },
  {
    id: "bytes",
    header: "Size",
    cell: ({ bytes }) => <Figure value={bytes} unit="bytes" />,
    numeric: true,
    from: "sm",
  },
  {
    id: "aside",
    header: "Set aside",
    cell: ({ quarantined }) => <Figure value={quarantined} />,
    numeric: true,
    from: "md",
  },
  {
    id: "took",
    header: "Took",
    cell: ({ seconds }) => <Figure value={seconds} unit="seconds" />,
    numeric: true,
    from: "xs",
  },
  { id: "last", header: "Last file", cell: ({ lastKey }) => <Key text={lastKey} />, wide: 99, from: "md" },
  { id: "run", header: "Run", cell: ({ run }) => run && <RunLinks run={run} />, from: "xl" },
];

export function BatchList({ name }: { name: StreamName }) {
  const batches = useInfiniteQuery(batchesQuery(name));
  return (
    <Paged
      query={batches}
      empty={<Empty title="Nothing was fed yet">A batch comes with the first file in S3.</Empty>}
    >
      {(rows) => <DataTable label="Batches" columns={columns} rows={rows} keyOf={({ id }) => id} />}
    </Paged>
  );
}

function Key({ text }: { text: string | null }) {
  return (
    <code title={text ?? undefined} style={{ color: "var(--ink-soft)" }}>
      {text}
    </code>
  );
}
