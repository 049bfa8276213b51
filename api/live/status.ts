import type { Project } from "../../assets/definitions.ts";
import type { Observation } from "../../orchestration/observer.ts";
import { summarise } from "../read/assets.ts";

/** How everything stands, as the event `status` tells it: the states and reasons of `GET /assets`. */
export interface StatusNews {
  at: string;
  /** Nothing waits, and nothing runs. */
  idle: boolean;
  /** Assets whose writers run. */
  running: string[];
  assets: { key: string; state: string; reason: string | null }[];
}

/** What an observation says; the same for all who ask about the same observation. Pure. */
export function statusOf(project: Project, seen: Observation): StatusNews {
  const present = told.get(seen);
  if (present) return present;
  const news = {
    at: seen.at.toISOString(),
    idle: seen.status.idle,
    running: [...seen.running].sort(),
    assets: summarise(project, seen).map(({ key, state, reason }) => ({ key, state, reason })),
  };
  told.set(seen, news);
  return news;
}

const told = new WeakMap<Observation, StatusNews>();

/** Whether two of them say the same, but for when it was seen. */
export function saysTheSame(left: StatusNews, right: StatusNews): boolean {
  return JSON.stringify({ ...left, at: null }) === JSON.stringify({ ...right, at: null });
}
