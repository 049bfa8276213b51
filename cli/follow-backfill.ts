import { setTimeout } from "node:timers/promises";
import { type Api, patiently } from "./api.ts";
import { describeProgress } from "./backfill-text.ts";
import { print, progress } from "./output.ts";

const PAUSE_MS = 1000;
/** As a shell says that Ctrl-C ended it. */
const INTERRUPTED = 130;

/**
 * Prints how far a backfill is, each time that this changes, until it has ended or somebody pressed Ctrl-C, which ends
 * the following alone. `endedBefore`: an end that does not count, since it was asked to go on after it.
 * @returns the exit code: 0 when everything was done.
 */
export async function followBackfill(
  api: Api,
  id: string,
  endedBefore: string | null = null,
): Promise<number> {
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once("SIGINT", interrupt);
  try {
    for (let last = ""; ; ) {
      const backfill = await patiently(() => readBackfill(api, id));
      const stale = backfill.endedAt !== null && backfill.endedAt === endedBefore;
      const line = stale ? last : describeProgress(backfill);
      if (line !== last) progress(line);
      last = line;
      if (backfill.endedAt !== null && !stale) return backfill.state === "done" ? 0 : 1;
      await setTimeout(PAUSE_MS, undefined, { signal: stop.signal }).catch(() => {});
      if (!stop.signal.aborted) continue;
      print(`It goes on by itself; \`lotus backfill follow ${id}\` shows how far it is, \`cancel\` ends it`);
      return INTERRUPTED;
    }
  } finally {
    process.off("SIGINT", interrupt);
  }
}

/** @throws LotusError NOT_FOUND */
export function readBackfill(api: Api, id: string) {
  return api.ask((client) => client.GET("/api/v1/backfills/{id}", { params: { path: { id } } }));
}
