import type { Client } from "@temporalio/client";
import type { Project } from "../assets/definitions.ts";
import { LANDING_ASSET } from "../assets/names.ts";
import { ensureAutomation, ensureSensor, tellAutomation, tickSensor } from "./wake.ts";

/** How often it is made sure that what must always run does. */
const LOOK_MS = 60_000;

/**
 * Starts the sensors of all streams and the automation, where they do not run, and makes them look at once. What
 * reads a stream waits until that stream's first look is over, so that a start on a full bucket builds each
 * enriched table once.
 */
export async function startSensors(client: Client, project: Project): Promise<void> {
  await Promise.all(
    project.streams.map(async ({ source, stream, processed }) => {
      await tellAutomation(client, { kind: "busy", asset: processed.asset });
      await tickSensor(client, { source, stream });
    }),
  );
  await tellAutomation(client, { kind: "settled", asset: LANDING_ASSET });
}

/**
 * Looks from time to time that every sensor and the automation run, and starts those that do not: one may have been
 * terminated, or have failed. @returns a function that ends it.
 */
export function keepSensorsRunning(client: Client, project: Project): () => void {
  let looking = false;
  const timer = setInterval(async () => {
    if (looking) return;
    looking = true;
    try {
      for (const { source, stream } of project.streams) await ensureSensor(client, { source, stream });
      await ensureAutomation(client);
    } catch {
      // Temporal is away; the next look finds it, and the worker itself says so when it stays away.
    } finally {
      looking = false;
    }
  }, LOOK_MS);
  return () => clearInterval(timer);
}
