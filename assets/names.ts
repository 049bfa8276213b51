/** The names that others rely on, each made in one place. */

/** Safe in a table name, a workflow id, an S3 prefix and a file name alike. */
const SAFE_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** The asset that stands for everything that lands. */
export const LANDING_ASSET = "landing_tables";

/** Columns that come from the path of a raw file. */
export const PATH_COLUMNS = ["year", "month", "day"] as const;

/** Column names that DuckLake keeps for itself: it refuses a table that has one, or takes it for its own. */
const LAKE_COLUMNS = [
  "row_id",
  "begin_snapshot",
  "end_snapshot",
  "_ducklake_internal_row_id",
  "_ducklake_internal_snapshot_id",
];

/** Whether no processed or enriched table may have a column of this name. */
export function isLakeColumn(name: string): boolean {
  return LAKE_COLUMNS.some((column) => sameName(column, name));
}

/** Whether a column of this name would hide DuckLake's own, by which the rows of one file leave landing again. */
export function isFileNameColumn(name: string): boolean {
  return sameName(name, "filename");
}

/** Whether a source's or stream's name may be used; see `SAFE_NAME_RULE` for what to tell its author. */
export function isSafeName(name: string): boolean {
  return SAFE_NAME.test(name);
}

export const SAFE_NAME_RULE = "letters, digits, _ and -, beginning with a letter or a digit";

export function landingTableName(source: string, stream: string): string {
  return `stg_${source}__${stream}`;
}

export function processedAssetKey(source: string, stream: string): string {
  return `int_${source}__${stream}`;
}

export function feederAssetKey(source: string, stream: string): string {
  return `feeder_${source}_${stream}`;
}

/** DuckDB compares names without regard to case. */
export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
