import { useQuery } from "@tanstack/react-query";
import { assetsQuery } from "../../api/assets.ts";
import type { AssetSummary } from "../../api/types.ts";
import { Answer } from "../../components/Answer.tsx";
import { type Column, DataTable } from "../../components/DataTable.tsx";
import { Empty } from "../../components/Feedback.tsx";
import { Figure } from "../../components/Figure.tsx";
import { ChoiceFilter, FilterBar, TextFilter } from "../../components/Filters.tsx";
import { assetHref, Name } from "../../components/Links.tsx";
import { Page } from "../../components/Page.tsx";
import { Panel } from "../../components/Panel.tsx";
import { StateBadge } from "../../components/StateBadge.tsx";
import { Time } from "../../components/Time.tsx";
import { equals, matches, useFilters } from "../../components/useFilters.ts";
import { assetLooks, assetStates } from "../../format/states.ts";

const columns: Column<AssetSummary>[] = [
  {
    id: "key",
    header: "Asset",
    cell: ({ key }) => <Name href={assetHref(key)}>{key}</Name>,
    order: ({ key }) => key,
  },
  {
    id: "state",
    header: "State",
    cell: ({ state, reason }) => <StateBadge look={assetLooks[state]} title={reason} />,
    order: ({ state }) => assetStates.indexOf(state),
  },
  { id: "why", header: "Why", cell: ({ reason }) => <Soft text={reason} />, wide: 99, from: "md" },
  { id: "kind", header: "Kind", cell: ({ kind }) => kind, order: ({ kind }) => kind, from: "lg" },
  { id: "group", header: "Group", cell: ({ group }) => group, order: ({ group }) => group, from: "md" },
  { id: "owner", header: "Owner", cell: ({ owner }) => owner, order: ({ owner }) => owner, from: "xl" },
  {
    id: "rows",
    header: "Rows",
    cell: ({ rows }) => <Figure value={rows} />,
    order: ({ rows }) => rows,
    numeric: true,
    from: "sm",
  },
  {
    id: "bytes",
    header: "Size",
    cell: ({ bytes }) => <Figure value={bytes} unit="bytes" />,
    order: ({ bytes }) => bytes,
    numeric: true,
    from: "lg",
  },
  {
    id: "updated",
    header: "Updated",
    cell: ({ updatedAt }) => <Time at={updatedAt} none="–" />,
    order: ({ updatedAt }) => updatedAt,
    numeric: true,
    from: "xs",
  },
];

export default function AssetsPage() {
  const assets = useQuery(assetsQuery);
  const filters = useFilters();
  return (
    <Page title="Assets">
      <Panel flush>
        <Answer query={assets}>
          {(all) => {
            const shown = all.filter((asset) => passes(asset, filters.get));
            return (
              <>
                <FilterBar>
                  <TextFilter filters={filters} name="search" label="Name, description or reason" />
                  <ChoiceFilter
                    filters={filters}
                    name="state"
                    label="State"
                    choices={assetStates.map((value) => ({ value, label: assetLooks[value].label }))}
                  />
                  <ChoiceFilter
                    filters={filters}
                    name="kind"
                    label="Kind"
                    choices={["landing", "feeder", "processed", "enriched"]}
                  />
                  <ChoiceFilter
                    filters={filters}
                    name="group"
                    label="Group"
                    searchable
                    choices={distinct(all.map(({ group }) => group))}
                  />
                  <ChoiceFilter
                    filters={filters}
                    name="tag"
                    label="Tag"
                    searchable
                    choices={distinct(all.flatMap(({ tags }) => tags))}
                  />
                </FilterBar>
                {shown.length === 0 ? (
                  <Empty title={all.length === 0 ? "There are no assets yet" : "No asset is like that"}>
                    {all.length > 0 && "Take a filter away."}
                  </Empty>
                ) : (
                  <DataTable label="Assets" columns={columns} rows={shown} keyOf={({ key }) => key} />
                )}
              </>
            );
          }}
        </Answer>
      </Panel>
    </Page>
  );
}

function passes(asset: AssetSummary, wanted: (name: string) => string | undefined): boolean {
  const tag = wanted("tag");
  return (
    matches(wanted("search"), asset.key, asset.description, asset.reason) &&
    equals(wanted("kind"), asset.kind) &&
    equals(wanted("state"), asset.state) &&
    equals(wanted("group"), asset.group) &&
    (tag === undefined || asset.tags.includes(tag))
  );
}

function Soft({ text }: { text: string | null }) {
  return (
    <span title={text ?? undefined} style={{ color: "var(--ink-soft)" }}>
      {text}
    </span>
  );
}

function distinct(values: (string | null)[]): string[] {
  return [...new Set(values.filter((value) => value !== null))].sort();
}
