import { z } from "zod";
import { advanceFence, readFence } from "../lake/fence.ts";
import type { Session } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import { commitSnapshot, mayPlanAgain } from "../lake/transaction.ts";

/** Why an asset does not go on; kept until it does. */
export interface AssetState {
  asset: string;
  /**
   * `held`: rolled back, and left alone until it is released (assets/holds.ts). `paused`: a stream's feeder that
   * somebody has stopped (assets/pauses.ts).
   */
  state: "ok" | "failed" | "held" | "paused";
  message: string | null;
  /** The code that failed: other code is worth another try. */
  codeHash: string;
  recordedAt: Date;
}

/** One entry of `meta.asset_state_log`. */
export interface StateEntry {
  asset: string;
  state: AssetState["state"];
  message: string | null;
  codeHash: string;
  run: string;
}

const stateRow = z
  .object({
    asset: z.string(),
    state: z.enum(["ok", "failed", "held", "paused"]),
    message: z.string().nullable(),
    code_hash: z.string(),
    recorded_ms: z.coerce.number(),
  })
  .transform((row) => ({
    asset: row.asset,
    state: row.state,
    message: row.message,
    codeHash: row.code_hash,
    recordedAt: new Date(row.recorded_ms),
  }));

/** The last recorded state of each asset that ever failed or was held. */
export async function assetStates(session: Session): Promise<Map<string, AssetState>> {
  const rows = await session.query(
    stateRow,
    "SELECT asset, state, message, code_hash, epoch_ms(recorded_at) AS recorded_ms FROM lakehouse.meta.asset_states",
  );
  return new Map(rows.map((row) => [row.asset, row]));
}

/**
 * Records how an asset's work ended. An asset without an entry is taken to be well; of a held one nothing is
 * recorded: only its release ends that. Under the asset's fence, so that work which a roll-back has overtaken cannot
 * end the hold.
 */
export async function recordAssetState(session: Session, entry: StateEntry): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const epoch = await readFence(session, entry.asset);
      if ((await assetStates(session)).get(entry.asset)?.state === "held") return;
      await commitSnapshot(session, async () => {
        await appendAssetState(session, entry);
        await advanceFence(session, entry.asset, epoch);
        const message = entry.message === null ? entry.state : `${entry.state}: ${entry.message}`;
        const details = { runId: entry.run, asset: entry.asset };
        return { result: null, note: { author: entry.asset, message, details } };
      });
      return;
    } catch (error) {
      if (!mayPlanAgain(error, attempt)) throw error;
    }
  }
}

/** Appends a state, inside a transaction of the caller's that advances the asset's fence. */
export async function appendAssetState(session: Session, entry: StateEntry): Promise<void> {
  const values = [entry.asset, entry.state, entry.message, entry.codeHash, entry.run].map(literal);
  // Never before the last entry, whatever the clocks of two workers say: the latest entry is the one that counts.
  await session.execute(`
    INSERT INTO lakehouse.meta.asset_state_log SELECT ${values.join(", ")},
      greatest(now(), max(recorded_at) + INTERVAL 1 MICROSECOND)
    FROM lakehouse.meta.asset_state_log WHERE asset = ${literal(entry.asset)}`);
}

/** How long a failed asset rests before it is tried again with the same code. */
const REST_MS = 10 * 60_000;

/**
 * Whether a failed asset should be left alone for now: its code is the same, no worker was started since (with more
 * memory, on another machine), and it did not rest long enough.
 */
export function isResting(
  state: AssetState | undefined,
  codeHash: string,
  workerStartedAt: Date,
  now = Date.now(),
): boolean {
  return (
    state?.state === "failed" &&
    state.codeHash === codeHash &&
    state.recordedAt >= workerStartedAt &&
    now - state.recordedAt.getTime() < REST_MS
  );
}
