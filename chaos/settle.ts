import { openRuntime, type Runtime } from "../cli/runtime.ts";
import { messageOf } from "../common/errors.ts";
import { readSettings } from "../common/settings.ts";
import { startSensors } from "../orchestration/standing.ts";
import { collectStatus, type LakeStatus } from "../orchestration/status.ts";
import type { Stage } from "./stage.ts";
import { sleep, untilDone } from "./until-done.ts";

/** Shorter than what heals by itself in the end (the automation looks again after five minutes), which is a finding. */
const STILL_MS = 150_000;
/** What failed while memory was short is fed as soon as a worker that has enough is up and hears its sensor. */
const UNWELL_MS = 30_000;
const LOOK_MS = 400;

/**
 * Waits until nothing more happens by itself, on a world that has been healed.
 * @returns what is wrong with the way it settled; empty when all is well.
 */
export async function settle(stage: Stage, runtime: Runtime): Promise<string[]> {
  const { project } = stage;
  let last = "";
  let since = Date.now();
  await untilDone(() => startSensors(runtime.client, project));
  for (;;) {
    const began = Date.now();
    // A server that came back a moment ago.
    const now = await collectStatus({ ...runtime, project }).catch((error: unknown) => messageOf(error));
    const settled = typeof now !== "string" && now.settled;
    const faults = settled ? unwell(now) : [];
    if (settled && faults.length === 0) return [];
    const text = typeof now === "string" ? now : describe(now);
    if (text !== last) since = Date.now();
    last = text;
    const still = Date.now() - since;
    if (settled && still > UNWELL_MS) return faults;
    if (still > STILL_MS)
      return [`nothing has moved for ${STILL_MS / 1000} s, and it is not settled: ${text}`];
    // Looking is work, too, which those that are to settle wait for.
    await sleep(Math.max(LOOK_MS, 2 * (Date.now() - began)));
  }
}

/** Opens the lake for reading, straight to the servers, as soon as they answer. */
export async function openWhenUp(stage: Stage): Promise<Runtime> {
  const settings = {
    ...readSettings({}),
    connections: stage.connections,
    stateDir: stage.folder,
    engine: stage.order.engine,
  };
  return untilDone(() => openRuntime(settings, stage.connections, { mode: "read", report: () => {} }));
}

function unwell(status: LakeStatus): string[] {
  return status.assets
    .filter((asset) => asset.state !== "fresh")
    .map(({ key, state, message }) => `${key} is ${state}: ${message}`);
}

function describe(status: LakeStatus): string {
  const waiting = status.streams
    .filter((stream) => stream.waitingFiles > 0)
    .map(({ stream, waitingFiles }) => `${waitingFiles} files of ${stream} wait`);
  return [...waiting, ...unwell(status)].join("; ");
}
