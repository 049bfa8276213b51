import { runAudit } from "../audit/audit.ts";
import type { Runtime } from "../cli/runtime.ts";
import { demand, disturb, strike } from "./blows.ts";
import type { Crew } from "./crew.ts";
import { Load } from "./load.ts";
import type { RoundPlan } from "./plan.ts";
import { emptyReport, type RoundReport } from "./report.ts";
import { openWhenUp, settle } from "./settle.ts";
import type { Shop } from "./shop.ts";
import type { Stage } from "./stage.ts";
import { maintain } from "./upkeep.ts";

/** What kills leave behind is nobody's fault; only what maintenance should have deleted is. */
const ORPHAN_AGE_MS = 86_400_000;

/** Lets a round's plan happen to the lake, heals everything, waits, and looks at what the lake holds. */
export async function runRound(stage: Stage, crew: Crew, shop: Shop, plan: RoundPlan): Promise<RoundReport> {
  const started = Date.now();
  stage.note(`round ${JSON.stringify(plan)}`);
  const report = emptyReport(plan.round, plan.workers);
  crew.report = report;
  if (plan.squeeze) await crew.squeeze(plan.squeeze);
  await crew.be(plan.workers);
  const landings = shop.round(plan.round, plan.size, plan.squeeze !== null);
  report.landings = landings.length;
  // As many again for traps to which the first part did not lead.
  report.requests = plan.requests.map((request) =>
    "stream" in request ? `${request.kind} of ${request.stream}` : request.kind,
  );
  const load = new Load(stage, plan.round, landings, plan.blows.flat().length * 2 + 1);
  const scene = { stage, crew, load, report };
  await Promise.all([
    ...plan.blows.map((blows) => strike(scene, blows, plan.patienceMs)),
    ...plan.faults.map((fault) => disturb(scene, fault)),
    ...plan.requests.map((request) => demand(stage, request)),
  ]);
  await load.landRest();
  stage.note("landed");
  if (plan.squeeze) {
    // Long enough to meet what it is about.
    await crew.rest();
    await crew.squeeze(null);
  }
  await stage.proxies.heal();
  await stage.servers.allUp();
  stage.note("healed");
  report.findings.push(...(await lookAround(stage, plan)));
  stage.note("audited");
  report.findings.push(...(await stage.oracle.look()));
  stage.note("held against memory");
  report.seconds = (Date.now() - started) / 1000;
  return report;
}

/** Waits until the lake has settled, maintains it where the plan says so, and audits it. */
async function lookAround(stage: Stage, plan: RoundPlan): Promise<string[]> {
  const runtime = await openWhenUp(stage);
  try {
    stage.note("lake opened");
    const unsettled = await settle(stage, runtime);
    stage.note("settled");
    if (unsettled.length > 0) return unsettled;
    if (plan.maintains) {
      const failed = [...(await maintain(runtime.client)), ...(await settle(stage, runtime))];
      if (failed.length > 0) return failed;
    }
    return await audit(stage, runtime);
  } finally {
    await runtime.close();
  }
}

/** What `lotus audit` says of the lake. */
async function audit(stage: Stage, { lake, store }: Runtime): Promise<string[]> {
  const request = { lake, store, project: stage.project, orphanAgeMs: ORPHAN_AGE_MS, asset: null };
  const { findings } = await runAudit({ ...request, report: () => {} });
  return findings.map((finding) => `audit: ${finding.code}: ${finding.message}`);
}
