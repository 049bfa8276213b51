import { LotusError } from "../../common/errors.ts";
import { advanceFence, readFence } from "../../lake/fence.ts";
import type { Session } from "../../lake/session.ts";
import { currentSnapshot, lastCommittedSnapshot } from "../../lake/snapshots.ts";
import { tableColumns } from "../../lake/tables.ts";
import { commitSnapshot, untilCommitted } from "../../lake/transaction.ts";
import { appendAssetState } from "../asset-states.ts";
import { findColumn } from "../columns.ts";
import type { Column, Stream } from "../definitions.ts";
import { refuseHeld } from "../holds.ts";
import { recordMaterialization } from "../materializations.ts";
import type { FeederContext } from "./feed-batch.ts";
import { reconcileLanding } from "./landing.ts";
import { type LandingGap, landingGap } from "./landing-gap.ts";
import { mendLanding } from "./mend.ts";
import { rewriteProcessed } from "./rewrite.ts";

export interface RebuildRequest {
  runId: string;
  /** Why, for the record: `the model changed`, `asked for`, `generation 7 is complete`. */
  reason: string;
  /** Where landing no longer holds every file that was fed: rows whose keys it does not know stay. Default: refuse. */
  keepOlder?: boolean;
  /** Ends the table's hold, in the same snapshot. */
  release?: boolean;
  signal?: AbortSignal;
}

export interface RebuildOutcome {
  asset: string;
  rows: number;
  changedRows: number;
  snapshot: number;
}

/**
 * Makes a stream's processed table equal to its model over what landing holds, in place and in one snapshot; only
 * rows that differ are written. For an `overwrite` stream that means the newest generation: this is how it is
 * published once its backlog is drained, and an older generation that lands later changes nothing.
 * @throws LotusError MODEL_FAILED when the SQL is at fault, LANDING_INCOMPLETE where rows would be lost, ASSET_HELD.
 */
export async function rebuildProcessed(
  context: FeederContext,
  request: RebuildRequest,
): Promise<RebuildOutcome> {
  return untilCommitted(context.lake, (session) => attemptRebuild(context, request, session), {
    signal: request.signal,
    cure: (error) => mendLanding(context, error, request),
  });
}

async function attemptRebuild(
  context: FeederContext,
  request: RebuildRequest,
  session: Session,
): Promise<RebuildOutcome> {
  const { stream } = context;
  const startedAt = new Date();
  const table = { schema: "main", name: stream.processed.asset } as const;
  const epoch = await readFence(session, table.name);
  if (!request.release) await refuseHeld(session, table.name);
  const outcome = await commitSnapshot(session, async () => {
    const read = await currentSnapshot(session);
    const present = await tableColumns(session, table);
    // A table that is not there yet has nothing to lose.
    const gap = present === null ? null : await rebuildGap(session, stream);
    if (gap) refuseLoss(stream, gap, present ?? [], request.keepOlder ?? false);
    const landing = await reconcileLanding(session, stream);
    const { rows, changedRows } = await rewriteProcessed(session, context, {
      landing,
      present,
      keepOlder: gap !== null,
    });
    await refuseIncomplete(context, session);
    const nextEpoch = await advanceFence(session, table.name, epoch);
    await recordMaterialization(session, {
      asset: table.name,
      upstreamSnapshots: { [stream.landing.table]: read },
      codeHash: stream.processed.codeHash,
      mode: "rebuild",
      reason: request.reason,
      rows,
      changedRows,
      run: request.runId,
      epoch: nextEpoch,
      startedAt,
    });
    if (request.release) {
      const { codeHash } = stream.processed;
      const state = { asset: table.name, state: "ok", message: null, codeHash, run: request.runId } as const;
      await appendAssetState(session, state);
    }
    return {
      result: { asset: table.name, rows, changedRows },
      note: {
        author: `feeder_${stream.source}_${stream.stream}`,
        message: `rebuild ${table.name}: ${changedRows} rows (${request.reason})`,
        details: { runId: request.runId, asset: table.name, mode: "rebuild", readSnapshot: read },
      },
    };
  });
  return { ...outcome, snapshot: await lastCommittedSnapshot(session) };
}

/**
 * What a rebuild from landing would miss, or null. The table of an `overwrite` stream is by definition what landing
 * holds of the newest generation: older files do not count.
 */
export async function rebuildGap(session: Session, stream: Stream): Promise<LandingGap | null> {
  return stream.destinationSyncMode === "overwrite" ? null : landingGap(session, stream);
}

/** @throws LotusError LANDING_INCOMPLETE unless older rows are to be kept, and can be told from those of landing. */
function refuseLoss(stream: Stream, gap: LandingGap, present: readonly Column[], keepOlder: boolean): void {
  const { asset, uniqueKey } = stream.processed;
  const files = gap.files === 1 ? "1 of the files that were fed" : `${gap.files} of the files that were fed`;
  const missing = `${asset} cannot be rebuilt from landing: landing no longer holds ${files}; it is complete from ${gap.from} on`;
  const absent = uniqueKey.filter((name) => !findColumn(present, name));
  let remedy: string | null = null;
  if (uniqueKey.length === 0) {
    remedy =
      "The table has no key, by which older rows could be told from those of landing: it stays as it is.";
  } else if (absent.length > 0) {
    remedy = `Its older rows have no ${absent.join(", ")}, which the key needs, so that they cannot be kept: give the model its earlier key.`;
  } else if (!keepOlder) {
    remedy = `Keep the older rows as they are: lotus materialize ${asset} --full --keep-older`;
  }
  if (remedy !== null) throw new LotusError("LANDING_INCOMPLETE", `${missing}. ${remedy}`);
}

/**
 * A batch that replaces changed files takes their registrations out before it commits. What landing showed without
 * them must not become the table: looked at after landing was read, since registrations only ever go.
 * @throws LotusError NOT_FOUND, upon which landing is mended.
 */
async function refuseIncomplete({ backlog, stream }: FeederContext, session: Session): Promise<void> {
  const missing = await backlog.ledger.checkRegistrations(session);
  if (missing.length === 0) return;
  throw new LotusError(
    "NOT_FOUND",
    `${stream.landing.table} lacks ${missing.length} files that were fed, the first ${missing[0]}: they changed in S3. Try again.`,
  );
}

/**
 * Creates a stream's tables and fence where they are missing, and records the code that the processed table is
 * made with from its first row on. Safe to repeat.
 */
export async function createStreamTables(context: FeederContext): Promise<void> {
  const { lake, stream } = context;
  const table = { schema: "main", name: stream.processed.asset } as const;
  await lake.withSession(async (session) => {
    const landing = await tableColumns(session, { schema: "staging", name: stream.landing.table });
    const processed = await tableColumns(session, table);
    if (landing !== null && processed !== null) return;
    await rebuildProcessed(context, { runId: "landing_tables", reason: "created" });
  });
}
