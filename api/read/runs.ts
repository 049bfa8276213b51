import type { Client, WorkflowExecutionDescription, WorkflowExecutionInfo } from "@temporalio/client";
import { WorkflowNotFoundError } from "@temporalio/client";
import { z } from "zod";
import { type ErrorCode, errorCatalogue, LotusError } from "../../common/errors.ts";
import type { TemporalConnection } from "../../common/settings.ts";
import type { MaintenanceStep } from "../../orchestration/messages.ts";
import { searchAttributes } from "../../orchestration/names.ts";
import { runUrl } from "../links.ts";
import { decodeCursor, encodeCursor } from "../paging.ts";
import type { run, runDetail, runStatuses } from "../schemas/runs.ts";
import { activitiesOf } from "./activity.ts";

type Run = z.infer<typeof run>;

export interface RunFilter {
  asset?: string | undefined;
  stream?: string | undefined;
  trigger?: string | undefined;
  status?: (typeof runStatuses)[number] | undefined;
  type?: string | undefined;
  after?: string | undefined;
  before?: string | undefined;
}

const STATUSES: Record<(typeof runStatuses)[number], string> = {
  running: "Running",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Canceled",
  terminated: "Terminated",
  continued: "ContinuedAsNew",
  timed_out: "TimedOut",
};

const NAMES: Partial<Record<string, (typeof runStatuses)[number]>> = {
  RUNNING: "running",
  COMPLETED: "completed",
  FAILED: "failed",
  CANCELLED: "cancelled",
  TERMINATED: "terminated",
  CONTINUED_AS_NEW: "continued",
  TIMED_OUT: "timed_out",
};

/** A filter as a query of Temporal's visibility. Pure. */
export function visibilityQuery(filter: RunFilter): string {
  const conditions = [
    equals(searchAttributes.asset, filter.asset),
    equals(searchAttributes.stream, filter.stream),
    equals(searchAttributes.trigger, filter.trigger),
    equals("WorkflowType", filter.type),
    equals("ExecutionStatus", filter.status && STATUSES[filter.status]),
    filter.after === undefined ? null : `StartTime >= ${quoted(filter.after)}`,
    filter.before === undefined ? null : `StartTime < ${quoted(filter.before)}`,
  ];
  return conditions.filter((condition) => condition !== null).join(" AND ");
}

function equals(name: string, value: string | undefined): string | null {
  return value === undefined ? null : `${name} = ${quoted(value)}`;
}

