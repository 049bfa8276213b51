import { z } from "zod";
import { literal } from "../lake/sql.ts";
import type { Look } from "./look.ts";

/** The last entry of an asset in meta.materializations. */
export interface LastRecord {
  codeHash: string;
  epoch: number;
  /** What was read of each upstream, and whether that snapshot is still kept. */
  upstreamSnapshots: Record<string, { snapshot: number; kept: boolean }>;
}

const recordRow = z.object({
  code_hash: z.string(),
  epoch: z.coerce.number(),
  upstream_snapshots: z.string(),
});
const stateRow = z.object({ message: z.string().nullable() });
const keptRow = z.object({ snapshot_id: z.coerce.number() });

export async function lastRecord(look: Look, asset: string): Promise<LastRecord | null> {
  const [row] = await look.query(
    recordRow,
    `SELECT code_hash, epoch, upstream_snapshots FROM audit_materializations WHERE asset = ${literal(asset)} LIMIT 1`,
  );
  if (!row) return null;
  const read = z.record(z.string(), z.number()).parse(JSON.parse(row.upstream_snapshots));
  const ids = Object.values(read).map((snapshot) => literal(snapshot));
  const kept =
    ids.length === 0
      ? []
      : await look.query(
          keptRow,
          `SELECT snapshot_id FROM audit_snapshots WHERE snapshot_id IN (${ids.join(", ")})`,
        );
  const keptIds = new Set(kept.map((entry) => entry.snapshot_id));
  return {
    codeHash: row.code_hash,
    epoch: row.epoch,
    upstreamSnapshots: Object.fromEntries(
      Object.entries(read).map(([name, snapshot]) => [name, { snapshot, kept: keptIds.has(snapshot) }]),
    ),
  };
}

/** Why a table cannot be compared with its model as it is now, or null: it is held, or other code made it. */
export async function whyNotCompared(
  look: Look,
  model: { asset: string; codeHash: string },
): Promise<string | null> {
  const [held] = await look.query(
    stateRow,
    `SELECT message FROM audit_states WHERE asset = ${literal(model.asset)} AND state = 'held' LIMIT 1`,
  );
  if (held) return `it is held: ${held.message ?? "rolled back"}`;
  const last = await lastRecord(look, model.asset);
  if (last && last.codeHash !== model.codeHash) return "it was made by other code than the model's of now";
  return null;
}
