import { z } from "zod";
import { advanceFence, readFence } from "../../lake/fence.ts";
import type { Lake } from "../../lake/lake.ts";
import type { Session } from "../../lake/session.ts";
import { changedTables, currentSnapshot } from "../../lake/snapshots.ts";
import { lakeTable } from "../../lake/tables.ts";
import { commitSnapshot, untilCommitted } from "../../lake/transaction.ts";
import type { EnrichedModel } from "../definitions.ts";
import { isHeld } from "../holds.ts";
import { lastMaterialization, recordMaterialization } from "../materializations.ts";

export interface AdvanceRequest {
  runId: string;
  /** Aborting it interrupts the running statement. */
  signal?: AbortSignal;
}

const rowsRow = z.object({ rows: z.coerce.number() });

/**
 * Moves a quiet table's recorded position on to now: when nothing upstream changed since it last read, it is recorded
 * as up to date with the current snapshot, and older ones may expire. Without this, a table that nothing changes
 * would keep every snapshot since, or an expiry would force a rebuild on it (lake/snapshots.ts, changedTables).
 * Does nothing for a table that is stale, held or was never materialized.
 */
export async function advancePosition(
  lake: Lake,
  model: EnrichedModel,
  request: AdvanceRequest,
): Promise<{ advanced: boolean }> {
  const advanced = await untilCommitted(lake, (session) => attemptAdvance(session, model, request), request);
  return { advanced };
}

/** Raised inside the transaction to leave without writing. */
class NothingToAdvance extends Error {}

async function attemptAdvance(
  session: Session,
  model: EnrichedModel,
  request: AdvanceRequest,
): Promise<boolean> {
  const { asset, upstream: upstreams } = model;
  const startedAt = new Date();
  const epoch = await readFence(session, asset);
  if (upstreams.length === 0 || (await isHeld(session, asset))) return false;
  try {
    return await commitSnapshot(session, async () => {
      const read = await currentSnapshot(session);
      const last = await lastMaterialization(session, asset);
      if (!last || !(await isQuiet(session, upstreams, last.upstreamSnapshots))) throw new NothingToAdvance();
      const table = lakeTable({ schema: "main", name: asset });
      const { rows } = await session.queryOne(rowsRow, `SELECT count(*) AS rows FROM ${table}`);
      const nextEpoch = await advanceFence(session, asset, epoch);
      await recordMaterialization(session, {
        asset,
        upstreamSnapshots: Object.fromEntries(upstreams.map((upstream) => [upstream, read])),
        codeHash: last.codeHash,
        mode: "incremental",
        reason: "nothing changed upstream",
        rows,
        changedRows: 0,
        run: request.runId,
        epoch: nextEpoch,
        startedAt,
      });
      return {
        result: true,
        note: {
          author: asset,
          message: `${asset} is up to date with snapshot ${read}`,
          details: { work: "advance", runId: request.runId, asset, readSnapshot: read },
        },
      };
    });
  } catch (error) {
    if (error instanceof NothingToAdvance) return false;
    throw error;
  }
}

/** Whether none of the upstreams changed after the snapshot at which it was read. */
export async function isQuiet(
  session: Session,
  upstreams: readonly string[],
  recorded: Record<string, number>,
): Promise<boolean> {
  const changes = await changedTables(session, Math.min(...upstreams.map((name) => recorded[name] ?? 0)));
  return upstreams.every((name) => {
    const read = recorded[name];
    return read !== undefined && (changes.get(name) ?? 0) <= read;
  });
}
