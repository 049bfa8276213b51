import { literal } from "../../lake/sql.ts";
import type { FedStream, FeederLake } from "./feeder-fixture.ts";

const CATALOG = "__ducklake_metadata_lakehouse.ducklake";

/** Gives a lake a past: dates back what was written, so that no test has to wait. */
export class LakeClock {
  readonly #lake: FeederLake;
  /** Later than any time that tests date back to, and earlier than the lake. */
  readonly #start = new Date(Date.now() - 86_400_000);

  constructor(lake: FeederLake) {
    this.#lake = lake;
  }

  /** Dates everything that has no other date yet: feedings, snapshots, files that wait to be deleted. */
  async date(time: Date): Promise<void> {
    const [then, start] = [time, this.#start].map((date) => `TIMESTAMPTZ ${literal(date.toISOString())}`);
    for (const [table, column] of [
      ["lakehouse.meta.feeder_file_log", "recorded_at"],
      [`${CATALOG}.ducklake_snapshot`, "snapshot_time"],
      [`${CATALOG}.ducklake_files_scheduled_for_deletion`, "schedule_start"],
    ]) {
      await this.#lake.query(`UPDATE ${table} SET ${column} = ${then} WHERE ${column} >= ${start}`);
    }
  }
}

/** Reads every value of every row of a stream's tables, which an object that is missing makes fail. */
export async function scan(stream: FedStream): Promise<void> {
  for (const table of [stream.landingTable, stream.processedTable]) {
    await stream.fixture.query(`SELECT sum(hash(t)) FROM ${table} AS t`);
  }
}

/** The keys of all objects under a prefix, sorted. */
export async function objectsUnder(lake: FeederLake, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of lake.store.list(prefix)) keys.push(...page.map((object) => object.key));
  return keys.sort();
}

/** The paths of the data files that the catalog's newest snapshot, or any, shows of a stream's landing table. */
export async function landingFiles(stream: FedStream, which: "now" | "ever" = "now"): Promise<string[]> {
  const rows = await stream.fixture.query(
    `SELECT f.path FROM ${CATALOG}.ducklake_data_file f JOIN ${CATALOG}.ducklake_table t USING (table_id)
     WHERE t.table_name = ${literal(stream.context.stream.landing.table)} AND t.end_snapshot IS NULL
       ${which === "now" ? "AND f.end_snapshot IS NULL" : ""} ORDER BY 1`,
  );
  return rows.map((row) => String(row.path));
}
