import type { StreamSummary } from "../../api/types.ts";
import { StateBadge } from "../../components/StateBadge.tsx";
import { assetLooks, type Look, pausedLook } from "../../format/states.ts";

/** How a stream stands: paused before anything else, otherwise as its processed table does. */
export function StreamState({ stream }: { stream: StreamSummary }) {
  return <StateBadge look={streamLook(stream)} title={stream.reason} />;
}

export function streamLook({ paused, state }: StreamSummary): Look {
  if (paused) return pausedLook;
  return assetLooks[state];
}
