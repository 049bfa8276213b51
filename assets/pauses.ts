import { LotusError } from "../common/errors.ts";
import { advanceFence, readFence } from "../lake/fence.ts";
import type { Session } from "../lake/session.ts";
import { commitSnapshot } from "../lake/transaction.ts";
import { type AssetState, appendAssetState, assetStates } from "./asset-states.ts";
import type { Stream } from "./definitions.ts";
import { feederAssetKey } from "./names.ts";

/**
 * A stream that is paused is not fed: its files wait, its sensor goes on looking. Backfills, rebuilds and upkeep go on.
 * It is a row in the lake, as a hold is, so that no restart ends it.
 */

/** Why a stream is not fed, by its feeder's key. */
export async function pausedFeeders(session: Session): Promise<Map<string, AssetState>> {
  const states = await assetStates(session);
  return new Map([...states].filter(([, { state }]) => state === "paused"));
}

export async function isPaused(session: Session, { source, stream }: Stream): Promise<boolean> {
  return (await pausedFeeders(session)).has(feederAssetKey(source, stream));
}

/** @throws LotusError STREAM_PAUSED when the stream is paused. */
export async function refusePaused(session: Session, { source, stream }: Stream): Promise<void> {
  const paused = (await pausedFeeders(session)).get(feederAssetKey(source, stream));
  if (!paused) return;
  throw new LotusError(
    "STREAM_PAUSED",
    `${source}/${stream} is ${paused.message ?? "paused"}; nothing was fed. Let it go on with \`lotus stream resume ${source} ${stream}\`.`,
  );
}

/** Pauses a stream, or lets it go on; nothing is written where it is so already. Under its table's fence. */
export async function setPaused(
  session: Session,
  { source, stream, processed }: Stream,
  change: { paused: boolean; by: string; run: string },
): Promise<void> {
  const asset = feederAssetKey(source, stream);
  const epoch = await readFence(session, processed.asset);
  if ((await pausedFeeders(session)).has(asset) === change.paused) return;
  await commitSnapshot(session, async () => {
    await appendAssetState(session, {
      asset,
      state: change.paused ? "paused" : "ok",
      message: change.paused ? `paused by ${change.by}` : null,
      codeHash: processed.codeHash,
      run: change.run,
    });
    await advanceFence(session, processed.asset, epoch);
    const message = `${change.paused ? "paused" : "resumed"} by ${change.by}`;
    // The asset is the one whose fence has counted this.
    const details = { runId: change.run, asset: processed.asset };
    return { result: null, note: { author: asset, message, details } };
  });
}
