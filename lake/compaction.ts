import { z } from "zod";
import type { Lake } from "./lake.ts";
import type { Session } from "./session.ts";
import { literal } from "./sql.ts";
import type { TableName } from "./tables.ts";
import { commitSnapshot, mayPlanAgain } from "./transaction.ts";

export interface CompactRequest {
  /** Who compacts: the asset whose writer does. */
  author: string;
  runId: string;
  /** Aborting it interrupts the running statement. */
  signal?: AbortSignal;
}

/** What a table is made of. */
export interface TableFiles {
  /** Data files. */
  files: number;
  /** Data files below SMALL_BYTES that share their partition with MERGE_FROM or more of their kind. */
  small: number;
  /** Data files of whose rows at least REWRITE_SHARE are deleted. */
  worn: number;
}

/** Files below this are worth merging; several of them make one of up to DuckLake's target size, 512 MB. */
const SMALL_BYTES = 32_000_000;
/** Fewer small files of one partition are left as they are. */
const MERGE_FROM = 8;
/** From this share of deleted rows on, a file is written anew without them. */
const REWRITE_SHARE = 0.3;

/**
 * Makes a table's many small files few and writes worn ones anew, where that is worthwhile: rows inlined in the catalog
 * are written out, then files with many deleted rows are rewritten, then small ones merged. Each is a snapshot of its
 * own that changes no row: DuckLake refuses to compact and write in one transaction, so that no fence can stand in it.
 * It is called by the table's own writer; a transaction of another that is open meanwhile conflicts and is planned
 * again. Nothing to do costs one look at the catalog.
 */
export async function compactTable(
  lake: Lake,
  table: TableName,
  request: CompactRequest,
): Promise<{ before: number; after: number }> {
  return lake.withSession(async (session) => {
    const found = await tableFiles(session, table);
    let left = found;
    if (left.small + left.worn > 0) await call(session, table, request, "flush", FLUSH(table));
    if (left.worn > 0) {
      await call(session, table, request, "rewrite", REWRITE(table));
      left = await tableFiles(session, table);
    }
    if (left.small > 0) {
      await call(session, table, request, "merge", MERGE(table));
      left = await tableFiles(session, table);
    }
    return { before: found.files, after: left.files };
  }, request.signal);
}

const FLUSH = ({ schema, name }: TableName) =>
  `CALL ducklake_flush_inlined_data('lakehouse', schema_name => ${literal(schema)}, table_name => ${literal(name)})`;
const REWRITE = ({ schema, name }: TableName) =>
  `CALL ducklake_rewrite_data_files('lakehouse', ${literal(name)}, schema => ${literal(schema)}, delete_threshold => ${REWRITE_SHARE})`;
const MERGE = ({ schema, name }: TableName) =>
  `CALL ducklake_merge_adjacent_files('lakehouse', ${literal(name)}, schema => ${literal(schema)}, max_file_size => ${SMALL_BYTES})`;

async function call(
  session: Session,
  table: TableName,
  request: CompactRequest,
  what: string,
  sql: string,
): Promise<void> {
  const { author, runId } = request;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await commitSnapshot(session, async () => {
        await session.execute(sql);
        const details = { work: "compact", runId, asset: table.name };
        return { result: undefined, note: { author, message: `${what} ${table.name}`, details } };
      });
    } catch (error) {
      if (!mayPlanAgain(error, attempt)) throw error;
    }
  }
}

const filesRow = z.object({ files: z.coerce.number(), small: z.coerce.number(), worn: z.coerce.number() });

/** Looks at the catalog only. */
export async function tableFiles(session: Session, table: TableName): Promise<TableFiles> {
  return session.queryOne(filesRow, filesSql(table));
}

function filesSql({ schema, name }: TableName): string {
  const catalog = "__ducklake_metadata_lakehouse.ducklake";
  return `
    WITH live AS (
      SELECT f.data_file_id, f.file_size_bytes, f.record_count, coalesce(d.delete_count, 0) AS deleted,
        coalesce(p.value, '') AS place
      FROM ${catalog}.ducklake_data_file f
      JOIN ${catalog}.ducklake_table t ON t.table_id = f.table_id AND t.end_snapshot IS NULL
        AND t.table_name = ${literal(name)}
      JOIN ${catalog}.ducklake_schema s ON s.schema_id = t.schema_id AND s.end_snapshot IS NULL
        AND s.schema_name = ${literal(schema)}
      LEFT JOIN (SELECT data_file_id, sum(delete_count) AS delete_count FROM ${catalog}.ducklake_delete_file
        WHERE end_snapshot IS NULL GROUP BY data_file_id) d ON d.data_file_id = f.data_file_id
      LEFT JOIN (SELECT data_file_id, string_agg(partition_value, '/' ORDER BY partition_key_index) AS value
        FROM ${catalog}.ducklake_file_partition_value GROUP BY data_file_id) p ON p.data_file_id = f.data_file_id
      WHERE f.end_snapshot IS NULL),
    places AS (
      SELECT count(*) FILTER (WHERE file_size_bytes < ${SMALL_BYTES}) AS small FROM live GROUP BY place)
    SELECT count(*) AS files, (SELECT coalesce(sum(small) FILTER (WHERE small >= ${MERGE_FROM}), 0) FROM places) AS small,
      count(*) FILTER (WHERE deleted > 0 AND deleted >= record_count * ${REWRITE_SHARE}) AS worn
    FROM live`;
}
