import type { Activity } from "../../api/types.ts";
import { type Column, DataTable } from "../../components/DataTable.tsx";
import { Empty } from "../../components/Feedback.tsx";
import { Time } from "../../components/Time.tsx";

const columns: Column<Activity>[] = [
  { id: "work", header: "Work", cell: ({ work }) => <code>{work ?? "between two pieces"}</code> },
  { id: "attempt", header: "Attempt", cell: ({ attempt }) => attempt ?? "–", numeric: true },
  {
    id: "next",
    header: "Next attempt",
    cell: ({ nextAttemptAt }) => <Time at={nextAttemptAt} none="runs now" />,
    from: "sm",
  },
  {
    id: "failure",
    header: "Last failure",
    cell: ({ lastFailure }) => (
      <span style={{ color: lastFailure ? "var(--bad)" : "var(--ink-soft)", whiteSpace: "normal" }}>
        {lastFailure ?? "none"}
      </span>
    ),
  },
];

/** The activities that run or are tried again. */
export function PendingWork({ activities }: { activities: Activity[] }) {
  if (activities.length === 0) return <Empty title="No work is pending" />;
  return (
    <DataTable
      label="Pending work"
      columns={columns}
      rows={activities}
      keyOf={(activity) => `${activity.work} ${activities.indexOf(activity)}`}
    />
  );
}
