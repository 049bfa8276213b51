import { z } from "zod";
import { inCatalog } from "./horizon.ts";
import type { Lake } from "./lake.ts";
import { identifier, literal } from "./sql.ts";
import { commitSnapshot } from "./transaction.ts";

/** The lake's own logs (lake/meta.ts). Fences hold one row each and are left as they are. */
const LOGS = [
  "feeder_batches",
  "feeder_file_log",
  "quarantine_log",
  "materializations",
  "asset_state_log",
] as const;

/** Fewer rows than this stay inlined in the catalog: that is where small appends are cheap to write and to read. */
const FLUSH_FROM = 5000;

/**
 * Writes the long logs' inlined rows out into data files. Appends go on meanwhile: they do not conflict with it.
 * @returns the logs that were written out.
 */
export async function flushMeta(
  lake: Lake,
  request: { runId: string; signal?: AbortSignal },
): Promise<string[]> {
  const flushed: string[] = [];
  for (const name of LOGS) {
    if ((await inlinedRows(lake, name)) < FLUSH_FROM) continue;
    await lake.withSession(
      (session) =>
        commitSnapshot(session, async () => {
          await session.execute(
            `CALL ducklake_flush_inlined_data('lakehouse', schema_name => 'meta', table_name => ${literal(name)})`,
          );
          const details = { work: "flush", runId: request.runId, asset: name };
          return { result: undefined, note: { author: "maintenance", message: `flush ${name}`, details } };
        }),
      request.signal,
    );
    flushed.push(name);
  }
  return flushed;
}

const nameRow = z.object({ name: z.string() });
const rowsRow = z.object({ rows: z.coerce.number() });

/** Rows of a log that are kept in the catalog itself. */
function inlinedRows(lake: Lake, log: string): Promise<number> {
  return lake.withSession(async (session) => {
    // One inlined table for each version of the log's columns.
    const tables = await session.query(nameRow, `SELECT name FROM ${inCatalog(inlinedTablesSql(log))}`);
    if (tables.length === 0) return 0;
    const counts = tables.map(
      ({ name }) => `SELECT count(*) AS rows FROM ducklake.${identifier(name)} WHERE end_snapshot IS NULL`,
    );
    const all = `SELECT sum(rows)::BIGINT AS rows FROM (${counts.join(" UNION ALL ")}) AS counts`;
    return (await session.queryOne(rowsRow, `SELECT rows FROM ${inCatalog(all)}`)).rows;
  });
}

function inlinedTablesSql(log: string): string {
  return `SELECT i.table_name AS name FROM ducklake.ducklake_inlined_data_tables i
    JOIN ducklake.ducklake_table t ON t.table_id = i.table_id AND t.end_snapshot IS NULL
    JOIN ducklake.ducklake_schema s ON s.schema_id = t.schema_id AND s.schema_name = 'meta' AND s.end_snapshot IS NULL
    WHERE t.table_name = ${literal(log)}`;
}
