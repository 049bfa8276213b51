import { Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "wouter";
import { backfillQuery } from "../../api/backfills.ts";
import type { Backfill as BackfillData } from "../../api/types.ts";
import { Answer } from "../../components/Answer.tsx";
import { Columns } from "../../components/Columns.tsx";
import { Fact, Facts, Headline, Headlines } from "../../components/Facts.tsx";
import { Figure } from "../../components/Figure.tsx";
import { AssetChip, Name, RunLinks } from "../../components/Links.tsx";
import { Page } from "../../components/Page.tsx";
import { Panel } from "../../components/Panel.tsx";
import { StateBadge } from "../../components/StateBadge.tsx";
import { Time } from "../../components/Time.tsx";
import { backfillLooks } from "../../format/states.ts";
import { BackfillActs } from "./BackfillActs.tsx";
import { ChunkBar } from "./ChunkBar.tsx";
import { ChunkList } from "./ChunkList.tsx";
import { modes } from "./modes.ts";
import { rangeOf } from "./range.ts";
import { TableProgress } from "./TableProgress.tsx";

export default function BackfillPage() {
  const { id = "" } = useParams<{ id: string }>();
  const backfill = useQuery(backfillQuery(id));
  return (
    <Page
      title={backfill.data ? `${modes[backfill.data.mode].label} ${id.slice(0, 8)}` : id}
      above={{ label: "Backfills", href: "/backfills" }}
      beside={backfill.data && <StateBadge look={backfillLooks[backfill.data.state]} />}
      actions={backfill.data && <BackfillActs backfill={backfill.data} />}
    >
      <Answer query={backfill}>{(found) => <Backfill backfill={found} />}</Answer>
    </Page>
  );
}

function Backfill({ backfill }: { backfill: BackfillData }) {
  return (
    <>
      <Panel>
        <ChunkBar chunks={backfill.chunks} tall />
      </Panel>
      <Headlines>
        <Headline name="Rows changed" note="so far">
          <Figure value={backfill.changedRows} />
        </Headline>
        <Headline name="Files">
          <Figure value={backfill.files} />
        </Headline>
        <Headline name="Bytes">
          <Figure value={backfill.bytes} unit="bytes" />
        </Headline>
        <Headline name="Asked for" note={`by ${backfill.requestedBy}`}>
          <Time at={backfill.requestedAt} />
        </Headline>
        <Headline name="Ended">
          <Time at={backfill.endedAt} none="not yet" />
        </Headline>
      </Headlines>
      <Columns
        main={
          <>
            {backfill.tables.length > 0 && <TableProgress tables={backfill.tables} />}
            <ChunkList backfill={backfill} />
          </>
        }
        side={<RequestPanel backfill={backfill} />}
      />
    </>
  );
}

function RequestPanel({ backfill }: { backfill: BackfillData }) {
  return (
    <Panel title="What was asked for">
      <Facts>
        <Fact name="Mode">{modes[backfill.mode].meaning}</Fact>
        <Fact name="Days">{rangeOf(backfill)}</Fact>
        <Fact name="Chunks at once">{backfill.maxConcurrent}</Fact>
        {backfill.streams.length > 0 && (
          <Fact name="Streams">
            <Group gap={6}>
              {backfill.streams.map((name) => (
                <Name key={name} href={`/streams/${name}`}>
                  {name}
                </Name>
              ))}
            </Group>
          </Fact>
        )}
        {backfill.downstreamOf.length > 0 && (
          <Fact name="Downstream of">
            <Group gap={6}>
              {backfill.downstreamOf.map((key) => (
                <AssetChip key={key} name={key} state={undefined} />
              ))}
            </Group>
          </Fact>
        )}
        <Fact name="Id">
          <code>{backfill.id}</code>
        </Fact>
        <Fact name="Run">
          <RunLinks run={backfill.run} />
        </Fact>
      </Facts>
    </Panel>
  );
}
