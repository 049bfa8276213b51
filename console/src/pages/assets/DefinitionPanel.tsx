import { Link } from "wouter";
import type { AssetDetail, StreamSummary } from "../../api/types.ts";
import { Fact, Facts } from "../../components/Facts.tsx";
import { streamHref } from "../../components/Links.tsx";
import { Panel } from "../../components/Panel.tsx";

/** What its definition says of it. */
export function DefinitionPanel({
  asset,
  stream,
}: {
  asset: AssetDetail;
  stream: StreamSummary | undefined;
}) {
  const { kind, group, owner, tags, file, uniqueKey, upkeep, codeHash, codeChanged } = asset;
  return (
    <Panel title="Definition">
      <Facts>
        <Fact name="Kind">{kind}</Fact>
        {group && <Fact name={kind === "enriched" ? "Domain" : "Source"}>{group}</Fact>}
        {stream && (
          <Fact name="Stream">
            <Link href={streamHref(stream)}>
              {stream.source}/{stream.stream}
            </Link>
          </Fact>
        )}
        {owner && <Fact name="Owner">{owner}</Fact>}
        {tags.length > 0 && <Fact name="Tags">{tags.join(", ")}</Fact>}
        <Fact name="File">{file === null ? "none: derived" : <code>{file}</code>}</Fact>
        {uniqueKey.length > 0 && (
          <Fact name="Unique key">
            <code>{uniqueKey.join(", ")}</code>
          </Fact>
        )}
        {upkeep && (
          <Fact name="Upkeep">
            {upkeep.mode === "incremental" ? "by increments" : "rebuilt each time"}
            {upkeep.reasons.map((reason) => (
              <div key={reason} style={{ color: "var(--ink-soft)" }}>
                {reason}
              </div>
            ))}
          </Fact>
        )}
        {codeHash && (
          <Fact name="Code">
            <code title={codeHash}>{codeHash.slice(0, 12)}</code>
            {codeChanged ? ", its rows were made by other code" : ", as its rows were made"}
          </Fact>
        )}
      </Facts>
    </Panel>
  );
}
