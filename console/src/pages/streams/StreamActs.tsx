import { Text } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay, IconRadar2 } from "@tabler/icons-react";
import { pause, resume, tick } from "../../api/streams.ts";
import type { StreamSummary } from "../../api/types.ts";
import { Act } from "../../components/Act.tsx";

export function StreamActs({ stream }: { stream: StreamSummary }) {
  const name = `${stream.source}/${stream.stream}`;
  return (
    <>
      <Act
        label="Tick now"
        name={`Tick now: look for new files of ${name}`}
        icon={<IconRadar2 size={16} aria-hidden />}
        act={() => tick(stream)}
      />
      {stream.paused ? (
        <Act
          label="Resume"
          name={`Resume ${name}`}
          primary
          icon={<IconPlayerPlay size={16} aria-hidden />}
          act={() => resume(stream)}
          meaning={<Text size="sm">What waits is fed again, oldest day first.</Text>}
        />
      ) : (
        <Act
          label="Pause"
          name={`Pause ${name}`}
          icon={<IconPlayerPause size={16} aria-hidden />}
          act={() => pause(stream)}
          meaning={
            <Text size="sm">
              The batch that runs ends; then nothing is fed until somebody resumes it. Files wait in S3,
              nothing is lost, and tables that read {stream.asset} go on with the rows that are there.
            </Text>
          }
        />
      )}
    </>
  );
}
