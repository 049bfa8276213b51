import { z } from "zod";
import type { Session } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";

/** One entry of `meta.materializations`. */
export interface Materialization {
  asset: string;
  /** Upstream asset → the snapshot that was read. */
  upstreamSnapshots: Record<string, number>;
  codeHash: string;
  mode: "incremental" | "rebuild";
  /** Why it was a rebuild; null for an increment. */
  reason: string | null;
  rows: number;
  changedRows: number;
  run: string;
  epoch: number;
  startedAt: Date;
}

export type LastMaterialization = Pick<Materialization, "asset" | "upstreamSnapshots" | "codeHash" | "epoch">;

const lastRow = z
  .object({
    asset: z.string(),
    upstream_snapshots: z.string(),
    code_hash: z.string(),
    epoch: z.coerce.number(),
  })
  .transform((row) => ({
    asset: row.asset,
    upstreamSnapshots: z.record(z.string(), z.number()).parse(JSON.parse(row.upstream_snapshots)),
    codeHash: row.code_hash,
    epoch: row.epoch,
  }));

/** The latest entry of each asset. */
export async function lastMaterializations(session: Session): Promise<Map<string, LastMaterialization>> {
  const rows = await session.query(lastRow, LAST_SQL);
  return new Map(rows.map((row) => [row.asset, row]));
}

const LAST_SQL = `SELECT asset, upstream_snapshots, code_hash, epoch FROM lakehouse.meta.materializations
  QUALIFY row_number() OVER (PARTITION BY asset ORDER BY epoch DESC) = 1`;

/** The latest entry of one asset, or null before its first. */
export async function lastMaterialization(
  session: Session,
  asset: string,
): Promise<LastMaterialization | null> {
  const [row] = await session.query(
    lastRow,
    `SELECT asset, upstream_snapshots, code_hash, epoch FROM lakehouse.meta.materializations
     WHERE asset = ${literal(asset)} ORDER BY epoch DESC LIMIT 1`,
  );
  return row ?? null;
}

/** Appends an entry, inside the caller's transaction. */
export async function recordMaterialization(session: Session, entry: Materialization): Promise<void> {
  const values = [
    literal(entry.asset),
    literal(JSON.stringify(entry.upstreamSnapshots)),
    literal(entry.codeHash),
    literal(entry.mode),
    literal(entry.reason),
    literal(entry.rows),
    literal(entry.changedRows),
    literal(entry.run),
    literal(entry.epoch),
    `TIMESTAMPTZ ${literal(entry.startedAt.toISOString())}`,
    "now()",
  ];
  await session.execute(`INSERT INTO lakehouse.meta.materializations VALUES (${values.join(", ")})`);
}
