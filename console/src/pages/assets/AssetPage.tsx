import { useQuery } from "@tanstack/react-query";
import { useParams } from "wouter";
import { assetQuery, assetsQuery } from "../../api/assets.ts";
import { streamsQuery } from "../../api/streams.ts";
import type { AssetDetail } from "../../api/types.ts";
import { Answer } from "../../components/Answer.tsx";
import { Columns } from "../../components/Columns.tsx";
import { Headline, Headlines } from "../../components/Facts.tsx";
import { Figure } from "../../components/Figure.tsx";
import { Page } from "../../components/Page.tsx";
import { Reason } from "../../components/Reason.tsx";
import { SqlPanel } from "../../components/Sql.tsx";
import { StateBadge } from "../../components/StateBadge.tsx";
import { Time } from "../../components/Time.tsx";
import { assetLooks } from "../../format/states.ts";
import { duration } from "../../format/time.ts";
import { ActivityPanel } from "./ActivityPanel.tsx";
import { ColumnsPanel } from "./ColumnsPanel.tsx";
import { DefinitionPanel } from "./DefinitionPanel.tsx";
import { LineagePanel } from "./LineagePanel.tsx";
import { MaterializeActs } from "./MaterializeActs.tsx";
import { TimelinePanel } from "./TimelinePanel.tsx";

/** One asset: what it is, how it stands, and why. */
export default function AssetPage() {
  const { key = "" } = useParams<{ key: string }>();
  const asset = useQuery(assetQuery(key));
  return (
    <Page
      title={key}
      isName
      above={{ label: "Assets", href: "/assets" }}
      beside={asset.data && <StateBadge look={assetLooks[asset.data.state]} />}
      actions={asset.data && <MaterializeActs asset={asset.data} />}
    >
      <Answer query={asset}>{(found) => <Asset asset={found} />}</Answer>
    </Page>
  );
}

function Asset({ asset }: { asset: AssetDetail }) {
  const all = useQuery(assetsQuery).data ?? [];
  const streams = useQuery(streamsQuery).data ?? [];
  const states = new Map(all.map(({ key, state }) => [key, state]));
  const stream = streams.find((entry) => entry.asset === asset.key || asset.downstream.includes(entry.asset));
  const isTable = asset.kind === "processed" || asset.kind === "enriched";
  const fed = asset.kind === "processed" || asset.kind === "feeder";
  return (
    <>
      {asset.reason && <Reason tone={assetLooks[asset.state].tone}>{asset.reason}</Reason>}
      {asset.description && <p style={{ margin: 0, maxWidth: 860, lineHeight: 1.55 }}>{asset.description}</p>}
      {isTable && (
        <Headlines>
          <Headline name="Updated" note={asset.freshness && freshnessOf(asset.freshness)}>
            <Time at={asset.updatedAt} />
          </Headline>
          <Headline name="Rows">
            <Figure value={asset.rows} />
          </Headline>
          <Headline name="Size" note="of its Parquet files">
            <Figure value={asset.bytes} unit="bytes" />
          </Headline>
          <Headline name="Snapshot" note="the last that changed it">
            {asset.snapshot ?? "–"}
          </Headline>
        </Headlines>
      )}
      <Columns
        main={
          <>
            {asset.kind !== "landing" && <ActivityPanel activity={asset.activity} />}
            {isTable && (
              <TimelinePanel asset={asset.key} materializations={asset.materializations} fed={fed} />
            )}
            {asset.sql && <SqlPanel title="SQL" sql={asset.sql} />}
            {asset.ddl && <SqlPanel title="Landing table (DDL)" sql={asset.ddl} />}
            {asset.columns.length > 0 && <ColumnsPanel columns={asset.columns} />}
          </>
        }
        side={
          <>
            <DefinitionPanel asset={asset} stream={fed ? stream : undefined} />
            <LineagePanel asset={asset} states={states} />
          </>
        }
      />
    </>
  );
}

function freshnessOf({ limit, lateBySeconds }: NonNullable<AssetDetail["freshness"]>): string {
  if (lateBySeconds !== null && lateBySeconds > 0)
    return `late by ${duration(lateBySeconds)}, may be ${limit} old`;
  return `in time: may be ${limit} old`;
}
