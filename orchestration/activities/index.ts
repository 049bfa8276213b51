import type { Activities } from "../activity-types.ts";
import type { WorkerContext } from "../worker-context.ts";
import { enrichingActivities } from "./enriching.ts";
import { feedingActivities } from "./feeding.ts";

/** All activities over one worker's context. */
export function createActivities(worker: WorkerContext): Activities {
  return { ...feedingActivities(worker), ...enrichingActivities(worker) };
}
