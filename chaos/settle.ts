import { openRuntime, type Runtime } from "../cli/runtime.ts";
import { messageOf } from "../common/errors.ts";
import { readSettings } from "../common/settings.ts";
import { startSensors } from "../orchestration/standing.ts";
import { collectStatus, type LakeStatus } from "../orchestration/status.ts";
import type { Stage } from "./stage.ts";

const WITHIN_MS = 240_000;
const LOOK_MS = 400;

/**
 * Waits until nothing more happens by itself, on a world that has been healed.
 * @returns what is wrong with the way it settled; empty when all is well.
 */
export async function settle(stage: Stage, runtime: Runtime): Promise<string[]> {
  const deadline = Date.now() + WITHIN_MS;
  const { project } = stage;
  let last = "";
  let told = false;
  while (Date.now() < deadline) {
    try {
      if (!told) await startSensors(runtime.client, project);
      told = true;
      const status = await collectStatus({ ...runtime, project });
      if (status.settled) return unwell(status);
      last = describe(status);
    } catch (error) {
      // A server that came back a moment ago.
      last = messageOf(error);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return [`not settled after ${WITHIN_MS / 1000} s: ${last}`];
}

/** Opens the lake for reading, straight to the servers, as soon as they answer. */
export async function openWhenUp(stage: Stage): Promise<Runtime> {
  const settings = {
    ...readSettings({}),
    connections: stage.connections,
    stateDir: stage.folder,
    engine: stage.order.engine,
  };
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await openRuntime(settings, stage.connections, { mode: "read", report: () => {} });
    } catch (error) {
      if (attempt === 60) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
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
