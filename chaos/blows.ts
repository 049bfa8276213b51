import { signalProcess } from "../platform/processes.ts";
import type { Crew } from "./crew.ts";
import type { Load } from "./load.ts";
import type { Blow, Fault, Request } from "./plan.ts";
import type { RoundReport } from "./report.ts";
import type { Stage } from "./stage.ts";
import { sleep, untilDone } from "./until-done.ts";
import { ask } from "./upkeep.ts";

/** Where a plan's blows fall. */
export interface Scene {
  stage: Stage;
  crew: Crew;
  load: Load;
  report: RoundReport;
}

/** How many more parts of the load may land for a trap to be reached. */
const MORE_PARTS = 2;

/** Deals blows one after another, each with a part of the load. */
export async function strike(scene: Scene, blows: readonly Blow[], patienceMs: number): Promise<void> {
  const { stage, load, report } = scene;
  for (const blow of blows) {
    stage.note(`blow ${JSON.stringify(blow)}`);
    const landing = load.land();
    if (blow.kind === "kill") {
      await sleep(blow.afterMs);
      await killSometime(scene, blow.worker);
    } else if (!(await spring(scene, blow, patienceMs))) {
      report.missed.push(nameOf(blow));
      // On a slow machine fewer come to their traps in time; as many are killed.
      if (blow.kind === "trap") await killSometime(scene, 0);
    }
    await landing;
  }
}

async function killSometime({ crew, report }: Scene, worker: number): Promise<void> {
  await crew.workers[worker % crew.workers.length]?.kill();
  report.kills.push("some time");
}

/** Sets a trap, and sees its consequences through. @returns false when no worker comes to it. */
async function spring(
  { stage, crew, load, report }: Scene,
  blow: Exclude<Blow, { kind: "kill" }>,
  patienceMs: number,
): Promise<boolean> {
  const request = blow.kind === "trap" ? blow.request : null;
  const asked = request && demand(stage, request);
  const until = Date.now() + patienceMs;
  let sprung = await crew.spring(blow.trap, until);
  await asked;
  for (let more = 0; sprung === null && more < MORE_PARTS && Date.now() < until && !load.isOver; more += 1) {
    // They had nothing to do that leads there.
    await load.land();
    sprung = await crew.spring(blow.trap, until);
  }
  if (sprung === null) return false;
  const { by, id } = sprung;
  if (blow.kind === "trap") {
    report.kills.push(nameOf(blow));
    return true;
  }
  report.faults.push(nameOf(blow));
  if (blow.kind === "zombie") {
    const { pid } = by;
    await sleep(blow.forMs);
    if (pid !== null) signalProcess(pid, "SIGCONT");
    return true;
  }
  const mend = await stage.proxies.cut(blow.proxy);
  by.goOn(id);
  await sleep(blow.forMs);
  await mend();
  return true;
}

function nameOf(blow: Exclude<Blow, { kind: "kill" }>): string {
  const what = blow.kind === "trap" ? "" : blow.kind === "zombie" ? "zombie at " : `${blow.proxy} cut at `;
  return `${what}${blow.trap.point} ${blow.trap.moment}`;
}

/** Lets a fault of a server, or of the way to it, come and go. */
export async function disturb({ stage, report }: Scene, fault: Fault): Promise<void> {
  await sleep(fault.atMs);
  if (fault.kind === "restart") {
    const hit = stage.servers.signal(fault.server, fault.signal);
    report.faults.push(`${fault.server} ${fault.signal}${hit ? "" : " (was down)"}`);
    return;
  }
  report.faults.push(`${fault.proxy} ${fault.kind === "cut" ? "cut" : fault.toxic.type}`);
  const mend =
    fault.kind === "cut"
      ? await stage.proxies.cut(fault.proxy)
      : await stage.proxies.poison(fault.proxy, fault.toxic);
  await sleep(fault.forMs);
  await mend();
}

/** Asks for work; Temporal may be away meanwhile. */
export async function demand(stage: Stage, request: Request): Promise<void> {
  await sleep(request.atMs);
  await untilDone(() => ask(stage.client, stage.project, request));
}
