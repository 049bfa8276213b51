/** Where raw files lie: `raw/{source}/{stream}/year=YYYY/month=MM/day=DD/{file}.parquet`, or in folders below the day's. */

/** Stands in a listed key for what cannot be in SQL text or in a request: a NUL character, bytes that are no UTF-8. */
export const UNNAMEABLE = "\u2400";

/** A raw file's place, read from its key. */
export interface RawPlace {
  year: number;
  month: number;
  day: number;
  /** What follows the day's folder: a name, or folders and a name. */
  file: string;
}

const HIVE_LAYOUT = /^year=(\d{4})\/month=(\d{1,2})\/day=(\d{1,2})\/(.+)$/s;

/** The prefix of a stream's raw files, with its closing slash. */
export function rawPrefix(source: string, stream: string): string {
  return `raw/${source}/${stream}/`;
}

/**
 * Whether an object under `prefix` is none of ours: a name, its own or a folder's, that begins with `_` or `.`. By
 * custom these are what a writer needs for itself (`_SUCCESS`, Spark's `_temporary`, `.part-0.crc`), and come and go.
 */
export function isIgnored(prefix: string, key: string): boolean {
  return /(?:^|\/)[_.]/.test(key.slice(prefix.length));
}

/** Reads a key under `prefix`, or says why it is no raw file. */
export function readPlace(prefix: string, key: string): RawPlace | { reason: string } {
  if (key.includes(UNNAMEABLE)) {
    return {
      reason: `its key holds bytes that are no text (${UNNAMEABLE} here); store it again under another name`,
    };
  }
  const match = HIVE_LAYOUT.exec(key.slice(prefix.length));
  if (!match) {
    return {
      reason: `outside the layout ${prefix}year=YYYY/month=MM/day=DD/FILE.parquet; move it to its day's folder`,
    };
  }
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const file = match[4] as string;
  const date = new Date(Date.UTC(year, month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) {
    return { reason: `its folder names no day of the calendar: ${year}-${month}-${day}` };
  }
  if (!file.endsWith(".parquet"))
    return { reason: "not a Parquet file by its name; raw files end in .parquet" };
  return { year, month, day, file };
}

/** The partition day as text that sorts: `2026-01-09`. */
export function dayOf(place: RawPlace): string {
  return [
    String(place.year).padStart(4, "0"),
    String(place.month).padStart(2, "0"),
    String(place.day).padStart(2, "0"),
  ].join("-");
}

/**
 * The order in which raw files are fed: by partition day, then by file name with numbers compared as numbers,
 * since Airbyte does not pad its part numbers (`..._9.parquet` comes before `..._10.parquet`). A total order.
 */
export function comparePlaces(left: RawPlace, right: RawPlace): number {
  return (
    left.year - right.year ||
    left.month - right.month ||
    left.day - right.day ||
    compareNatural(left.file, right.file) ||
    comparePlain(left.file, right.file)
  );
}

function compareNatural(left: string, right: string): number {
  const leftTokens = left.match(/\d+|\D+/g) ?? [];
  const rightTokens = right.match(/\d+|\D+/g) ?? [];
  for (let index = 0; index < Math.min(leftTokens.length, rightTokens.length); index += 1) {
    const [a, b] = [leftTokens[index] as string, rightTokens[index] as string];
    const order = isNumber(a) && isNumber(b) ? comparePlain(BigInt(a), BigInt(b)) : comparePlain(a, b);
    if (order !== 0) return order;
  }
  return leftTokens.length - rightTokens.length;
}

function isNumber(token: string): boolean {
  return token.charCodeAt(0) >= 48 && token.charCodeAt(0) <= 57;
}

function comparePlain<T extends string | bigint>(left: T, right: T): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The key after which a listing finds everything from `lookbackDays` before the cursor's day on. */
export function listingStart(prefix: string, cursorKey: string, lookbackDays: number): string | null {
  const place = readPlace(prefix, cursorKey);
  if ("reason" in place) return null;
  const from = new Date(Date.UTC(place.year, place.month - 1, place.day) - lookbackDays * 86_400_000);
  const folder = {
    year: from.getUTCFullYear(),
    month: from.getUTCMonth() + 1,
    day: from.getUTCDate(),
    file: "",
  };
  const [year, month, day] = dayOf(folder).split("-");
  return `${prefix}year=${year}/month=${month}/day=${day}/`;
}
