/** The names that others rely on, each made in one place. */

/** Safe in a table name, a workflow id, an S3 prefix and a file name alike. */
const SAFE_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** The asset that stands for everything that lands. */
export const LANDING_ASSET = "landing_tables";

/** Columns that come from the path of a raw file. */
export const PATH_COLUMNS = ["year", "month", "day"] as const;

/**
 * Whether a landing table may not have a column of this name: it would hide DuckLake's own, by which the rows of one
 * file are told from those of others.
 */
export function isReservedColumn(name: string): boolean {
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
