import { Button, Text } from "@mantine/core";
import { IconExternalLink, IconPlayerStop } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useParams, useSearchParams } from "wouter";
import { cancelRun, runQuery } from "../../api/runs.ts";
import type { RunDetail } from "../../api/types.ts";
import { Act } from "../../components/Act.tsx";
import { Answer } from "../../components/Answer.tsx";
import { Columns } from "../../components/Columns.tsx";
import { Fact, Facts, Headline, Headlines } from "../../components/Facts.tsx";
import { AssetChip, Name } from "../../components/Links.tsx";
import { Page } from "../../components/Page.tsx";
import { Panel } from "../../components/Panel.tsx";
import { Reason } from "../../components/Reason.tsx";
import { StateBadge } from "../../components/StateBadge.tsx";
import { Time } from "../../components/Time.tsx";
import { Took } from "../../components/Took.tsx";
import { exact } from "../../format/numbers.ts";
import { runLooks } from "../../format/states.ts";
import { PendingWork } from "./PendingWork.tsx";
import { Steps } from "./Steps.tsx";

/** One run; the last of its workflow where the address names none. */
export default function RunPage() {
  // A workflow's id has slashes of its own: feeder/shopify/orders.
  const { "*": workflowId = "" } = useParams<{ "*": string }>();
  const [parameters] = useSearchParams();
  const run = useQuery(runQuery(workflowId, parameters.get("run")));
  return (
    <Page
      title={workflowId}
      isName
      above={{ label: "Runs", href: "/runs" }}
      beside={run.data && <StateBadge look={runLooks[run.data.status]} />}
      actions={run.data && <RunActs run={run.data} />}
    >
      <Answer query={run}>{(found) => <Run run={found} />}</Answer>
    </Page>
  );
}

function RunActs({ run }: { run: RunDetail }) {
  return (
    <>
      {run.url && (
        <Button
          component="a"
          href={run.url}
          target="_blank"
          rel="noreferrer"
          variant="default"
          leftSection={<IconExternalLink size={16} aria-hidden />}
        >
          Open in Temporal
        </Button>
      )}
      {run.status === "running" && (
        <Act
          danger
          label="Cancel this run"
          name={`Cancel this run: ${run.workflowId}`}
          icon={<IconPlayerStop size={16} aria-hidden />}
          act={() => cancelRun(run.workflowId, run.runId)}
          meaning={
            <Text size="sm">
              Its statement is interrupted and rolled back: nothing of it stays in the lake. What it was to do
              is done by the next run that is woken for it.
            </Text>
          }
        />
      )}
    </>
  );
}

function Run({ run }: { run: RunDetail }) {
  return (
    <>
      {run.failure && (
        <Reason tone="bad">
          {run.failure} {run.code && <code>[{run.code}]</code>}
        </Reason>
      )}
      <Headlines>
        <Headline name="Started">
          <Time at={run.startedAt} />
        </Headline>
        <Headline name={run.endedAt === null ? "Runs since" : "Took"}>
          <Took {...run} />
        </Headline>
        <Headline name="Ended">
          <Time at={run.endedAt} none="not yet" />
        </Headline>
        <Headline name="History" note="events in Temporal">
          {exact(run.historyEvents)}
        </Headline>
      </Headlines>
      <Columns
        main={
          <>
            {run.steps && <Steps steps={run.steps} />}
            <Panel title="What it works on" flush>
              <PendingWork activities={run.activities} />
            </Panel>
          </>
        }
        side={
          <Panel title="Run">
            <Facts>
              <Fact name="Type">{run.type}</Fact>
              <Fact name="Run id">
                <code>{run.runId}</code>
              </Fact>
              {run.asset && (
                <Fact name="Asset">
                  <AssetChip name={run.asset} state={undefined} />
                </Fact>
              )}
              {run.stream && (
                <Fact name="Stream">
                  <Name href={`/streams/${run.stream}`}>{run.stream}</Name>
                </Fact>
              )}
              <Fact name="Triggers">{run.triggers.join(", ") || "none"}</Fact>
            </Facts>
          </Panel>
        }
      />
    </>
  );
}
