import { z } from "zod";
import { LotusError } from "../common/errors.ts";
import type { Session } from "./session.ts";
import { literal, qualified } from "./sql.ts";

const epochRow = z.object({ epoch: z.coerce.number() });
const countRow = z.object({ Count: z.coerce.number() });

/**
 * A one-row table for each writer. A writer reads it before it plans, and advances it from the value read inside
 * the transaction that writes: of two writers of one table (a workflow's activity that timed out and still runs,
 * and its second attempt) only one commits.
 */
function fenceTable(asset: string): string {
  return qualified("lakehouse", "meta", `fence_${asset}`);
}

/** The writer's epoch: 0 before its first commit. Creates the fence where it is missing. */
export async function readFence(session: Session, asset: string): Promise<number> {
  const [present] = await session.queryRaw(
    `SELECT 1 FROM duckdb_tables() WHERE database_name = 'lakehouse' AND schema_name = 'meta'
       AND table_name = ${literal(`fence_${asset}`)}`,
  );
  if (!present) await createFence(session, asset);
  const row = await session.queryOne(epochRow, `SELECT epoch FROM ${fenceTable(asset)}`);
  return row.epoch;
}

/**
 * Advances the fence from `epoch` to the next value, inside the caller's transaction.
 * @throws LotusError FENCE_LOST when it no longer holds `epoch`: the caller must roll back.
 */
export async function advanceFence(session: Session, asset: string, epoch: number): Promise<number> {
  const next = epoch + 1;
  const { Count } = await session.queryOne(
    countRow,
    `UPDATE ${fenceTable(asset)} SET epoch = ${literal(next)} WHERE epoch = ${literal(epoch)}`,
  );
  if (Count !== 1) throw fenceLost(asset, epoch);
  return next;
}

/**
 * Fails unless the fence still holds `epoch`: for what a writer does outside its transaction.
 * @throws LotusError FENCE_LOST
 */
export async function checkFence(session: Session, asset: string, epoch: number): Promise<void> {
  if ((await readFence(session, asset)) !== epoch) throw fenceLost(asset, epoch);
}

function fenceLost(asset: string, epoch: number): LotusError {
  return new LotusError(
    "FENCE_LOST",
    `Another writer of ${asset} committed since epoch ${epoch}; nothing was written. It is planned again.`,
  );
}

async function createFence(session: Session, asset: string): Promise<void> {
  // CREATE TABLE of a name that exists conflicts at commit, so of two creators only one inserts the row.
  await session.execute("BEGIN TRANSACTION");
  try {
    await session.execute(`CREATE TABLE ${fenceTable(asset)} (epoch BIGINT)`);
    await session.execute(`INSERT INTO ${fenceTable(asset)} VALUES (0)`);
    await session.execute("COMMIT");
  } catch (error) {
    await session.rollback().catch(() => {});
    const [present] = await session.queryRaw(
      `SELECT 1 FROM duckdb_tables() WHERE database_name = 'lakehouse' AND schema_name = 'meta'
         AND table_name = ${literal(`fence_${asset}`)}`,
    );
    if (!present) throw error;
  }
}
