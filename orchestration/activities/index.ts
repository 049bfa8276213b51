import type { Activities } from "../activity-types.ts";
import type { WorkerContext } from "../worker-context.ts";
import { backfillingActivities } from "./backfilling.ts";
import { enrichingActivities } from "./enriching.ts";
import { feedingActivities } from "./feeding.ts";
import { holdingActivities } from "./holding.ts";
import { upkeepActivities } from "./upkeep.ts";

/** All activities over one worker's context. */
export function createActivities(worker: WorkerContext): Activities {
  return {
    ...feedingActivities(worker),
    ...enrichingActivities(worker),
    ...holdingActivities(worker),
    ...upkeepActivities(worker),
    ...backfillingActivities(worker),
  };
}
