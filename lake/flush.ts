import { z } from "zod";
import { liveFilesSql } from "./catalog-files.ts";
import { inlinedRows, sweepInlined } from "./inlined.ts";
import type { Lake } from "./lake.ts";
import { literal } from "./sql.ts";
import type { TableName } from "./tables.ts";
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
/** From this many files below the size on, they are merged. */
const MERGE_FROM = 16;
const SMALL_BYTES = 32_000_000;

interface FlushRequest {
  runId: string;
  /** Aborting it interrupts the running statement. */
  signal?: AbortSignal;
}

/**
 * Writes the long logs' inlined rows out into data files, merges those where they are many, and sweeps the catalog of
 * inlined rows that no kept snapshot shows. Appends go on meanwhile: nothing of it conflicts with them. DuckLake's own
 * procedures do here, since nothing is ever deleted from a log; on other tables they spoil the past (lake/compaction.ts).
 * @returns what was done, a phrase each.
 * @throws LotusError LAKE_CONFLICT when another flush was faster: a second attempt finds what is left.
 */
export async function flushMeta(lake: Lake, request: FlushRequest): Promise<string[]> {
  const done: string[] = [];
  for (const name of LOGS) {
    const log = { schema: "meta", name } as const;
    if ((await lake.withSession((session) => inlinedRows(session, log))) >= FLUSH_FROM) {
      await maintain(lake, log, "flush", request);
      done.push(`${name} written out`);
    }
    if ((await smallFiles(lake, log)) >= MERGE_FROM) {
      await maintain(lake, log, "compact", request);
      done.push(`${name} merged`);
    }
  }
  await lake.withSession(sweepInlined, request.signal);
  return done;
}

async function maintain(
  lake: Lake,
  { schema, name }: TableName,
  work: "flush" | "compact",
  { runId, signal }: FlushRequest,
): Promise<void> {
  const call =
    work === "flush"
      ? `ducklake_flush_inlined_data('lakehouse', schema_name => ${literal(schema)}, table_name => ${literal(name)})`
      : `ducklake_merge_adjacent_files('lakehouse', ${literal(name)}, schema => ${literal(schema)}, max_file_size => ${SMALL_BYTES})`;
  await lake.withSession(
    (session) =>
      commitSnapshot(session, async () => {
        await session.execute(`CALL ${call}`);
        const details = { work, runId, asset: name };
        return { result: undefined, note: { author: "maintenance", message: `${work} ${name}`, details } };
      }),
    signal,
  );
}

const filesRow = z.object({ files: z.coerce.number() });

async function smallFiles(lake: Lake, table: TableName): Promise<number> {
  const count = `SELECT count(*) AS files FROM (${liveFilesSql(table)}) WHERE bytes < ${SMALL_BYTES}`;
  return (await lake.withSession((session) => session.queryOne(filesRow, count))).files;
}
