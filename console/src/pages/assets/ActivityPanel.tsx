import type { Activity } from "../../api/types.ts";
import { Fact, Facts } from "../../components/Facts.tsx";
import { RunLinks } from "../../components/Links.tsx";
import { Panel } from "../../components/Panel.tsx";
import { Reason } from "../../components/Reason.tsx";
import { Time } from "../../components/Time.tsx";

/** What its writer does at this moment, and what it stumbles over. */
export function ActivityPanel({ activity }: { activity: Activity | null }) {
  return (
    <Panel title="What its writer does now">
      {activity === null ? (
        <span style={{ color: "var(--ink-soft)" }}>It rests: nothing is asked of it.</span>
      ) : (
        <Facts>
          <Fact name="Run">
            <RunLinks run={activity.run} />
          </Fact>
          <Fact name="Began">
            <Time at={activity.startedAt} />
          </Fact>
          <Fact name="Work">
            {activity.work === null ? "between two pieces of work" : <code>{activity.work}</code>}
            {activity.attempt !== null && activity.attempt > 1 && `, attempt ${activity.attempt}`}
          </Fact>
          {activity.nextAttemptAt && (
            <Fact name="Next attempt">
              <Time at={activity.nextAttemptAt} />
            </Fact>
          )}
          {activity.lastFailure && (
            <Fact name="Last failure">
              <Reason tone="bad">{activity.lastFailure}</Reason>
            </Fact>
          )}
        </Facts>
      )}
    </Panel>
  );
}
