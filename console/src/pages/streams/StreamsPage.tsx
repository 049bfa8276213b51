import { useQuery } from "@tanstack/react-query";
import { streamsQuery } from "../../api/streams.ts";
import type { StreamSummary } from "../../api/types.ts";
import { Answer } from "../../components/Answer.tsx";
import { type Column, DataTable } from "../../components/DataTable.tsx";
import { Empty } from "../../components/Feedback.tsx";
import { Figure } from "../../components/Figure.tsx";
import { ChoiceFilter, FilterBar, TextFilter } from "../../components/Filters.tsx";
import { Name, streamHref } from "../../components/Links.tsx";
import { Page } from "../../components/Page.tsx";
import { Panel } from "../../components/Panel.tsx";
import { Time } from "../../components/Time.tsx";
import { equals, matches, useFilters } from "../../components/useFilters.ts";
import { assetLooks, assetStates } from "../../format/states.ts";
import { DaySparkline } from "./DaySparkline.tsx";
import { StreamState } from "./StreamState.tsx";

const columns: Column<StreamSummary>[] = [
  {
    id: "stream",
    header: "Stream",
    cell: (stream) => <Name href={streamHref(stream)}>{nameOf(stream)}</Name>,
    order: nameOf,
  },
  {
    id: "state",
    header: "State",
    cell: (stream) => <StreamState stream={stream} />,
    order: ({ state }) => state,
  },
  {
    id: "files",
    header: "Files wait",
    cell: ({ lag }) => <Figure value={lag.files} />,
    order: ({ lag }) => lag.files,
    numeric: true,
  },
  {
    id: "bytes",
    header: "Bytes wait",
    cell: ({ lag }) => <Figure value={lag.bytes} unit="bytes" />,
    order: ({ lag }) => lag.bytes,
    numeric: true,
    from: "sm",
  },
  {
    id: "oldest",
    header: "Oldest",
    cell: ({ lag }) => <Figure value={lag.oldestSeconds} unit="seconds" />,
    order: ({ lag }) => lag.oldestSeconds,
    numeric: true,
    from: "xs",
  },
  { id: "day", header: "Rows, last day", cell: (stream) => <DaySparkline stream={stream} />, from: "md" },
  {
    id: "quarantined",
    header: "Set aside",
    cell: ({ quarantinedFiles }) => <Figure value={quarantinedFiles} />,
    order: ({ quarantinedFiles }) => quarantinedFiles,
    numeric: true,
    from: "md",
  },
  {
    id: "rows",
    header: "Rows fed",
    cell: ({ rows }) => <Figure value={rows} />,
    order: ({ rows }) => rows,
    numeric: true,
    from: "md",
  },
  {
    id: "last",
    header: "Last batch",
    cell: ({ lastBatchAt }) => <Time at={lastBatchAt} />,
    order: ({ lastBatchAt }) => lastBatchAt,
    numeric: true,
    from: "sm",
  },
];

export default function StreamsPage() {
  const streams = useQuery(streamsQuery);
  const filters = useFilters();
  return (
    <Page title="Streams">
      <Panel flush>
        <Answer query={streams}>
          {(all) => {
            const shown = all.filter((stream) => passes(stream, filters.get));
            return (
              <>
                <FilterBar>
                  <TextFilter filters={filters} name="search" label="Name or reason" />
                  <ChoiceFilter
                    filters={filters}
                    name="source"
                    label="Source"
                    choices={[...new Set(all.map(({ source }) => source))].sort()}
                  />
                  <ChoiceFilter
                    filters={filters}
                    name="state"
                    label="State"
                    choices={[
                      { value: "paused", label: "Paused" },
                      ...assetStates.map((value) => ({ value, label: assetLooks[value].label })),
                    ]}
                  />
                  <ChoiceFilter
                    filters={filters}
                    name="with"
                    label="Attention"
                    choices={[
                      { value: "lag", label: "Files wait" },
                      { value: "quarantine", label: "Files set aside" },
                    ]}
                  />
                </FilterBar>
                {shown.length === 0 ? (
                  <Empty title={all.length === 0 ? "There are no streams yet" : "No stream is like that"}>
                    {all.length === 0
                      ? "One JSON file in dag/streams makes one; lotus stream add writes it from a file in S3."
                      : "Take a filter away."}
                  </Empty>
                ) : (
                  <DataTable label="Streams" columns={columns} rows={shown} keyOf={nameOf} />
                )}
              </>
            );
          }}
        </Answer>
      </Panel>
    </Page>
  );
}

function nameOf({ source, stream }: StreamSummary): string {
  return `${source}/${stream}`;
}

function passes(stream: StreamSummary, wanted: (name: string) => string | undefined): boolean {
  const state = wanted("state");
  const attention = wanted("with");
  return (
    matches(wanted("search"), nameOf(stream), stream.reason) &&
    equals(wanted("source"), stream.source) &&
    (state === "paused" ? stream.paused : equals(state, stream.state)) &&
    (attention !== "lag" || stream.lag.files > 0) &&
    (attention !== "quarantine" || stream.quarantinedFiles > 0)
  );
}
