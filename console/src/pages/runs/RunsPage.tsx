import { TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { assetsQuery } from "../../api/assets.ts";
import { given } from "../../api/pages.ts";
import { type RunFilter, runsQuery } from "../../api/runs.ts";
import { streamsQuery } from "../../api/streams.ts";
import type { Run } from "../../api/types.ts";
import { Empty } from "../../components/Feedback.tsx";
import { ChoiceFilter, FilterBar } from "../../components/Filters.tsx";
import { Page } from "../../components/Page.tsx";
import { Paged } from "../../components/Paged.tsx";
import { Panel } from "../../components/Panel.tsx";
import { type Filters, useFilters } from "../../components/useFilters.ts";
import { runLooks } from "../../format/states.ts";
import { fromUtcInput, toUtcInput } from "../../format/time.ts";
import { RunTable } from "./RunTable.tsx";

const TRIGGERS = ["sensor", "automation", "manual", "code-change", "maintenance", "backfill"];
const TYPES = ["feeder", "materialize", "sensor", "automation", "maintenance", "backfill"];
const STATUSES = Object.entries(runLooks).map(([value, { label }]) => ({ value, label }));

/** Runs as Temporal knows them. */
export default function RunsPage() {
  const filters = useFilters();
  const [filter] = useDebouncedValue(filterOf(filters), 250);
  const runs = useInfiniteQuery({ ...runsQuery(filter), refetchInterval: 10_000 });
  return (
    <Page title="Runs">
      <Panel flush>
        <RunFilters filters={filters} />
        <Paged
          query={runs}
          empty={
            <Empty title="No run is like that">
              Temporal forgets runs after its retention; what they did stays in Snapshots.
            </Empty>
          }
        >
          {(rows) => <RunTable runs={rows} />}
        </Paged>
      </Panel>
    </Page>
  );
}

function RunFilters({ filters }: { filters: Filters }) {
  const assets = useQuery(assetsQuery).data ?? [];
  const streams = useQuery(streamsQuery).data ?? [];
  return (
    <FilterBar>
      <ChoiceFilter filters={filters} name="status" label="Status" choices={STATUSES} />
      <ChoiceFilter filters={filters} name="type" label="Type" choices={TYPES} />
      <ChoiceFilter filters={filters} name="trigger" label="Trigger" choices={TRIGGERS} />
      <ChoiceFilter
        filters={filters}
        name="asset"
        label="Asset"
        searchable
        choices={assets.map(({ key }) => key)}
      />
      <ChoiceFilter
        filters={filters}
        name="stream"
        label="Stream"
        searchable
        choices={streams.map(({ source, stream }) => `${source}/${stream}`)}
      />
      <TimeFilter filters={filters} name="after" label="Started after (UTC)" />
      <TimeFilter filters={filters} name="before" label="Started before (UTC)" />
    </FilterBar>
  );
}

function TimeFilter({ filters, name, label }: { filters: Filters; name: string; label: string }) {
  return (
    <TextInput
      type="datetime-local"
      aria-label={label}
      title={label}
      leftSection={<span style={{ fontSize: 11 }}>{name}</span>}
      leftSectionWidth={52}
      w={238}
      value={toUtcInput(filters.get(name))}
      onChange={({ currentTarget }) => filters.set(name, fromUtcInput(currentTarget.value) ?? null)}
    />
  );
}

function filterOf({ get }: Filters): RunFilter {
  return given({
    status: get("status") as Run["status"] | undefined,
    type: get("type"),
    trigger: get("trigger"),
    asset: get("asset"),
    stream: get("stream"),
    after: get("after"),
    before: get("before"),
  });
}
