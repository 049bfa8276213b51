import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pLimit from "p-limit";
import { openScratch } from "../lake/session.ts";
import { literal } from "../lake/sql.ts";
import type { ObjectStore } from "../sensors/object-store.ts";

/** Raw files of one stream, `bench/events`: ids that grow, of which a part updates earlier ones. */
export interface Workload {
  name: string;
  files: number;
  rowsPerFile: number;
  days: number;
  /** Share of the rows whose id was seen in an earlier file. */
  updates: number;
  /** How many ids are there already, from 0 on; default: those of the workload's earlier files. */
  existingIds?: number;
}

/** (a) Many small files. */
export const smallFiles: Workload = {
  name: "2,000 files x 500 rows",
  files: 2000,
  rowsPerFile: 500,
  days: 30,
  updates: 0.3,
};
/** (b) Few large files, about 850 MB. */
export const largeFiles: Workload = {
  name: "40 files x 250,000 rows",
  files: 40,
  rowsPerFile: 250_000,
  days: 10,
  updates: 0.3,
};

export const SOURCE = "bench";
export const STREAM = "events";

/** The stream's config; the benches run it with the defaults unless they say otherwise. */
export function streamConfig(feeder: Record<string, string | number> = {}): object {
  return {
    stream: STREAM,
    primary_key: [["id"]],
    cursor_field: ["updated_at"],
    fields: {
      id: { type: "integer" },
      updated_at: { type: "string", format: "date-time" },
      customer_id: { type: "integer" },
      status: { type: "string" },
      amount: { type: "number" },
      quantity: { type: "integer" },
      note: { type: "string" },
      attributes: { type: "object" },
    },
    feeder: { poll: "1h", ...feeder },
  };
}

/** The key of the workload's file number `index`. */
export function keyOf(workload: Workload, index: number): string {
  const day = new Date(Date.UTC(2026, 0, 1 + Math.floor((index * workload.days) / workload.files)));
  const [year, month, date] = day.toISOString().slice(0, 10).split("-");
  const folder = `raw/${SOURCE}/${STREAM}/year=${year}/month=${month}/day=${date}`;
  return `${folder}/${year}_${month}_${date}_${1_767_225_600_000 + index * 1000}_${index}.parquet`;
}

/** How many different ids a workload holds. */
export function distinctIds(workload: Workload): number {
  const fresh = freshPerFile(workload);
  return workload.rowsPerFile + (workload.files - 1) * fresh;
}

/** Writes files `from` to `to` (exclusive) of a workload into the bucket. */
export async function landWorkload(
  store: ObjectStore,
  workload: Workload,
  from = 0,
  to = workload.files,
): Promise<number> {
  const scratch = await openScratch();
  const folder = await mkdtemp(join(tmpdir(), "lotus-bench-"));
  const limit = pLimit(4);
  const puts: Promise<void>[] = [];
  let bytes = 0;
  try {
    for (let index = from; index < to; index += 1) {
      const path = join(folder, `${index}.parquet`);
      await scratch.execute(`COPY (${rowsSql(workload, index)}) TO ${literal(path)} (FORMAT parquet)`);
      puts.push(
        limit(async () => {
          const body = await readFile(path);
          bytes += body.length;
          await store.put(keyOf(workload, index), body);
          await rm(path);
        }),
      );
      if (puts.length >= 32) await Promise.all(puts.splice(0));
    }
    await Promise.all(puts);
  } finally {
    scratch.close();
    await rm(folder, { recursive: true, force: true });
  }
  return bytes;
}

function freshPerFile({ rowsPerFile, updates }: Workload): number {
  return Math.round(rowsPerFile * (1 - updates));
}

/** The first file brings new ids only; each later one mixes new ids with updates of ids of earlier files. */
function rowsSql(workload: Workload, index: number): string {
  const { rowsPerFile } = workload;
  const fresh = index === 0 && !workload.existingIds ? rowsPerFile : freshPerFile(workload);
  const first =
    workload.existingIds ?? (index === 0 ? 0 : rowsPerFile + (index - 1) * freshPerFile(workload));
  // A multiplication by an odd prime modulo the ids so far: spread over all earlier files, without repeats in one.
  const updated = `((r * 7919 + ${index * 104_729}) % ${Math.max(first, 1)})`;
  return `
    SELECT
      CASE WHEN r < ${fresh} THEN ${first} + r ELSE ${updated} END::BIGINT AS id,
      TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_seconds(${index}) AS updated_at,
      (r * 31 % 50000)::BIGINT AS customer_id,
      ['open', 'paid', 'shipped', 'returned'][1 + (r + ${index}) % 4] AS status,
      round((r * 37 % 100000) / 100.0, 2)::DOUBLE AS amount,
      (1 + r % 9)::BIGINT AS quantity,
      'note ' || md5((r * 13 + ${index})::VARCHAR) AS note,
      '{"channel":"' || ['web', 'app', 'shop'][1 + r % 3] || '","step":' || (r % 100) || '}' AS attributes,
      md5(${index}::VARCHAR || '-' || r::VARCHAR) AS _airbyte_raw_id,
      TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_seconds(${index}) AS _airbyte_extracted_at,
      '{}' AS _airbyte_meta,
      0::BIGINT AS _airbyte_generation_id
    FROM range(${rowsPerFile}) t(r)`;
}
