import { Checkbox } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { assetsQuery } from "../../api/assets.ts";
import { given } from "../../api/pages.ts";
import { snapshotsQuery } from "../../api/snapshots.ts";
import type { Snapshot } from "../../api/types.ts";
import { type Column, DataTable } from "../../components/DataTable.tsx";
import { Empty } from "../../components/Feedback.tsx";
import { ChoiceFilter, FilterBar } from "../../components/Filters.tsx";
import { RunLinks } from "../../components/Links.tsx";
import { Page } from "../../components/Page.tsx";
import { Paged } from "../../components/Paged.tsx";
import { Panel } from "../../components/Panel.tsx";
import { Time } from "../../components/Time.tsx";
import { type Filters, useFilters } from "../../components/useFilters.ts";
import { Comparison } from "./Comparison.tsx";

/** Every state that the lake had; two that are chosen are compared. */
export default function SnapshotsPage() {
  const filters = useFilters();
  const table = filters.get("table");
  const snapshots = useInfiniteQuery(snapshotsQuery(given({ table })));
  const tables = (useQuery(assetsQuery).data ?? []).filter(
    ({ kind }) => kind === "processed" || kind === "enriched",
  );
  const chosen = chosenOf(filters);
  const columns = useMemo(() => columnsOf(chosen, filters), [chosen, filters]);
  return (
    <Page title="Snapshots">
      <Comparison chosen={chosen} />
      <Panel flush>
        <FilterBar>
          <ChoiceFilter
            filters={filters}
            name="table"
            label="Changed table"
            searchable
            choices={tables.map(({ key }) => key)}
          />
        </FilterBar>
        <Paged query={snapshots} empty={<Empty title="No snapshot is like that" />}>
          {(rows) => (
            <DataTable label="Snapshots" columns={columns} rows={rows} keyOf={({ id }) => String(id)} />
          )}
        </Paged>
      </Panel>
    </Page>
  );
}

function chosenOf({ get }: Filters): string[] {
  return [get("from"), get("to")].filter((id) => id !== undefined);
}

/** A third choice takes the place of the older of two. */
function choose(chosen: string[], id: string, { set }: Filters): void {
  const next = chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id].slice(-2);
  const [from, to] = next.sort((left, right) => Number(left) - Number(right));
  set("from", from ?? null);
  set("to", to ?? null);
}

function columnsOf(chosen: string[], filters: Filters): Column<Snapshot>[] {
  return [
    {
      id: "choose",
      header: "Compare",
      cell: ({ id }) => (
        <Checkbox
          size="xs"
          aria-label={`Compare snapshot ${id}`}
          checked={chosen.includes(String(id))}
          onChange={() => choose(chosen, String(id), filters)}
        />
      ),
    },
    { id: "id", header: "Snapshot", cell: ({ id }) => id, numeric: true },
    { id: "time", header: "When", cell: ({ time }) => <Time at={time} /> },
    {
      id: "message",
      header: "What happened",
      cell: ({ message }) => <Text text={message} />,
      wide: 50,
      from: "sm",
    },
    { id: "tables", header: "Tables", cell: ({ tables }) => <Tables names={tables} />, wide: 30 },
    { id: "author", header: "By", cell: ({ author }) => <Text text={author} />, wide: 20, from: "lg" },
    { id: "run", header: "Run", cell: ({ run }) => run && <RunLinks run={run} />, wide: 20, from: "xl" },
  ];
}

function Text({ text }: { text: string | null }) {
  return <span title={text ?? undefined}>{text ?? "–"}</span>;
}

function Tables({ names }: { names: string[] }) {
  const text = names.join(", ");
  return <code title={text}>{text || "–"}</code>;
}
