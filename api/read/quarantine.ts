import { z } from "zod";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import type { quarantinedFile } from "../schemas/quarantine.ts";
import { ISO } from "./iso.ts";

const count = z.coerce.number();

const quarantineRow = z
  .object({
    source: z.string(),
    stream: z.string(),
    key: z.string(),
    etag: z.string(),
    size: count,
    reason: z.string(),
    recorded_at: z.string(),
  })
  .transform(({ recorded_at, ...row }) => ({ ...row, setAsideAt: recorded_at }));

/** Which files that are set aside are asked for. */
export interface QuarantineFilter {
  source: string | undefined;
  stream: string | undefined;
  /** Part of a key or of a reason, without regard to case. */
  search: string | undefined;
}

/** A file's place in the list. */
export type QuarantinePlace = Pick<z.infer<typeof quarantinedFile>, "source" | "stream" | "key">;

/** Files that are set aside, by stream and key, after `after`. */
export async function listQuarantined(
  session: Session,
  filter: QuarantineFilter,
  { after, limit }: { after: QuarantinePlace | null; limit: number },
): Promise<z.infer<typeof quarantinedFile>[]> {
  const place = after && [after.source, after.stream, after.key].map((part) => literal(part)).join(", ");
  return session.query(
    quarantineRow,
    `SELECT source, stream, key, etag, size, reason, strftime(recorded_at, ${ISO}) AS recorded_at
     FROM lakehouse.meta.quarantine WHERE ${isAskedFor(filter)}
       ${place === null ? "" : `AND (source, stream, key) > (${place})`}
     ORDER BY source, stream, key LIMIT ${literal(limit)}`,
  );
}

/** How many files are set aside, whatever the page. */
export async function countQuarantined(session: Session, filter: QuarantineFilter): Promise<number> {
  const { files } = await session.queryOne(
    z.object({ files: count }),
    `SELECT count(*) AS files FROM lakehouse.meta.quarantine WHERE ${isAskedFor(filter)}`,
  );
  return files;
}

function isAskedFor({ source, stream, search }: QuarantineFilter): string {
  const conditions = [
    "TRUE",
    ...(source === undefined ? [] : [`source = ${literal(source)}`]),
    ...(stream === undefined ? [] : [`stream = ${literal(stream)}`]),
    ...(search === undefined ? [] : [`contains(lower(concat(key, ' ', reason)), lower(${literal(search)}))`]),
  ];
  return conditions.join(" AND ");
}
