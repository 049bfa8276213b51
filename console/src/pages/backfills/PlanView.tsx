import { Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { BackfillPlan } from "../../api/types.ts";
import { type Column, DataTable } from "../../components/DataTable.tsx";
import { Headline, Headlines } from "../../components/Facts.tsx";
import { Empty } from "../../components/Feedback.tsx";
import { Figure } from "../../components/Figure.tsx";
import { AssetChip, assetHref, Name } from "../../components/Links.tsx";
import { Panel } from "../../components/Panel.tsx";
import { Reason } from "../../components/Reason.tsx";
import { rangeOf } from "./range.ts";

type PlannedTarget = BackfillPlan["targets"][number];

const columns: Column<PlannedTarget>[] = [
  { id: "asset", header: "Table", cell: ({ asset }) => <Name href={assetHref(asset)}>{asset}</Name> },
  { id: "range", header: "Range", cell: rangeOf, from: "sm" },
  { id: "days", header: "Days", cell: ({ days }) => <Figure value={days} />, numeric: true, from: "sm" },
  { id: "files", header: "Files", cell: ({ files }) => <Figure value={files} />, numeric: true, from: "xs" },
  { id: "bytes", header: "Size", cell: ({ bytes }) => <Figure value={bytes} unit="bytes" />, numeric: true },
  { id: "chunks", header: "Chunks", cell: ({ chunks }) => <Figure value={chunks} />, numeric: true },
];

/** A rebuild takes whole tables: days and files say nothing about it. */
const WHOLE = columns.filter(({ id }) => id === "asset" || id === "chunks");

/** What a dry run found. `children`: what can be done about it. */
export function PlanView({ plan, children }: { plan: BackfillPlan; children: ReactNode }) {
  const inDays = plan.mode !== "rebuild";
  const notes = plan.targets.filter(({ note }) => note !== null);
  const obstacles = plan.targets.filter(({ obstacle }) => obstacle !== null);
  return (
    <Panel title="What would happen">
      <Stack>
        <Headlines>
          {inDays && (
            <>
              <Headline name="Days">
                <Figure value={plan.days} />
              </Headline>
              <Headline name="Files">
                <Figure value={plan.files} />
              </Headline>
              <Headline name="Bytes">
                <Figure value={plan.bytes} unit="bytes" />
              </Headline>
            </>
          )}
          <Headline name="Chunks" note="one transaction each">
            <Figure value={plan.chunks} />
          </Headline>
        </Headlines>
        {plan.targets.length === 0 ? (
          <Empty title="Nothing lies in this range" />
        ) : (
          <DataTable
            label="Tables"
            columns={inDays ? columns : WHOLE}
            rows={plan.targets}
            keyOf={({ asset }) => asset}
          />
        )}
        {notes.map(({ asset, note }) => (
          <Reason key={asset} tone="warn">
            <code>{asset}</code>: {note}
          </Reason>
        ))}
        {obstacles.map(({ asset, obstacle }) => (
          <Reason key={asset} tone="bad">
            <code>{asset}</code> would fail as things stand: {obstacle}
          </Reason>
        ))}
        {plan.downstream.length > 0 && (
          <div>
            <Text size="sm" mb={8}>
              These follow by themselves, as after any batch:
            </Text>
            <Group gap={6}>
              {plan.downstream.map((key) => (
                <AssetChip key={key} name={key} state={undefined} />
              ))}
            </Group>
          </div>
        )}
        {children}
      </Stack>
    </Panel>
  );
}
