import { z } from "zod";
import type { Stream } from "../assets/definitions.ts";
import { literal } from "../lake/sql.ts";
import { type Check, type Fault, onlyFound, outcome } from "./check.ts";
import type { Look } from "./look.ts";
import { ofStream } from "./subjects.ts";

const fenceRow = z.object({ epoch: z.coerce.number() });
const recordedRow = z.object({ last: z.coerce.number(), entries: z.coerce.number() });
const anchorRow = z.object({ id: z.coerce.number(), epoch: z.coerce.number() });
const commitsRow = z.object({ commits: z.coerce.number() });

/**
 * The fence of a table's writer fits what the writer recorded: no two records share an epoch, none is later than the
 * fence, and the fence counts the writer's commits.
 */
export function epochsCheck(asset: string, stream: Stream | null): Check {
  return {
    name: "epochs",
    subject: asset,
    run: async (look) => {
      const recorded = await look.one(
        recordedRow,
        `SELECT coalesce(max(epoch), 0) AS last, count(*) AS entries FROM (${epochsSql(asset, stream)})`,
      );
      const shared = await look.fault("epoch-shared", sharedSql(asset, stream));
      const fence = await fenceFault(look, asset, stream, recorded.last);
      return outcome(recorded.entries, { faults: onlyFound([shared, fence]) });
    },
  };
}

/**
 * Epochs by what recorded them. A batch has an epoch of its own, and so has a rebuild, but for the one that a batch of
 * overwritten files makes; other entries belong to either.
 */
function epochsSql(asset: string, stream: Stream | null): string {
  const materializations = `SELECT epoch, 'rebuilt' AS kind, 'run ' || run AS record FROM audit_materialization_log WHERE asset = ${literal(asset)}`;
  if (!stream) return materializations;
  return `${materializations}
    UNION ALL SELECT epoch, 'fed', 'batch ' || id FROM audit_batches WHERE ${ofStream(stream)}
    UNION ALL SELECT DISTINCT epoch, NULL, NULL FROM audit_log WHERE ${ofStream(stream)}
    UNION ALL SELECT DISTINCT epoch, NULL, NULL FROM audit_quarantine_log WHERE ${ofStream(stream)}`;
}

function sharedSql(asset: string, stream: Stream | null): string {
  return `SELECT 'epoch ' || epoch AS name, string_agg(record, ', ' ORDER BY record) AS detail
    FROM (${epochsSql(asset, stream)}) WHERE record IS NOT NULL GROUP BY epoch, kind HAVING count(*) > 1`;
}

async function fenceFault(look: Look, asset: string, stream: Stream | null, last: number): Promise<Fault> {
  const fault = (detail: string | null): Fault => ({
    code: "fence-differs",
    count: detail === null ? 0 : 1,
    culprits: detail === null ? [] : [{ name: `meta.fence_${asset}`, detail }],
  });
  const table = { schema: "meta", name: `fence_${asset}` } as const;
  if ((await look.columns(table)) === null) {
    return fault(last > 0 ? `it does not exist, and epoch ${last} is recorded` : null);
  }
  const rows = await look.query(fenceRow, `SELECT epoch FROM ${look.at(table)}`);
  const fence = rows[0]?.epoch;
  if (rows.length !== 1 || fence === undefined) return fault(`it has ${rows.length} rows`);
  if (fence < last) return fault(`it is at ${fence}, and epoch ${last} is recorded`);
  const wanted = await countedFence(look, asset, stream);
  if (wanted === null || wanted === fence) return fault(null);
  return fault(`it is at ${fence}, and the writer's commits make it ${wanted}`);
}

/**
 * What the fence must be by the kept snapshots, or null where too many have expired to tell. Each commit of the writer
 * advances it.
 */
async function countedFence(look: Look, asset: string, stream: Stream | null): Promise<number | null> {
  const [anchor] = await look.query(anchorRow, anchorSql(stream));
  if (!anchor) return null;
  const { commits } = await look.one(
    commitsRow,
    `SELECT count(*) AS commits FROM audit_snapshots WHERE asset = ${literal(asset)} AND snapshot_id > ${literal(anchor.id)}`,
  );
  return anchor.epoch + commits;
}

// A snapshot whose epoch is known, with all later ones kept: before the first one, or that of a batch.
function anchorSql(stream: Stream | null): string {
  const batches = stream
    ? `UNION ALL SELECT snapshot_id, epoch FROM audit_snapshots
         JOIN (SELECT id AS batch, epoch FROM audit_batches WHERE ${ofStream(stream)}) USING (batch) WHERE settled`
    : "";
  return `
    SELECT snapshot_id AS id, epoch FROM (
      SELECT -1 AS snapshot_id, 0 AS epoch FROM audit_snapshots WHERE settled AND snapshot_id = 0 ${batches})
    ORDER BY snapshot_id LIMIT 1`;
}
