import { mkdtemp, readFile, rm, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { LotusError } from "../../common/errors.ts";
import { openScratch, type Session } from "../../lake/session.ts";
import { literal } from "../../lake/sql.ts";
import { provisionExtensions } from "../../platform/provision.ts";
import { deliveriesSql, syncTime } from "./deliveries.ts";
import { type TpcdsStream, tpcdsStreams } from "./streams.ts";

type Put = (key: string, body: Uint8Array) => Promise<void>;
type Report = (line: string) => void;

/** Sample data for an empty bucket. `lotus up` calls this; TPCDS_SCALE says how much (1: 2.9 million store sales). */
export async function generate(options: { put: Put; report: Report }): Promise<void> {
  await generateTpcds({ scale: readScale(process.env.TPCDS_SCALE), ...options });
}

/** A file holds at most about this many rows. */
const rowsPerFile = 50_000;
/** However few rows there are, a sync comes in several parts. */
const leastParts = 2;
const uploadsAtOnce = 8;

/**
 * Has dsdgen make the eight tables at this scale, and puts them as the raw files of 20 daily syncs: each row once as
 * it is, and many of them also out of date, before and after the right one. The same scale puts the same rows under
 * the same keys. DuckDB works from a temporary folder (1.5 GB at scale 1); one file at a time is held here.
 * @throws LotusError PROVISION_FAILED without the extension `tpcds`; what `put` throws.
 */
export async function generateTpcds(options: {
  scale: number;
  put: Put;
  report: Report;
}): Promise<{ files: number; rows: number; bytes: number }> {
  const { scale, put, report } = options;
  const { tpcds } = await provisionExtensions(["tpcds"], report);
  const folder = await mkdtemp(join(tmpdir(), "lotus-tpcds-"));
  const session = await openScratch();
  const total = { files: 0, rows: 0, bytes: 0 };
  try {
    await session.execute(`
      LOAD ${literal(tpcds)};
      SET memory_limit = '1GB';
      SET temp_directory = ${literal(join(folder, "spill"))};
      ATTACH ${literal(join(folder, "generated.duckdb"))} AS generated;
      CALL dsdgen(sf = ${literal(scale)}, catalog = 'generated');`);
    for (const stream of tpcdsStreams) {
      const { files, rows, bytes } = await writeStream(session, stream, folder, put);
      total.files += files;
      total.rows += rows;
      total.bytes += bytes;
      report(`TPC-DS ${scale}: ${stream.name}, ${files} files, ${rows} rows`);
    }
    return total;
  } finally {
    session.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const countRow = z.object({ rows: z.coerce.number() });
const fileRow = z.object({
  file: z.coerce.number(),
  sync: z.coerce.number(),
  part: z.coerce.number(),
  rows: z.coerce.number(),
});

async function writeStream(
  session: Session,
  stream: TpcdsStream,
  folder: string,
  put: Put,
): Promise<{ files: number; rows: number; bytes: number }> {
  const table = `generated.main.${stream.name}`;
  const generated = await session.queryOne(countRow, `SELECT count(*) AS rows FROM ${table}`);
  const parts = Math.max(leastParts, Math.ceil(generated.rows / 10 / rowsPerFile));
  const columns = await session.describe(table);
  const deliveries = deliveriesSql(stream, { columns, rows: generated.rows }, parts);
  // Sorted by file, so that the COPY of one file reads little more than its rows.
  await session.execute(
    `CREATE OR REPLACE TABLE generated.main.deliveries AS
     SELECT sync * ${parts} + part AS file, * FROM (${deliveries}) ORDER BY file, hash(_airbyte_raw_id)`,
  );
  const files = await session.query(
    fileRow,
    "SELECT file, sync, part, count(*) AS rows FROM generated.main.deliveries GROUP BY ALL ORDER BY file",
  );
  let bytes = 0;
  const uploads = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for (const { file, sync, part } of files) {
    const path = join(folder, `${file}.parquet`);
    await session.execute(
      `COPY (SELECT * EXCLUDE (file, sync, part) FROM generated.main.deliveries WHERE file = ${file})
       TO ${literal(path)} (FORMAT parquet)`,
    );
    const body = await readFile(path);
    await unlink(path);
    bytes += body.length;
    const upload = put(rawKey(stream.name, sync, part), body)
      .catch((error) => void failures.push(error))
      .finally(() => uploads.delete(upload));
    uploads.add(upload);
    if (uploads.size >= uploadsAtOnce) await Promise.race(uploads);
    if (failures.length > 0) break;
  }
  await Promise.all(uploads);
  if (failures.length > 0) throw failures[0];
  return { files: files.length, rows: files.reduce((rows, file) => rows + file.rows, 0), bytes };
}

/** The name that Airbyte's S3 destination gives to a part of a sync. Parts count from 0 and are not padded. */
function rawKey(stream: string, sync: number, part: number): string {
  const at = syncTime(sync);
  const [year, month, day] = new Date(at).toISOString().slice(0, 10).split("-");
  return `raw/tpcds/${stream}/year=${year}/month=${month}/day=${day}/${year}_${month}_${day}_${at}_${part}.parquet`;
}

function readScale(text: string | undefined): number {
  const scale = Number(text ?? 0.1);
  if (scale > 0 && scale <= 100) return scale;
  throw new LotusError("SETTINGS_INVALID", `TPCDS_SCALE is ${text}; set it to a number such as 0.1 or 1.`);
}
