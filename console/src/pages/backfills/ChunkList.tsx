import { useInfiniteQuery } from "@tanstack/react-query";
import { chunksQuery, retryChunk } from "../../api/backfills.ts";
import { given } from "../../api/pages.ts";
import type { Backfill, BackfillChunk } from "../../api/types.ts";
import { Act } from "../../components/Act.tsx";
import { type Column, DataTable } from "../../components/DataTable.tsx";
import { Empty } from "../../components/Feedback.tsx";
import { Figure } from "../../components/Figure.tsx";
import { ChoiceFilter, FilterBar } from "../../components/Filters.tsx";
import { RunLinks } from "../../components/Links.tsx";
import { Paged } from "../../components/Paged.tsx";
import { Panel } from "../../components/Panel.tsx";
import { Reason } from "../../components/Reason.tsx";
import { StateBadge } from "../../components/StateBadge.tsx";
import { Took } from "../../components/Took.tsx";
import { useFilters } from "../../components/useFilters.ts";
import { chunkLooks } from "../../format/states.ts";
import { rangeOf } from "./range.ts";

const columns: Column<BackfillChunk>[] = [
  { id: "number", header: "#", cell: ({ number }) => number, numeric: true },
  { id: "state", header: "State", cell: ({ state }) => <StateBadge look={chunkLooks[state]} /> },
  { id: "asset", header: "Table", cell: ({ asset }) => <code>{asset}</code>, wide: 99, from: "sm" },
  { id: "range", header: "Days", cell: rangeOf },
  { id: "files", header: "Files", cell: ({ files }) => <Figure value={files} />, numeric: true, from: "md" },
  {
    id: "bytes",
    header: "Size",
    cell: ({ bytes }) => <Figure value={bytes} unit="bytes" />,
    numeric: true,
    from: "md",
  },
  {
    id: "changed",
    header: "Changed",
    cell: ({ changedRows }) => <Figure value={changedRows} />,
    numeric: true,
    from: "xs",
  },
  {
    id: "took",
    header: "Took",
    cell: ({ startedAt, endedAt }) => startedAt && <Took startedAt={startedAt} endedAt={endedAt} />,
    numeric: true,
    from: "sm",
  },
  { id: "run", header: "Run", cell: ({ run }) => run && <RunLinks run={run} />, from: "xl" },
];

/** A backfill's chunks: first those that failed, with why and a retry each, then all of them. */
export function ChunkList({ backfill }: { backfill: Backfill }) {
  const filters = useFilters();
  const state = filters.get("chunks") as BackfillChunk["state"] | undefined;
  const chunks = useInfiniteQuery(chunksQuery(backfill.id, given({ state })));
  return (
    <>
      {backfill.chunks.failed > 0 && <FailedChunks id={backfill.id} />}
      <Panel flush title="Chunks">
        <FilterBar>
          <ChoiceFilter
            filters={filters}
            name="chunks"
            label="State"
            choices={Object.entries(chunkLooks).map(([value, { label }]) => ({ value, label }))}
          />
        </FilterBar>
        <Paged
          query={chunks}
          empty={
            backfill.chunks.total === 0 && backfill.endedAt === null ? (
              <Empty title="Its chunks are being planned" />
            ) : (
              <Empty title="No chunk is like that" />
            )
          }
        >
          {(rows) => (
            <DataTable label="Chunks" columns={columns} rows={rows} keyOf={({ number }) => String(number)} />
          )}
        </Paged>
      </Panel>
    </>
  );
}

function FailedChunks({ id }: { id: string }) {
  const failed = useInfiniteQuery(chunksQuery(id, { state: "failed" }));
  return (
    <Panel title="Failed chunks">
      <Paged query={failed} empty={null}>
        {(chunks) =>
          chunks.map((chunk) => (
            <div
              key={chunk.number}
              style={{ display: "grid", gap: 8, justifyItems: "start", marginBottom: 12 }}
            >
              <strong>
                Chunk {chunk.number}: <code>{chunk.asset}</code>, {rangeOf(chunk)}
              </strong>
              <Reason tone="bad">{chunk.message ?? "It failed without a message."}</Reason>
              <Act
                small
                label="Retry"
                name={`Retry chunk ${chunk.number}`}
                act={() => retryChunk(id, chunk.number)}
              />
            </div>
          ))
        }
      </Paged>
    </Panel>
  );
}
