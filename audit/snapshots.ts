import { z } from "zod";
import { type Check, onlyFound, outcome } from "./check.ts";

const countRow = z.object({ snapshots: z.coerce.number() });

/** Every batch was made by exactly one snapshot, which names it; every snapshot that names a batch has one. */
export function snapshotsCheck(): Check {
  return {
    name: "snapshots",
    subject: null,
    run: async (look) => {
      const { snapshots } = await look.one(countRow, "SELECT count(*) AS snapshots FROM audit_snapshots");
      const faults = [
        await look.fault("batch-without-snapshot", WITHOUT_SNAPSHOT_SQL),
        await look.fault("snapshot-without-batch", WITHOUT_BATCH_SQL),
        await look.fault("batch-snapshots", SEVERAL_SQL),
      ];
      return outcome(snapshots, { faults: onlyFound(faults) });
    },
  };
}

// A batch that was committed before the oldest snapshot after which none expired may have lost its own. The time is
// that of the transaction's start, and never after its snapshot's.
const WITHOUT_SNAPSHOT_SQL = `
  SELECT b.id AS name, b.source || '/' || b.stream AS detail
  FROM audit_batches AS b ANTI JOIN audit_snapshots AS s ON s.batch = b.id
  WHERE ((SELECT min(snapshot_id) FROM audit_snapshots WHERE settled) = 0
      OR b.committed_at > (SELECT min(snapshot_time) FROM audit_snapshots WHERE settled))`;

const WITHOUT_BATCH_SQL = `
  SELECT 'snapshot ' || s.snapshot_id AS name, 'batch ' || s.batch AS detail
  FROM (SELECT * FROM audit_snapshots WHERE batch IS NOT NULL) AS s ANTI JOIN audit_batches AS b ON b.id = s.batch`;

const SEVERAL_SQL = `
  SELECT batch AS name, 'snapshots ' || string_agg(snapshot_id, ', ' ORDER BY snapshot_id) AS detail
  FROM audit_snapshots WHERE batch IS NOT NULL GROUP BY batch HAVING count(*) > 1`;
