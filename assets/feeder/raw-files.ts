import { z } from "zod";
import { LotusError } from "../../common/errors.ts";
import { firstLine, isContentFault } from "../../lake/faults.ts";
import type { Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import type { WaitingFile } from "../../sensors/batch-plan.ts";
import type { Column } from "../definitions.ts";
import type { Footer } from "./footer.ts";

/** A raw file, and the path under which DuckDB reads it. */
export interface ReadableFile extends WaitingFile {
  path: string;
  /** Where it has been looked at already; else DuckDB is asked. */
  footer?: Footer;
}

/** A raw file whose footer has been read. */
export interface InspectedFile extends ReadableFile {
  rows: number;
  /** The file's own columns, in order. Files with the same columns share the array. */
  columns: readonly Column[];
}

/** A file that is set aside, and why. */
export interface RejectedFile extends WaitingFile {
  reason: string;
}

/** What the footers say of a set of files. */
export interface Inspection {
  inspected: InspectedFile[];
  rejected: RejectedFile[];
  /** No longer in S3 as they were listed: deleted or overwritten since. */
  vanished: WaitingFile[];
}

const footerRow = z.object({
  path: z.string(),
  rows: z.coerce.number(),
  bytes: z.coerce.number(),
  signature: z.string().optional(),
});

/**
 * Reads the footers of all files at once, which also warms the caches for what follows. Files whose footer cannot
 * be read are rejected with DuckDB's reason; when none can be judged because S3 itself fails, it throws.
 */
export async function inspectFiles(session: Session, files: readonly ReadableFile[]): Promise<Inspection> {
  const found: Inspection = { inspected: [], rejected: [], vanished: [] };
  await inspectGroup(session, files, found);
  const order = new Map(files.map((file, index) => [file.key, index]));
  found.inspected.sort((left, right) => (order.get(left.key) ?? 0) - (order.get(right.key) ?? 0));
  return found;
}

/** One bad file fails the whole call, so a failing group is halved until the culprit stands alone. */
async function inspectGroup(
  session: Session,
  files: readonly ReadableFile[],
  found: Inspection,
): Promise<void> {
  if (files.length === 0) return;
  try {
    const { inspected, vanished } = await readFooters(session, files);
    found.inspected.push(...inspected);
    found.vanished.push(...vanished);
  } catch (error) {
    const missing = isMissing(error);
    if (!missing && !isContentFault(error)) throw error;
    if (files.length === 1) {
      const file = files[0] as WaitingFile;
      if (missing) found.vanished.push(file);
      else found.rejected.push({ ...file, reason: unreadableReason(error) });
      return;
    }
    const middle = Math.ceil(files.length / 2);
    await inspectGroup(session, files.slice(0, middle), found);
    await inspectGroup(session, files.slice(middle), found);
  }
}

async function readFooters(
  session: Session,
  files: readonly ReadableFile[],
): Promise<Pick<Inspection, "inspected" | "vanished">> {
  const paths = files.map((file) => file.path);
  const lookedAt = files.every((file) => file.footer);
  const rows = await session.query(footerRow, lookedAt ? countsSql(paths) : footersSql(paths));
  const byPath = new Map(rows.map((row) => [row.path, row]));
  const columnsOf = new Map<string, readonly Column[]>();
  const inspected: InspectedFile[] = [];
  const vanished: WaitingFile[] = [];
  for (const file of files) {
    const footer = byPath.get(file.path);
    if (!footer)
      throw new LotusError("FILE_UNREADABLE", `${file.path}: no footer was returned; upload it again.`);
    if (footer.bytes !== file.size) {
      vanished.push(file);
      continue;
    }
    const signature = file.footer?.signature ?? footer.signature ?? "";
    const columns = columnsOf.get(signature) ?? (await fileColumns(session, file.path));
    columnsOf.set(signature, columns);
    inspected.push({ ...file, rows: footer.rows, columns });
  }
  return { inspected, vanished };
}

/** Files from this size on, on average, are not kept in memory while they are fed. */
const KEEP_BELOW_BYTES = 4_000_000;

/**
 * Tells DuckDB whether to keep what it reads of these files. A small file is fetched whole with its footer, and kept
 * it need not be fetched again (2,000 files of 40 KB: 10.5 s, else 20.8 s); of large ones it would only fill the
 * memory (770 MB in 40 files: 1.7 GB, else 2.5 GB). The setting is the instance's: streams that are fed at the same
 * time may turn it for each other, which costs time and nothing else.
 */
export async function chooseCaching(session: Session, files: readonly WaitingFile[]): Promise<void> {
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  await session.execute(
    `SET enable_external_file_cache = ${literal(bytes < KEEP_BELOW_BYTES * files.length)}`,
  );
}

/**
 * Reads footers into DuckDB's caches, so that inspecting the same files afterwards finds them there. A failure is
 * left for that inspection to meet.
 */
export async function warmFooters(session: Session, paths: string[]): Promise<void> {
  if (paths.length > 0)
    await session.execute(`SELECT sum(num_rows) FROM parquet_file_metadata(${literal(paths)})`);
}

// Reading the row counts warms the footer cache on all threads; everything later comes from it.
function countsSql(paths: string[]): string {
  return `SELECT file_name AS path, num_rows AS rows, file_size_bytes AS bytes FROM parquet_file_metadata(${literal(paths)})`;
}

function footersSql(paths: string[]): string {
  const list = literal(paths);
  return `
    WITH counts AS MATERIALIZED (${countsSql(paths)}),
    signatures AS (
      SELECT file_name, md5(string_agg(concat_ws(':', name, type, repetition_type, num_children, converted_type,
        scale, precision, logical_type), ',' ORDER BY column_id)) AS signature
      FROM parquet_schema(${list}) GROUP BY file_name)
    SELECT path, rows, bytes, signature FROM counts JOIN signatures ON path = file_name`;
}

async function fileColumns(session: Session, path: string): Promise<readonly Column[]> {
  return session.describe(`SELECT * FROM read_parquet(${literal([path])}, hive_partitioning = false)`);
}

/** Why a file cannot be read, for the quarantine. */
export function unreadableReason(error: unknown): string {
  return `cannot be read: ${firstLine(error)}; upload it again`;
}

/** Whether an error says that the object does not exist (any more). */
export function isMissing(error: unknown): boolean {
  return error instanceof LotusError && error.code === "NOT_FOUND";
}
