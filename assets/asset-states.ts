import { z } from "zod";
import type { Session } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";

/** Why an asset does not go on; kept until it does. */
export interface AssetState {
  asset: string;
  state: "ok" | "failed";
  message: string | null;
  /** The code that failed: other code is worth another try. */
  codeHash: string;
  recordedAt: Date;
}

const stateRow = z
  .object({
    asset: z.string(),
    state: z.enum(["ok", "failed"]),
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

/** The last recorded state of each asset that ever failed. */
export async function assetStates(session: Session): Promise<Map<string, AssetState>> {
  const rows = await session.query(
    stateRow,
    "SELECT asset, state, message, code_hash, epoch_ms(recorded_at) AS recorded_ms FROM lakehouse.meta.asset_states",
  );
  return new Map(rows.map((row) => [row.asset, row]));
}

/** Appends a state. An asset without an entry is taken to be well. */
export async function recordAssetState(
  session: Session,
  entry: { asset: string; state: "ok" | "failed"; message: string | null; codeHash: string; run: string },
): Promise<void> {
  const values = [entry.asset, entry.state, entry.message, entry.codeHash, entry.run].map(literal);
  await session.execute(`INSERT INTO lakehouse.meta.asset_state_log VALUES (${values.join(", ")}, now())`);
}

/** How long a failed asset rests before it is tried again with the same code. */
const REST_MS = 10 * 60_000;

/** Whether a failed asset should be left alone for now: neither its code changed nor did it rest long enough. */
export function isResting(state: AssetState | undefined, codeHash: string, now = Date.now()): boolean {
  return (
    state?.state === "failed" && state.codeHash === codeHash && now - state.recordedAt.getTime() < REST_MS
  );
}
