import type { Client } from "@temporalio/client";
import { defineSearchAttributeKey, type SearchAttributePair, SearchAttributeType } from "@temporalio/common";
import type { AutomationNews, FeederWork, MaterializeWork, StreamName } from "./messages.ts";
import {
  automationId,
  feederId,
  materializeId,
  searchAttributes,
  sensorId,
  type Trigger,
  taskQueue,
} from "./names.ts";

/**
 * Signal-with-start: each writer runs while it has work and not otherwise; a signal starts it where it does not run
 * and is kept where it does, so that none is lost and none is started twice.
 */

export async function wakeFeeder(
  client: Client,
  { source, stream }: StreamName,
  work: FeederWork,
): Promise<void> {
  await client.workflow.signalWithStart("feeder", {
    workflowId: feederId(source, stream),
    taskQueue,
    args: [{ source, stream }],
    signal: "work",
    signalArgs: [work],
    typedSearchAttributes: attributes({
      asset: `feeder_${source}_${stream}`,
      stream: `${source}/${stream}`,
      trigger: work.trigger,
    }),
  });
}

export async function wakeMaterialize(client: Client, asset: string, work: MaterializeWork): Promise<void> {
  await client.workflow.signalWithStart("materialize", {
    workflowId: materializeId(asset),
    taskQueue,
    args: [{ asset }],
    signal: "work",
    signalArgs: [work],
    typedSearchAttributes: attributes({ asset, trigger: work.trigger }),
  });
}

export async function tellAutomation(client: Client, news: AutomationNews): Promise<void> {
  await client.workflow.signalWithStart("automation", {
    workflowId: automationId,
    taskQueue,
    args: [],
    signal: "news",
    signalArgs: [news],
  });
}

/** Starts a stream's sensor where it does not run, and makes it look at once. */
export async function tickSensor(client: Client, { source, stream }: StreamName): Promise<void> {
  await client.workflow.signalWithStart("sensor", {
    workflowId: sensorId(source, stream),
    taskQueue,
    args: [{ source, stream }],
    signal: "tick",
    signalArgs: [],
    typedSearchAttributes: attributes({ asset: `${source}_${stream}_sensor`, stream: `${source}/${stream}` }),
  });
}

const keys = {
  asset: defineSearchAttributeKey(searchAttributes.asset, SearchAttributeType.KEYWORD),
  stream: defineSearchAttributeKey(searchAttributes.stream, SearchAttributeType.KEYWORD),
  trigger: defineSearchAttributeKey(searchAttributes.trigger, SearchAttributeType.KEYWORD),
};

function attributes(values: { asset?: string; stream?: string; trigger?: Trigger }): SearchAttributePair[] {
  return Object.entries(values).map(([name, value]) => ({ key: keys[name as keyof typeof keys], value }));
}
