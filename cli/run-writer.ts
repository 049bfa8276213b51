import type { Client } from "@temporalio/client";
import type { Project } from "../assets/definitions.ts";
import { unknownTable } from "../assets/unknown-table.ts";
import type { FeederWork, MaterializeWork } from "../orchestration/messages.ts";
import { feederId, materializeId } from "../orchestration/names.ts";
import { wakeFeeder, wakeMaterialize } from "../orchestration/wake.ts";
import { followRun } from "./follow-run.ts";

/**
 * Asks the one writer of a processed or enriched table for a piece of work that both kinds know, and waits for the end.
 * @throws LotusError NOT_FOUND, or what the work failed with.
 */
export async function runWriter(
  client: Client,
  project: Project,
  asset: string,
  work: FeederWork & MaterializeWork,
): Promise<void> {
  const stream = project.streams.find((candidate) => candidate.processed.asset === asset);
  if (stream) {
    await wakeFeeder(client, stream, work);
    await followRun(client, feederId(stream.source, stream.stream));
    return;
  }
  if (!project.models.some((model) => model.asset === asset)) throw unknownTable(project, asset);
  await wakeMaterialize(client, asset, work);
  await followRun(client, materializeId(asset));
}
