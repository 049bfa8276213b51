import type { RunDetail } from "../../api/types.ts";
import { type Column, DataTable } from "../../components/DataTable.tsx";
import { Empty } from "../../components/Feedback.tsx";
import { Panel } from "../../components/Panel.tsx";

type Step = NonNullable<RunDetail["steps"]>[number];

const columns: Column<Step>[] = [
  { id: "step", header: "Step", cell: ({ step }) => <code>{step}</code> },
  {
    id: "outcome",
    header: "What came of it",
    cell: ({ outcome, failed }) => (
      <span style={{ whiteSpace: "normal", color: failed ? "var(--bad)" : undefined }}>{outcome}</span>
    ),
    wide: 99,
  },
];

/** What a maintenance run did, step by step. */
export function Steps({ steps }: { steps: Step[] }) {
  return (
    <Panel title="What it did" flush>
      {steps.length === 0 ? (
        <Empty title="There was nothing to do" />
      ) : (
        <DataTable label="Steps" columns={columns} rows={steps} keyOf={({ step }) => step} />
      )}
    </Panel>
  );
}
