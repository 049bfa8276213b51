import { Text } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay, IconPlayerStop, IconRefresh } from "@tabler/icons-react";
import { cancelBackfill, pauseBackfill, resumeBackfill, retryChunk } from "../../api/backfills.ts";
import type { Backfill } from "../../api/types.ts";
import { Act } from "../../components/Act.tsx";
import { plural } from "../../format/numbers.ts";

export function BackfillActs({ backfill: { id, state, chunks } }: { backfill: Backfill }) {
  return (
    <>
      {chunks.failed > 0 && (
        <Act
          label={`Retry ${plural(chunks.failed, "failed chunk")}`}
          primary
          icon={<IconRefresh size={16} aria-hidden />}
          act={() => retryChunk(id, null)}
          meaning={
            <Text size="sm">Every chunk that failed waits once more. The others stay as they are.</Text>
          }
        />
      )}
      {state === "running" && (
        <Act
          label="Pause"
          name="Pause this backfill"
          icon={<IconPlayerPause size={16} aria-hidden />}
          act={() => pauseBackfill(id)}
          meaning={<Text size="sm">Chunks that run end; no others begin until it is resumed.</Text>}
        />
      )}
      {state === "paused" && (
        <Act
          label="Resume"
          name="Resume this backfill"
          primary
          icon={<IconPlayerPlay size={16} aria-hidden />}
          act={() => resumeBackfill(id)}
        />
      )}
      {(state === "running" || state === "paused") && (
        <Act
          danger
          label="Cancel"
          name="Cancel this backfill"
          icon={<IconPlayerStop size={16} aria-hidden />}
          act={() => cancelBackfill(id)}
          meaning={
            <Text size="sm">
              Chunks that run end, those that wait are given up. What was done stays: each chunk was a
              transaction of its own.
            </Text>
          }
        />
      )}
    </>
  );
}
