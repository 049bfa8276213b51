import { Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "wouter";
import { type StreamName, streamQuery } from "../../api/streams.ts";
import type { StreamDetail } from "../../api/types.ts";
import { Answer } from "../../components/Answer.tsx";
import { Columns } from "../../components/Columns.tsx";
import { Headline, Headlines } from "../../components/Facts.tsx";
import { Figure } from "../../components/Figure.tsx";
import { Page } from "../../components/Page.tsx";
import { Panel } from "../../components/Panel.tsx";
import { Reason } from "../../components/Reason.tsx";
import { SqlPanel } from "../../components/Sql.tsx";
import { Time } from "../../components/Time.tsx";
import { useFilters } from "../../components/useFilters.ts";
import { plural } from "../../format/numbers.ts";
import { BatchList } from "./BatchList.tsx";
import { ConfigPanel } from "./ConfigPanel.tsx";
import { FileList } from "./FileList.tsx";
import { QuarantineList } from "./QuarantineList.tsx";
import { StreamActs } from "./StreamActs.tsx";
import { StreamState, streamLook } from "./StreamState.tsx";
import { ThroughputPanel } from "./ThroughputPanel.tsx";

/** One stream: what waits, what was fed, what was set aside. */
export default function StreamPage() {
  const { source = "", stream = "" } = useParams<{ source: string; stream: string }>();
  const name = { source, stream };
  const query = useQuery(streamQuery(name));
  return (
    <Page
      title={`${source}/${stream}`}
      isName
      above={{ label: "Streams", href: "/streams" }}
      beside={query.data && <StreamState stream={query.data} />}
      actions={query.data && <StreamActs stream={query.data} />}
    >
      <Answer query={query}>{(found) => <Stream name={name} stream={found} />}</Answer>
    </Page>
  );
}

function Stream({ name, stream }: { name: StreamName; stream: StreamDetail }) {
  const { lag } = stream;
  return (
    <>
      {stream.reason && <Reason tone={streamLook(stream).tone}>{stream.reason}</Reason>}
      <Headlines>
        <Headline name="Files wait" note={<LookedAt at={stream.lookedAt} />}>
          <Figure value={lag.files} />
        </Headline>
        <Headline name="Bytes wait">
          <Figure value={lag.bytes} unit="bytes" />
        </Headline>
        <Headline name="Oldest has waited">
          <Figure value={lag.oldestSeconds} unit="seconds" />
        </Headline>
        <Headline name="Rows fed" note={plural(stream.batches, "batch", "batches")}>
          <Figure value={stream.rows} />
        </Headline>
        <Headline name="Last batch">
          <Time at={stream.lastBatchAt} />
        </Headline>
        <Headline name="Set aside">{plural(stream.quarantinedFiles, "file")}</Headline>
      </Headlines>
      <Columns
        main={
          <>
            <ThroughputPanel throughput={stream.throughput} />
            <Lists name={name} quarantined={stream.quarantinedFiles} />
          </>
        }
        side={
          <>
            <ConfigPanel stream={stream} />
            <SqlPanel title="Landing table (DDL)" sql={stream.ddl} />
          </>
        }
      />
    </>
  );
}

function LookedAt({ at }: { at: string }) {
  return (
    <>
      S3 was listed <Time at={at} />
    </>
  );
}

function Lists({ name, quarantined }: { name: StreamName; quarantined: number }) {
  const { get, set } = useFilters();
  return (
    <Panel flush>
      <Tabs value={get("show") ?? "batches"} onChange={(tab) => set("show", tab)} keepMounted={false}>
        <Tabs.List px="sm">
          <Tabs.Tab value="batches">Batches</Tabs.Tab>
          <Tabs.Tab value="files">Ledger files</Tabs.Tab>
          <Tabs.Tab value="quarantine">Quarantine{quarantined > 0 && ` · ${quarantined}`}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="batches">
          <BatchList name={name} />
        </Tabs.Panel>
        <Tabs.Panel value="files">
          <FileList name={name} />
        </Tabs.Panel>
        <Tabs.Panel value="quarantine">
          <QuarantineList filter={name} />
        </Tabs.Panel>
      </Tabs>
    </Panel>
  );
}
