import type { StreamDetail } from "../../api/types.ts";
import { Fact, Facts } from "../../components/Facts.tsx";
import { Figure } from "../../components/Figure.tsx";
import { AssetChip } from "../../components/Links.tsx";
import { Panel } from "../../components/Panel.tsx";
import { plural } from "../../format/numbers.ts";
import { duration } from "../../format/time.ts";

/** What its file says, and how far it got. */
export function ConfigPanel({ stream }: { stream: StreamDetail }) {
  const { feeder } = stream;
  return (
    <Panel title="Configuration">
      <Facts>
        <Fact name="Table">
          <AssetChip name={stream.asset} state={undefined} />
        </Fact>
        <Fact name="File">
          <code>{stream.file}</code>
        </Fact>
        <Fact name="Cursor">
          {stream.cursor === null ? "at the beginning" : <code>{stream.cursor}</code>}
        </Fact>
        <Fact name="Primary key">
          {stream.primaryKey.length === 0 ? "none" : <code>{stream.primaryKey.join(", ")}</code>}
        </Fact>
        <Fact name="Cursor field">{stream.cursorField ? <code>{stream.cursorField}</code> : "none"}</Fact>
        <Fact name="Sync">
          {stream.syncMode}, {stream.destinationSyncMode}
        </Fact>
        <Fact name="Batch">
          at most {plural(feeder.batchFiles, "file")}, <Figure value={feeder.batchBytes} unit="bytes" />
        </Fact>
        <Fact name="S3 is listed">
          every {duration(feeder.pollSeconds)}, {plural(feeder.lookbackDays, "day")} back
        </Fact>
        <Fact name="Raw files">{feeder.retention === "keep" ? "kept" : `kept for ${feeder.retention}`}</Fact>
        <Fact name="New column">{feeder.onNewColumn}</Fact>
      </Facts>
    </Panel>
  );
}
