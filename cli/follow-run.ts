import { setTimeout } from "node:timers/promises";
import type { Schemas } from "../client/index.js";
import { type ErrorCode, LotusError } from "../common/errors.ts";
import { type Api, patiently } from "./api.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1000;

/**
 * Waits until a run has ended, following it through continue-as-new.
 * @throws LotusError with the reason and its code when the run failed; QUERY_FAILED where it has none.
 */
export async function followRun(
  api: Api,
  { workflowId, runId }: Schemas["RunLink"],
): Promise<Schemas["RunDetail"]> {
  let query = runId === null ? {} : { runId };
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    const run = await patiently(() =>
      api.ask((client) =>
        client.GET("/api/v1/runs/{workflowId}", { params: { path: { workflowId }, query } }),
      ),
    );
    if (run.failure !== null)
      throw new LotusError((run.code as ErrorCode | null) ?? "QUERY_FAILED", `${workflowId}: ${run.failure}`);
    if (run.status === "completed") return run;
    if (run.status === "continued") query = {};
    await setTimeout(pause);
  }
}
