import { z } from "zod";
import { liveFilesSql } from "./catalog-files.ts";
import { advanceFence, readFence } from "./fence.ts";
import { emptyFiles, hasOlderInlined, IS_INLINED, inlinedRows, wornByInlined } from "./inlined.ts";
import type { Lake } from "./lake.ts";
import type { Session } from "./session.ts";
import { identifiers, literal } from "./sql.ts";
import { lakeTable, type TableName, tableColumns } from "./tables.ts";
import { commitSnapshot, untilCommitted } from "./transaction.ts";

/**
 * Compaction by plain SQL: the rows of many small or worn files are inserted anew and deleted where they were, in one
 * transaction under the table's fence. DuckLake's own procedures are not used for rows: after merges, rewrites and
 * flushes in turn, reading older snapshots gave wrong rows, and they cannot stand in a transaction with a fence
 * (docs/decisions/compaction-by-plain-sql.md). What compaction did is left out of the change feed (lake/snapshots.ts).
 */

export interface CompactRequest {
  /** Whose fence it is, and who compacts. */
  asset: string;
  runId: string;
  /** Aborting it interrupts the running statement. */
  signal?: AbortSignal;
}

export interface CompactOutcome {
  /** Files that were given up; 0 when nothing was worthwhile. */
  files: number;
  /** Whether another piece is worthwhile. */
  remaining: boolean;
}

/**
 * Files of one partition are merged with those of their own size: below the first limit, or between the two. A row is
 * so written anew a few times in its life, however many batches follow; files above are left alone.
 */
const TINY_BYTES = 4_000_000;
const SMALL_BYTES = 32_000_000;
/** Fewer files of a size are left as they are. */
const MERGE_FROM = 8;
/** From this share of deleted rows on, a file that is not tiny is written anew without them. */
const WORN_SHARE = 0.3;
/** As many deletes of one file's rows, kept in the catalog and read with every look at the table, wear it out, too. */
const WORN_INLINED = 10_000;
/** Fewer inlined rows stay in the catalog. */
const MOVE_OUT_FROM = 1000;
/** Bounds of a piece: a feed that waits for it waits seconds. */
const PIECE_FILES = 250;
const PIECE_BYTES = 256_000_000;

/**
 * Compacts a piece of a table where that is worthwhile, in one snapshot that changes no row. Nothing to do costs a
 * few looks at the catalog. A piece that loses against another writer is planned again; one that fails leaves nothing.
 * @throws LotusError FENCE_LOST or LAKE_CONFLICT when others were faster again and again.
 */
export async function compactTable(
  lake: Lake,
  table: TableName,
  request: CompactRequest,
): Promise<CompactOutcome> {
  return untilCommitted(lake, (session) => compactPiece(session, table, request), request);
}

const fileRow = z.object({ path: z.string(), bytes: z.coerce.number() });

async function compactPiece(
  session: Session,
  table: TableName,
  { asset, runId }: CompactRequest,
): Promise<CompactOutcome> {
  const epoch = await readFence(session, asset);
  const columns = await tableColumns(session, table);
  if (columns === null) return { files: 0, remaining: false };
  const worn = await wornByInlined(session, table, WORN_INLINED);
  const empty = await emptyFiles(session, table);
  const worthwhile = await session.query(fileRow, worthwhileSql(table, worn, empty));
  const movesOut = (await inlinedRows(session, table)) >= MOVE_OUT_FROM;
  if (worthwhile.length === 0 && !movesOut) return { files: 0, remaining: false };
  const piece = takePiece(worthwhile);
  const target = lakeTable(table);
  const names = identifiers(columns.map((column) => column.name));
  const conditions = [
    ...(piece.length > 0 ? [`filename IN (${piece.map((file) => literal(file.path)).join(", ")})`] : []),
    ...(movesOut ? [IS_INLINED] : []),
  ];
  const among = conditions.join(" OR ");
  await commitSnapshot(session, async () => {
    await session.execute(`INSERT INTO ${target} (${names}) SELECT ${names} FROM ${target} WHERE ${among}`);
    await session.execute(`DELETE FROM ${target} WHERE ${among}`);
    await advanceFence(session, asset, epoch);
    const message = `compact ${piece.length} files of ${table.name}`;
    const details = { work: "compact", runId, asset, files: piece.length };
    return { result: undefined, note: { author: asset, message, details } };
  });
  await letGoOfEmptyFiles(session, table, { asset, runId });
  return { files: piece.length, remaining: worthwhile.length - piece.length >= MERGE_FROM };
}

/** As much as one piece may be; files of one partition follow each other, so that a piece makes few files of many. */
function takePiece(files: readonly z.infer<typeof fileRow>[]): z.infer<typeof fileRow>[] {
  const piece: z.infer<typeof fileRow>[] = [];
  let bytes = 0;
  for (const file of files) {
    bytes += file.bytes;
    if (piece.length > 0 && (bytes > PIECE_BYTES || piece.length >= PIECE_FILES)) break;
    piece.push(file);
  }
  return piece;
}

/**
 * A file that had lost some of its rows before stays in the table when it loses the last of them. A rewrite at a
 * threshold of 1 lets go of such files, and has no row to write. Where it would fail they stay; nothing reads them.
 */
async function letGoOfEmptyFiles(
  session: Session,
  table: TableName,
  { asset, runId }: CompactRequest,
): Promise<void> {
  if ((await emptyFiles(session, table)).length === 0 || (await hasOlderInlined(session, table))) return;
  const { schema, name } = table;
  await commitSnapshot(session, async () => {
    await session.execute(
      `CALL ducklake_rewrite_data_files('lakehouse', ${literal(name)}, schema => ${literal(schema)}, delete_threshold => 1)`,
    );
    // Not behind the fence, which DuckLake does not allow here: it counts as no commit of the writer.
    const details = { work: "compact", runId };
    return {
      result: undefined,
      note: { author: asset, message: `let go of empty files of ${name}`, details },
    };
  });
}

// The catalog alone says what is worthwhile.
function worthwhileSql(table: TableName, worn: readonly number[], empty: readonly number[]): string {
  const ids = (list: readonly number[]) => list.map((id) => literal(id)).join(", ") || "NULL";
  return `
    SELECT path, bytes FROM (
      SELECT *, count(*) OVER (PARTITION BY place, size_class) AS alike FROM (
        SELECT *, CASE WHEN bytes < ${TINY_BYTES} THEN 'tiny' WHEN bytes < ${SMALL_BYTES} THEN 'small' END AS size_class
        FROM (${liveFilesSql(table)}) WHERE (id IN (${ids(empty)})) IS NOT TRUE))
    WHERE (size_class IS NOT NULL AND alike >= ${MERGE_FROM})
      OR (bytes >= ${TINY_BYTES} AND deleted >= rows * ${WORN_SHARE})
      OR id IN (${ids(worn)})
    ORDER BY place, size_class, path`;
}
