import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleOptionsStartWorkflowAction,
  ScheduleOverlapPolicy,
  type ScheduleSpec,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from "@temporalio/client";
import {
  defineSearchAttributeKey,
  type SearchAttributePair,
  SearchAttributeType,
  type Workflow,
} from "@temporalio/common";
import type { BackfillRequest } from "../assets/backfill/request.ts";
import type {
  AutomationNews,
  BackfillControl,
  FeederWork,
  MaintenanceOptions,
  MaterializeWork,
  StreamName,
} from "./messages.ts";
import {
  automationId,
  backfillId,
  feederId,
  maintenanceId,
  materializeId,
  searchAttributes,
  sensorId,
  type Trigger,
  taskQueue,
} from "./names.ts";

/**
 * Signal-with-start: each writer runs while it has work and not otherwise; a signal starts it where it does not run
 * and is kept where it does, so that none is lost and none is started twice. What is woken is answered as the run that
 * takes the work: `{workflow id}/{run id}`.
 */

export async function wakeFeeder(
  client: Client,
  { source, stream }: StreamName,
  work: FeederWork,
): Promise<string> {
  const workflowId = feederId(source, stream);
  const { signaledRunId } = await client.workflow.signalWithStart("feeder", {
    workflowId,
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
  return `${workflowId}/${signaledRunId}`;
}

export async function wakeMaterialize(client: Client, asset: string, work: MaterializeWork): Promise<string> {
  const workflowId = materializeId(asset);
  const { signaledRunId } = await client.workflow.signalWithStart("materialize", {
    workflowId,
    taskQueue,
    args: [{ asset }],
    signal: "work",
    signalArgs: [work],
    typedSearchAttributes: attributes({ asset, trigger: work.trigger }),
  });
  return `${workflowId}/${signaledRunId}`;
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

/** Who asked for which backfill. */
export interface AskedBackfill {
  request: BackfillRequest;
  requestedBy: string;
}

/**
 * Starts a backfill. @returns whether it is new: one of this id that runs, or has ended, is left alone.
 */
export async function startBackfill(client: Client, id: string, asked: AskedBackfill): Promise<boolean> {
  try {
    await client.workflow.start("backfill", {
      workflowId: backfillId(id),
      taskQueue,
      args: [{ id, asked }],
      workflowIdConflictPolicy: "FAIL",
      workflowIdReusePolicy: "REJECT_DUPLICATE",
      memo: { [ASKED]: asked },
      typedSearchAttributes: attributes({ trigger: "backfill" }),
    });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

const ASKED = "asked";

/**
 * A backfill that was started and that no worker may have written to the lake yet; null where Temporal does not know it.
 */
export async function findStartedBackfill(
  client: Client,
  id: string,
): Promise<(AskedBackfill & { startedAt: Date; running: boolean }) | null> {
  try {
    const { memo, startTime, status } = await client.workflow.getHandle(backfillId(id)).describe();
    const asked = memo?.[ASKED] as AskedBackfill | undefined;
    return asked ? { ...asked, startedAt: startTime, running: status.name === "RUNNING" } : null;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** Asks something of a backfill that is there; starts its workflow where that has ended. */
export async function controlBackfill(client: Client, id: string, control: BackfillControl): Promise<string> {
  const { signaledRunId } = await client.workflow.signalWithStart("backfill", {
    ...steering(id),
    signal: "control",
    signalArgs: [control],
  });
  return `${backfillId(id)}/${signaledRunId}`;
}

/** Tells a backfill that one of its chunks has ended. */
export async function tellBackfill(client: Client, id: string): Promise<void> {
  await client.workflow.signalWithStart("backfill", {
    ...steering(id),
    signal: "chunkEnded",
    signalArgs: [],
  });
}

function steering(id: string) {
  return {
    workflowId: backfillId(id),
    taskQueue,
    args: [{ id, asked: null }],
    typedSearchAttributes: attributes({ trigger: "backfill" }),
  };
}

/** Starts a maintenance run that a person asks for, or joins the one that a person started. */
export async function startMaintenance(client: Client, options: MaintenanceOptions): Promise<string> {
  const { firstExecutionRunId } = await client.workflow.start("maintenance", {
    workflowId: maintenanceId,
    taskQueue,
    args: [options],
    workflowIdConflictPolicy: "USE_EXISTING",
    typedSearchAttributes: attributes({ trigger: "manual" }),
  });
  return `${maintenanceId}/${firstExecutionRunId}`;
}

/**
 * Makes sure that the schedule of the maintenance is there and says what these options say. A run that is due while
 * another still runs is left out.
 */
export async function scheduleMaintenance(
  client: Client,
  everyMs: number,
  options: MaintenanceOptions,
): Promise<void> {
  const spec: ScheduleSpec = { intervals: [{ every: everyMs }] };
  const action: ScheduleOptionsStartWorkflowAction<Workflow> = {
    type: "startWorkflow",
    workflowType: "maintenance",
    workflowId: maintenanceId,
    taskQueue,
    args: [options],
  };
  // A run that a person started may hold for long; after an outage one run is enough.
  const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: 60_000 };
  try {
    await client.schedule.create({ scheduleId: maintenanceId, spec, action, policies });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule
      .getHandle(maintenanceId)
      .update((present) => ({ ...present, spec, action, policies }));
  }
}

/** Starts a stream's sensor where it does not run, and makes it look at once. */
export async function tickSensor(client: Client, { source, stream }: StreamName): Promise<string> {
  const workflowId = sensorId(source, stream);
  const { signaledRunId } = await client.workflow.signalWithStart("sensor", {
    workflowId,
    taskQueue,
    args: [{ source, stream }],
    signal: "tick",
    signalArgs: [],
    typedSearchAttributes: sensorAttributes(source, stream),
  });
  return `${workflowId}/${signaledRunId}`;
}

/** Starts a stream's sensor unless it runs. */
export async function ensureSensor(client: Client, { source, stream }: StreamName): Promise<void> {
  await client.workflow.start("sensor", {
    workflowId: sensorId(source, stream),
    taskQueue,
    args: [{ source, stream }],
    workflowIdConflictPolicy: "USE_EXISTING",
    typedSearchAttributes: sensorAttributes(source, stream),
  });
}

/** Starts the automation unless it runs. */
export async function ensureAutomation(client: Client): Promise<void> {
  await client.workflow.start("automation", {
    workflowId: automationId,
    taskQueue,
    args: [],
    workflowIdConflictPolicy: "USE_EXISTING",
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

function sensorAttributes(source: string, stream: string): SearchAttributePair[] {
  return attributes({ asset: `${source}_${stream}_sensor`, stream: `${source}/${stream}` });
}
