import {
  ActivityFailure,
  condition,
  defineSignal,
  isCancellation,
  proxyActivities,
  setHandler,
  workflowInfo,
} from "@temporalio/workflow";
import type { Activities } from "../activity-types.ts";
import type { MaintenanceOptions, MaintenanceStep, UpkeepDone, UpkeepKind } from "../messages.ts";
import { fewAttempts, heartbeatTimeout } from "./timeouts.ts";
import { UPKEEP_DONE } from "./work-queue.ts";

export const upkeepDoneSignal = defineSignal<[UpkeepDone]>(UPKEEP_DONE);

const activities = proxyActivities<Activities>({
  startToCloseTimeout: "2 hours",
  heartbeatTimeout,
  retry: fewAttempts,
});

/** Writers that are not done by then go on by themselves; the rest of the run does not wait for them. */
const LONGEST_WAIT = "1 hour";

/**
 * Keeps the lake small and quick. Tables are only ever written by their writers, so that retention, compaction and
 * the advance of quiet tables are asked of these; the rest concerns no table in particular. The order matters: what
 * retention takes out of landing is freed by the expiry, and what that frees is deleted by the clean-up of
 * the next run. One step's failure, or one table's, does not stop the others.
 */
export async function maintenance(options: MaintenanceOptions): Promise<MaintenanceStep[]> {
  const done: UpkeepDone[] = [];
  setHandler(upkeepDoneSignal, (news) => {
    done.push(news);
  });
  const steps: MaintenanceStep[] = [];
  const began = Date.now();
  await step("retention", () => askWriters("retention"));
  await step("compaction", () => askWriters("compact"));
  await step("meta tables", () => activities.flushMeta());
  await step("quiet tables", () => askWriters("advance"));
  await step("expiry", () => activities.expireSnapshots({ keepMs: options.keepMs }));
  await step("clean-up", () => activities.cleanUpFiles({ scheduledBefore: began }));
  await step("orphans", () => activities.deleteOrphans({ orphanAgeMs: options.orphanAgeMs }));
  return steps;

  async function step(name: string, work: () => Promise<{ outcome: string; failed?: boolean }>) {
    try {
      const { outcome, failed } = await work();
      steps.push({ step: name, outcome, failed: failed ?? false });
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      steps.push({ step: name, outcome: error.cause?.message ?? error.message, failed: true });
    }
  }

  async function askWriters(kind: UpkeepKind): Promise<{ outcome: string; failed: boolean }> {
    const { assets } = await activities.wakeUpkeep({
      kind,
      notify: workflowInfo().workflowId,
      keepMs: options.keepMs,
    });
    const heard = () => done.filter((news) => news.kind === kind);
    await condition(
      () => assets.every((asset) => heard().some((news) => news.asset === asset)),
      LONGEST_WAIT,
    );
    const failures = heard().filter((news) => news.failure !== null);
    const silent = assets.filter((asset) => !heard().some((news) => news.asset === asset));
    const problems = [
      ...failures.map((news) => `${news.asset}: ${news.failure}`),
      ...silent.map((asset) => `${asset}: not done yet, it goes on by itself`),
    ];
    const count = `${assets.length} ${assets.length === 1 ? "table" : "tables"}`;
    return {
      outcome: problems.length === 0 ? count : `${count}; ${problems.join("; ")}`,
      failed: failures.length > 0,
    };
  }
}
