import {
  condition,
  continueAsNew,
  defineSignal,
  proxyActivities,
  setHandler,
  workflowInfo,
} from "@temporalio/workflow";
import type { Activities } from "../activity-types.ts";
import type { StreamName } from "../messages.ts";
import { heartbeatTimeout, untilItSucceeds } from "./timeouts.ts";

/** Looks at once instead of at the next poll: an S3 notification, a sync's end, a person. */
export const tickSignal = defineSignal("tick");

const { tickSensor } = proxyActivities<Activities>({
  startToCloseTimeout: "10 minutes",
  heartbeatTimeout,
  retry: untilItSucceeds,
});

/** One for each stream, for ever: lists S3 on a timer or a signal, and wakes the feeder when something waits. */
export async function sensor(input: StreamName): Promise<void> {
  let told = false;
  setHandler(tickSignal, () => {
    told = true;
  });
  while (!workflowInfo().continueAsNewSuggested && workflowInfo().historyLength < 4000) {
    const wasTold = told;
    told = false;
    const { pollMs } = await tickSensor({ ...input, told: wasTold });
    await condition(() => told, pollMs);
  }
  await continueAsNew<typeof sensor>(input);
}
