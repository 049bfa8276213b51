import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { backfillsQuery } from "../../api/backfills.ts";
import { given } from "../../api/pages.ts";
import type { Backfill } from "../../api/types.ts";
import { type Column, DataTable } from "../../components/DataTable.tsx";
import { Empty } from "../../components/Feedback.tsx";
import { Figure } from "../../components/Figure.tsx";
import { ChoiceFilter, FilterBar } from "../../components/Filters.tsx";
import { Name } from "../../components/Links.tsx";
import { Page } from "../../components/Page.tsx";
import { Paged } from "../../components/Paged.tsx";
import { Panel } from "../../components/Panel.tsx";
import { StateBadge } from "../../components/StateBadge.tsx";
import { Time } from "../../components/Time.tsx";
import { useFilters } from "../../components/useFilters.ts";
import { backfillLooks } from "../../format/states.ts";
import { ChunkBar } from "./ChunkBar.tsx";
import { modes } from "./modes.ts";
import { rangeOf } from "./range.ts";

const columns: Column<Backfill>[] = [
  { id: "id", header: "Backfill", cell: ({ id }) => <Name href={`/backfills/${id}`}>{id.slice(0, 8)}</Name> },
  { id: "state", header: "State", cell: ({ state }) => <StateBadge look={backfillLooks[state]} /> },
  { id: "mode", header: "Mode", cell: ({ mode }) => modes[mode].label, from: "sm" },
  { id: "progress", header: "Chunks", cell: ({ chunks }) => <ChunkBar chunks={chunks} /> },
  { id: "assets", header: "Tables", cell: ({ assets }) => <Assets names={assets} />, wide: 99, from: "lg" },
  { id: "range", header: "Days", cell: rangeOf, from: "md" },
  {
    id: "changed",
    header: "Rows changed",
    cell: ({ changedRows }) => <Figure value={changedRows} />,
    numeric: true,
    from: "md",
  },
  { id: "by", header: "By", cell: ({ requestedBy }) => requestedBy, from: "lg" },
  {
    id: "at",
    header: "Asked for",
    cell: ({ requestedAt }) => <Time at={requestedAt} />,
    numeric: true,
    from: "sm",
  },
];

export default function BackfillsPage() {
  const filters = useFilters();
  const state = filters.get("state") as Backfill["state"] | undefined;
  const backfills = useInfiniteQuery(backfillsQuery(given({ state })));
  return (
    <Page
      title="Backfills"
      actions={
        <Button component={Link} href="/backfills/new" leftSection={<IconPlus size={16} aria-hidden />}>
          New backfill
        </Button>
      }
    >
      <Panel flush>
        <FilterBar>
          <ChoiceFilter
            filters={filters}
            name="state"
            label="State"
            choices={Object.entries(backfillLooks).map(([value, { label }]) => ({ value, label }))}
          />
        </FilterBar>
        <Paged
          query={backfills}
          empty={
            <Empty title={state === undefined ? "Nothing was ever backfilled" : "No backfill is like that"}>
              A backfill runs models again over days that lie behind, beside the live batches.
            </Empty>
          }
        >
          {(rows) => <DataTable label="Backfills" columns={columns} rows={rows} keyOf={({ id }) => id} />}
        </Paged>
      </Panel>
    </Page>
  );
}

function Assets({ names }: { names: string[] }) {
  const text = names.join(", ");
  return (
    <span className="mono" title={text}>
      {text}
    </span>
  );
}
