import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { given } from "../../api/pages.ts";
import { type FileState, filesQuery, type StreamName } from "../../api/streams.ts";
import type { LedgerFile } from "../../api/types.ts";
import { type Column, DataTable } from "../../components/DataTable.tsx";
import { Empty } from "../../components/Feedback.tsx";
import { Figure } from "../../components/Figure.tsx";
import { ChoiceFilter, FilterBar, TextFilter } from "../../components/Filters.tsx";
import { Paged } from "../../components/Paged.tsx";
import { Time } from "../../components/Time.tsx";
import { useFilters } from "../../components/useFilters.ts";

const STATES = [
  { value: "fed", label: "Fed" },
  { value: "removed", label: "Removed by retention" },
  { value: "lost", label: "Lost from S3" },
];

const columns: Column<LedgerFile>[] = [
  { id: "key", header: "File", cell: ({ key }) => <Key text={key} />, wide: 99 },
  { id: "state", header: "State", cell: ({ state }) => state },
  { id: "rows", header: "Rows", cell: ({ rows }) => <Figure value={rows} />, numeric: true, from: "xs" },
  {
    id: "size",
    header: "Size",
    cell: ({ size }) => <Figure value={size} unit="bytes" />,
    numeric: true,
    from: "sm",
  },
  { id: "fed", header: "Recorded", cell: ({ fedAt }) => <Time at={fedAt} />, numeric: true, from: "sm" },
];

/** The ledger: every object that was fed, by key. */
export function FileList({ name }: { name: StreamName }) {
  const filters = useFilters();
  const [prefix] = useDebouncedValue(filters.get("prefix"), 300);
  const state = STATES.find(({ value }) => value === filters.get("file"))?.value as FileState | undefined;
  const files = useInfiniteQuery(filesQuery(name, given({ state, prefix })));
  return (
    <>
      <FilterBar>
        <TextFilter filters={filters} name="prefix" label="Key begins with raw/…" />
        <ChoiceFilter filters={filters} name="file" label="State" choices={STATES} />
      </FilterBar>
      <Paged query={files} empty={<Empty title="No such file in the ledger" />}>
        {(rows) => (
          <DataTable
            label="Ledger files"
            columns={columns}
            rows={rows}
            keyOf={({ key, etag }) => `${key} ${etag}`}
          />
        )}
      </Paged>
    </>
  );
}

/** Whole, on two lines if need be: it is the end that tells files apart. */
function Key({ text }: { text: string }) {
  return <code style={{ whiteSpace: "normal", overflowWrap: "anywhere" }}>{text}</code>;
}
