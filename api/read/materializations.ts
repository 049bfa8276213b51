import { z } from "zod";
import type { TemporalConnection } from "../../common/settings.ts";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import { recordedLink } from "../links.ts";
import type { materialization } from "../schemas/assets.ts";
import { ISO } from "./iso.ts";

const row = z.object({
  upstream_snapshots: z.string(),
  code_hash: z.string(),
  mode: z.enum(["incremental", "rebuild"]),
  reason: z.string().nullable(),
  rows: z.coerce.number(),
  changed_rows: z.coerce.number(),
  run: z.string(),
  epoch: z.coerce.number(),
  started_at: z.string(),
  finished_at: z.string(),
  seconds: z.number(),
  snapshot: z.coerce.number().nullable(),
});

/** The last materializations of an asset, newest first. */
export async function lastOf(
  session: Session,
  temporal: TemporalConnection,
  asset: string,
  limit: number,
): Promise<z.infer<typeof materialization>[]> {
  const rows = await session.query(
    row,
    `SELECT log.* REPLACE (strftime(started_at, ${ISO}) AS started_at, strftime(finished_at, ${ISO}) AS finished_at),
       greatest(0, epoch_ms(finished_at) - epoch_ms(started_at)) / 1000.0 AS seconds, made.snapshot
     FROM (SELECT *, snapshot_id FROM lakehouse.meta.materializations WHERE asset = ${literal(asset)}
           ORDER BY epoch DESC LIMIT ${literal(limit)}) AS log
     LEFT JOIN (${KEPT_SQL}) AS made ON made.snapshot = log.snapshot_id AND made.run = log.run
     ORDER BY epoch DESC`,
  );
  return rows.map((entry) => ({
    mode: entry.mode,
    reason: entry.reason,
    rows: entry.rows,
    changedRows: entry.changed_rows,
    startedAt: entry.started_at,
    committedAt: entry.finished_at,
    seconds: entry.seconds,
    snapshot: entry.snapshot,
    upstreamSnapshots: z.record(z.string(), z.number()).parse(JSON.parse(entry.upstream_snapshots)),
    codeHash: entry.code_hash,
    run: recordedLink(temporal, entry.run),
  }));
}

// What a compacted log says of a row's snapshot is believed where that snapshot is of the same run.
const KEPT_SQL = `
  SELECT snapshot_id AS snapshot, json_extract_string(commit_extra_info, '$.runId') AS run
  FROM __ducklake_metadata_lakehouse.ducklake.ducklake_snapshot_changes WHERE json_valid(commit_extra_info)`;
