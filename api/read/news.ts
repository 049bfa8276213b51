import { z } from "zod";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";

/** Something that happened, as the lake's own history tells it. */
export interface News {
  /** The snapshot; what came after it is asked for by it. */
  id: number;
  kind: "batch" | "materialization" | "state" | "backfill" | "maintenance" | "other";
  at: string;
  author: string | null;
  message: string | null;
  details: Record<string, unknown>;
}

const row = z.object({
  id: z.coerce.number(),
  at: z.string(),
  author: z.string().nullable(),
  message: z.string().nullable(),
  details: z.string().nullable(),
});

const CATALOG = "__ducklake_metadata_lakehouse.ducklake";

/** The number of the newest snapshot. */
export async function newestSnapshot(session: Session): Promise<number> {
  const { id } = await session.queryOne(
    z.object({ id: z.coerce.number() }),
    `SELECT max(snapshot_id) AS id FROM ${CATALOG}.ducklake_snapshot`,
  );
  return id;
}

/** What happened after a snapshot, in order, at most `limit` of it. */
export async function newsAfter(session: Session, after: number, limit: number): Promise<News[]> {
  const rows = await session.query(
    row,
    `SELECT s.snapshot_id AS id, strftime(s.snapshot_time AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ') AS at,
       c.author, c.commit_message AS message, c.commit_extra_info AS details
     FROM ${CATALOG}.ducklake_snapshot s LEFT JOIN ${CATALOG}.ducklake_snapshot_changes c USING (snapshot_id)
     WHERE s.snapshot_id > ${literal(after)} ORDER BY id LIMIT ${literal(limit)}`,
  );
  return rows.map(({ details, ...entry }) => {
    const parsed = detailsOf(details);
    return { ...entry, kind: kindOf(entry.author, parsed), details: parsed };
  });
}

function detailsOf(text: string | null): Record<string, unknown> {
  if (text === null) return {};
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    // Somebody else's snapshot, with notes of their own.
    return {};
  }
}

function kindOf(author: string | null, details: Record<string, unknown>): News["kind"] {
  if (details.backfill !== undefined) return "backfill";
  if (details.batchId !== undefined) return "batch";
  if (details.mode !== undefined) return "materialization";
  if (typeof details.work === "string") return "maintenance";
  return author === null ? "other" : "state";
}
