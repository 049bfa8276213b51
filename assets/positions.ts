import { z } from "zod";
import type { Session } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import type { Project } from "./definitions.ts";
import { lastMaterializations } from "./materializations.ts";

/** Where an asset will read on from. */
export interface Position {
  asset: string;
  upstream: string;
  /** The snapshot that was last read of the upstream: what changed after it is still to be read. */
  snapshot: number;
}

/**
 * The position of each enriched table on each of its upstreams, oldest first. The snapshot itself must stay, too
 * (assets/enriched/mode.ts). A processed table has none: it is made from landing as it is now. Nor has a table that
 * was never materialized, or whose definition is gone or disabled: it is rebuilt when its turn comes.
 */
export async function positions(session: Session, project: Pick<Project, "models">): Promise<Position[]> {
  const last = await lastMaterializations(session);
  const found = project.models.flatMap(({ asset, upstream: upstreams }) =>
    upstreams.flatMap((upstream): Position[] => {
      const snapshot = last.get(asset)?.upstreamSnapshots[upstream];
      return snapshot === undefined ? [] : [{ asset, upstream, snapshot }];
    }),
  );
  return found.sort((left, right) => left.snapshot - right.snapshot);
}

/** The oldest snapshot that an asset still reads from, or null: no later one may expire. */
export async function oldestNeeded(
  session: Session,
  project: Pick<Project, "models">,
): Promise<number | null> {
  const [oldest] = await positions(session, project);
  return oldest?.snapshot ?? null;
}

const heldBackRow = z.object({ id: z.coerce.number() });

/** The enriched tables with a position on a snapshot from before `before`: they hold the expiry back. */
export async function assetsBehind(
  session: Session,
  project: Pick<Project, "models">,
  before: Date,
): Promise<string[]> {
  const found = await positions(session, project);
  const rows = await session.query(
    heldBackRow,
    `SELECT snapshot_id AS id FROM __ducklake_metadata_lakehouse.ducklake.ducklake_snapshot
     WHERE snapshot_time < TIMESTAMPTZ ${literal(before.toISOString())}`,
  );
  const old = new Set(rows.map((row) => row.id));
  return [...new Set(found.filter(({ snapshot }) => old.has(snapshot)).map(({ asset }) => asset))];
}
