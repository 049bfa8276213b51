import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import type { Stream } from "../definitions.ts";

/**
 * Whether files of an `overwrite` stream were fed since its processed table was last written: a generation waits to be
 * shown. Of other streams, whatever was fed shows at once.
 */
export async function hasUnpublished(
  session: Session,
  { source, stream, processed, destinationSyncMode }: Stream,
): Promise<boolean> {
  if (destinationSyncMode !== "overwrite") return false;
  const [newer] = await session.queryRaw(
    `SELECT 1 FROM lakehouse.meta.feeder_batches
     WHERE source = ${literal(source)} AND stream = ${literal(stream)} AND files > 0
       AND epoch > (SELECT coalesce(max(epoch), -1) FROM lakehouse.meta.materializations
                    WHERE asset = ${literal(processed.asset)}) LIMIT 1`,
  );
  return newer !== undefined;
}
