import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import { fileFaultReason, type InspectedFile, isFileFault, type RejectedFile } from "./raw-files.ts";

/**
 * Reads every value of each file by itself, to tell a file's fault from a model's. A footer can be whole while the
 * pages behind it are not.
 * @returns the files that cannot be read, with DuckDB's reason.
 */
export async function findUnreadable(
  session: Session,
  files: readonly InspectedFile[],
): Promise<RejectedFile[]> {
  const culprits: RejectedFile[] = [];
  for (const file of files) {
    try {
      await session.execute(
        `SELECT sum(hash(COLUMNS(*))) FROM read_parquet(${literal([file.path])}, hive_partitioning = false)`,
      );
    } catch (error) {
      if (!isFileFault(error)) throw error;
      culprits.push({ ...file, reason: `cannot be read: ${fileFaultReason(error)}; upload it again` });
    }
  }
  return culprits;
}
