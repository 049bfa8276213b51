import { LotusError } from "../common/errors.ts";
import type { Session } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import { type AssetState, assetStates } from "./asset-states.ts";

/**
 * A table that was rolled back is held: nothing is written to it, whatever changes upstream, until somebody releases
 * it. What reads it goes on. The hold is a row in the lake, so that it outlives every process.
 */

/** The tables that are held, by asset, with what was recorded of each. */
export async function heldAssets(session: Session): Promise<Map<string, AssetState>> {
  const states = await assetStates(session);
  return new Map([...states].filter(([, { state }]) => state === "held"));
}

/**
 * Whether one table is held. A writer asks after it has read its fence: a roll-back that commits later makes it lose
 * the fence, and ask again.
 */
export async function isHeld(session: Session, asset: string): Promise<boolean> {
  const [held] = await session.queryRaw(
    `SELECT 1 FROM lakehouse.meta.asset_states WHERE asset = ${literal(asset)} AND state = 'held'`,
  );
  return held !== undefined;
}

/** @throws LotusError ASSET_HELD when the table is held. */
export async function refuseHeld(session: Session, asset: string): Promise<void> {
  if (!(await isHeld(session, asset))) return;
  throw new LotusError(
    "ASSET_HELD",
    `${asset} was rolled back and is held; nothing was written. Let it go on with \`lotus release ${asset}\`.`,
  );
}
