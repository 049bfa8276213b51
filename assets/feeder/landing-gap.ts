import { z } from "zod";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import { dayOf, rawPrefix, readPlace } from "../../sensors/raw-layout.ts";
import type { Stream } from "../definitions.ts";

/** What landing does not hold any more of what was fed. */
export interface LandingGap {
  /** Files that retention removed or that S3 lost. */
  files: number;
  /** The first day, `YYYY-MM-DD`, from which on landing holds every file that was fed. */
  from: string;
}

const fileRow = z.object({ key: z.string() });

/**
 * What a rebuild from landing would miss, or null when landing holds every file that was ever fed; without counting
 * those of the keys `except`.
 */
export async function landingGap(
  session: Session,
  { source, stream }: Stream,
  except: ReadonlySet<string> = new Set(),
): Promise<LandingGap | null> {
  const missing = await session.query(
    fileRow,
    `SELECT key FROM lakehouse.meta.feeder_files WHERE source = ${literal(source)} AND stream = ${literal(stream)}
       AND state IN ('removed', 'lost')`,
  );
  const rows = missing.filter(({ key }) => !except.has(key));
  if (rows.length === 0) return null;
  const prefix = rawPrefix(source, stream);
  let newest = "";
  for (const { key } of rows) {
    const place = readPlace(prefix, key);
    if (!("reason" in place) && dayOf(place) > newest) newest = dayOf(place);
  }
  const next = new Date(`${newest}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return { files: rows.length, from: next.toISOString().slice(0, 10) };
}