function quoted(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** Where a page ended; `closed` is null among the runs that still ran. */
const place = z.object({ closed: z.string().nullable(), started: z.string(), seen: z.array(z.string()) });

type Place = z.infer<typeof place>;

/** A page of runs: those that run, the newest first, then the others, those that ended last first. */
export async function listRuns(
  client: Client,
  temporal: TemporalConnection,
  filter: RunFilter,
  page: { limit: number; cursor?: string | undefined },
): Promise<{ items: Run[]; next: string | null }> {
  const from = decodeCursor(place, page.cursor);
  const conditions = [visibilityQuery(filter), from === null ? "" : isAtOrAfter(from)];
  const query = conditions.filter((condition) => condition !== "").join(" AND ");
  const found: WorkflowExecutionInfo[] = [];
  const asRun = (info: WorkflowExecutionInfo) => runOf(info, temporal);
  for await (const info of client.workflow.list({ query, pageSize: page.limit + 1 })) {
    if (from?.seen.includes(info.runId)) continue;
    if (found.length === page.limit)
      return { items: found.map(asRun), next: encodeCursor(pageEnd(found, from)) };
    found.push(info);
  }
  return { items: found.map(asRun), next: null };
}

// In the order of Temporal's visibility, which is the only one that it has on SQL: by the end, then by the beginning.
function isAtOrAfter({ closed, started }: Place): string {
  if (closed !== null) return `CloseTime <= ${quoted(closed)}`;
  return `(CloseTime IS NOT NULL OR StartTime <= ${quoted(started)})`;
}

/** Runs of the same moment may be on either side of a page's end: the next page leaves out those that were seen. */
function pageEnd(found: readonly WorkflowExecutionInfo[], from: Place | null): Place {
  const placeOf = ({ raw }: WorkflowExecutionInfo) => ({
    closed: exactTime(raw.closeTime),
    started: exactTime(raw.startTime) ?? "",
  });
  const last = placeOf(found.at(-1) as WorkflowExecutionInfo);
  const isSame = ({ closed, started }: Omit<Place, "seen">) =>
    closed === last.closed && (closed !== null || started === last.started);
  const same = found.filter((info) => isSame(placeOf(info))).map(({ runId }) => runId);
  return { ...last, seen: from && isSame(from) ? [...from.seen, ...same] : same };
}

type Timestamp = WorkflowExecutionInfo["raw"]["startTime"];

/** To the nanosecond: two runs may have ended within a millisecond. */
function exactTime(time: Timestamp): string | null {
  if (!time) return null;
  const seconds = new Date(Number(time.seconds ?? 0) * 1000).toISOString().slice(0, -".000Z".length);
  return `${seconds}.${String(time.nanos ?? 0).padStart(9, "0")}Z`;
}

/**
 * One run; of a workflow's runs the last where none is named.
 * @throws LotusError NOT_FOUND
 */
export async function readRun(
  client: Client,
  temporal: TemporalConnection,
  workflowId: string,
  runId?: string,
): Promise<z.infer<typeof runDetail>> {
  try {
    const handle = client.workflow.getHandle(workflowId, runId);
    const description = await handle.describe();
    return {
      ...runOf(description, temporal),
      historyEvents: description.historyLength,
      activities: activitiesOf(description, temporal),
      ...(await endOf(client, description)),
    };
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new LotusError(
      "NOT_FOUND",
      `Temporal knows no run ${runId ?? ""} of ${workflowId}. List them with GET /api/v1/runs.`,
    );
  }
}

/** What a run that has ended came to; a run that was continued as new has not come to anything yet. */
async function endOf(
  client: Client,
  { workflowId, runId, type, status }: WorkflowExecutionDescription,
): Promise<Pick<z.infer<typeof runDetail>, "failure" | "code" | "steps">> {
  const none = { failure: null, code: null, steps: null };
  if (status.name === "RUNNING" || status.name === "CONTINUED_AS_NEW") return none;
  if (status.name === "COMPLETED" && type !== "maintenance") return none;
  try {
    const result = await client.workflow.getHandle(workflowId, runId, { followRuns: false }).result();
    return { ...none, steps: result as MaintenanceStep[] };
  } catch (error) {
    const { code, cause } = reasonOf(error as Error);
    return { ...none, failure: cause.message, code };
  }
}

/** The failure in the chain of causes that carries one of Lotus's codes as its type, or the innermost one. */
function reasonOf(failure: Error): { code: ErrorCode | null; cause: Error } {
  for (let cause = failure; ; cause = cause.cause) {
    const { type } = cause as { type?: unknown };
    if (typeof type === "string" && type in errorCatalogue) return { code: type as ErrorCode, cause };
    if (!(cause.cause instanceof Error)) return { code: null, cause };
  }
}

function runOf(info: Omit<WorkflowExecutionInfo, "raw">, temporal: TemporalConnection): Run {
  const { workflowId, runId, type, status, startTime, closeTime, searchAttributes: given } = info;
  const values = (name: string) => (given?.[name] ?? []).map(String);
  return {
    workflowId,
    runId,
    type,
    status: NAMES[status.name] ?? "running",
    asset: values(searchAttributes.asset)[0] ?? null,
    stream: values(searchAttributes.stream)[0] ?? null,
    triggers: values(searchAttributes.trigger),
    startedAt: startTime.toISOString(),
    endedAt: closeTime?.toISOString() ?? null,
    url: runUrl(temporal, workflowId, runId),
  };
}
