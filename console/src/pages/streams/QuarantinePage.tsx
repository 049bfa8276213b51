import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { given } from "../../api/pages.ts";
import { streamsQuery } from "../../api/streams.ts";
import { ChoiceFilter, FilterBar, TextFilter } from "../../components/Filters.tsx";
import { Page } from "../../components/Page.tsx";
import { Panel } from "../../components/Panel.tsx";
import { useFilters } from "../../components/useFilters.ts";
import { QuarantineList } from "./QuarantineList.tsx";

/** Everything that was set aside, in the whole lake. */
export default function QuarantinePage() {
  const filters = useFilters();
  const streams = useQuery(streamsQuery).data ?? [];
  const names = streams.filter(({ quarantinedFiles }) => quarantinedFiles > 0);
  const source = filters.get("source");
  const [search] = useDebouncedValue(filters.get("search"), 300);
  return (
    <Page title="Quarantine">
      <Panel flush>
        <FilterBar>
          <TextFilter filters={filters} name="search" label="Part of a key or a reason" />
          <ChoiceFilter
            filters={filters}
            name="source"
            label="Source"
            choices={[...new Set(names.map((entry) => entry.source))].sort()}
          />
          <ChoiceFilter
            filters={filters}
            name="stream"
            label="Stream"
            choices={[
              ...new Set(
                names
                  .filter((entry) => source === undefined || entry.source === source)
                  .map(({ stream }) => stream),
              ),
            ].sort()}
          />
        </FilterBar>
        <QuarantineList filter={given({ source, stream: filters.get("stream"), search })} />
      </Panel>
    </Page>
  );
}
