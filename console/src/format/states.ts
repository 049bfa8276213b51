import {
  IconAlarm,
  IconAlertTriangle,
  IconCheck,
  IconCircleOff,
  IconClockPause,
  IconCode,
  IconHistory,
  IconLock,
  IconPlayerPause,
  type IconProps,
  IconRefresh,
  IconSquare,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { AssetState, Backfill, BackfillChunk, Run } from "../api/types.ts";

/** How a state looks: a colour of `states.css`, a shape, a word. Never colour alone. */
export interface Look {
  label: string;
  tone: Tone;
  icon: ComponentType<IconProps>;
}

export type Tone = "good" | "busy" | "calm" | "pending" | "warn" | "bad" | "hold" | "code" | "off";

export const assetLooks: Record<AssetState, Look> = {
  failed: { label: "Failed", tone: "bad", icon: IconAlertTriangle },
  late: { label: "Late", tone: "warn", icon: IconAlarm },
  held: { label: "Held", tone: "hold", icon: IconLock },
  running: { label: "Updating", tone: "busy", icon: IconRefresh },
  waiting: { label: "Waiting", tone: "pending", icon: IconClockPause },
  stale: { label: "Stale", tone: "calm", icon: IconHistory },
  changed: { label: "Code changed", tone: "code", icon: IconCode },
  fresh: { label: "Fresh", tone: "good", icon: IconCheck },
  disabled: { label: "Disabled", tone: "off", icon: IconCircleOff },
};

/** Worst first: the order in which somebody on call wants to read them. */
export const assetStates = Object.keys(assetLooks) as AssetState[];

export function isAssetState(text: string): text is AssetState {
  return text in assetLooks;
}

export const runLooks: Record<Run["status"], Look> = {
  running: { label: "Running", tone: "busy", icon: IconRefresh },
  completed: { label: "Completed", tone: "good", icon: IconCheck },
  failed: { label: "Failed", tone: "bad", icon: IconAlertTriangle },
  cancelled: { label: "Cancelled", tone: "off", icon: IconSquare },
  terminated: { label: "Terminated", tone: "warn", icon: IconSquare },
  continued: { label: "Continued", tone: "calm", icon: IconHistory },
  timed_out: { label: "Timed out", tone: "bad", icon: IconAlarm },
};

export const backfillLooks: Record<Backfill["state"], Look> = {
  running: { label: "Running", tone: "busy", icon: IconRefresh },
  paused: { label: "Paused", tone: "pending", icon: IconPlayerPause },
  cancelled: { label: "Cancelled", tone: "off", icon: IconSquare },
  done: { label: "Done", tone: "good", icon: IconCheck },
  failed: { label: "Failed", tone: "bad", icon: IconAlertTriangle },
};

export const chunkLooks: Record<BackfillChunk["state"], Look> = {
  waiting: { label: "Waiting", tone: "pending", icon: IconClockPause },
  running: { label: "Running", tone: "busy", icon: IconRefresh },
  done: { label: "Done", tone: "good", icon: IconCheck },
  failed: { label: "Failed", tone: "bad", icon: IconAlertTriangle },
  cancelled: { label: "Cancelled", tone: "off", icon: IconSquare },
};

export const pausedLook: Look = { label: "Paused", tone: "pending", icon: IconPlayerPause };
