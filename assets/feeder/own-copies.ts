import { createHash } from "node:crypto";
import { z } from "zod";
import { isContentFault } from "../../lake/faults.ts";
import type { Session } from "../../lake/session.ts";
import { identifier, literal } from "../../lake/sql.ts";
import type { WaitingFile } from "../../sensors/batch-plan.ts";
import type { ObjectStore } from "../../sensors/object-store.ts";
import { dayOf } from "../../sensors/raw-layout.ts";
import type { Column, Stream } from "../definitions.ts";
import { isNested, parseType } from "./column-types.ts";
import { type Misfit, misfitReason } from "./fit.ts";
import { readEverythingSql } from "./probe.ts";
import { type InspectedFile, type RejectedFile, unreadableReason } from "./raw-files.ts";

/**
 * Bytes that cannot be registered where they lie come in as a file of the lake's own, under its data path: keys
 * that DuckDB would read as a pattern, columns that need a conversion, and objects that replace what was fed under
 * their key. The name follows from key, etag and what is replaced, so that a second attempt writes the same object
 * again, and no name that the lake has given up ever comes back: clean-up may still have to delete it.
 */

/**
 * The path under which DuckDB reads a raw file; copies the object first where its key cannot be a path, or where
 * another object was seen under the same key before (`seenBefore`): DuckDB caches what it saw under a path.
 * @returns null when the object that was listed is not there any more.
 */
export async function readablePath(
  store: ObjectStore,
  stream: Stream,
  file: WaitingFile,
  seenBefore: boolean,
): Promise<string | null> {
  if (!seenBefore && file.replaces === undefined && isReadablePath(file.key)) return store.url(file.key);
  const key = ownKey(stream, file, "copy");
  return (await store.copy(file, key)) ? store.url(key) : null;
}

/**
 * DuckDB takes these for a glob or a query string, and a backslash for a separator, and has no escape for them; control
 * characters and empty folders it sends as they are. A folder `x=y` below the day's would become a column.
 */
export function isReadablePath(key: string): boolean {
  return !/[*?[\]\\\p{Cc}]|\/\//u.test(key) && !/\/day=[^/]*\/(?:[^/]*\/)*[^/]*=[^/]*\//.test(key);
}

const faultsRow = z.record(z.string(), z.coerce.number());

/**
 * Writes a copy of a raw file with its misfitting columns in the landing table's types, when not a single value
 * would change by it: each value, converted and converted back, must be the same. A column without values fits
 * whatever its type. No copy where the lake reads the file as it is once its values are known to have room.
 */
export async function convertFile(
  session: Session,
  store: ObjectStore,
  stream: Stream,
  file: InspectedFile,
  misfits: readonly Misfit[],
): Promise<InspectedFile | RejectedFile> {
  const source = `read_parquet(${literal([file.path])}, hive_partitioning = false)`;
  const path = store.url(ownKey(stream, file, "converted"));
  const [leftOut, kept] = [
    misfits.filter((misfit) => misfit.fit === "left-out"),
    misfits.filter((misfit) => misfit.fit !== "left-out"),
  ];
  try {
    const lost = await findLost(session, source, kept);
    if (lost) return { ...file, reason: misfitReason(lost) };
    await session.execute(readEverythingSql(source));
    if (misfits.every((misfit) => misfit.fit === "if-kept")) return file;
    await session.execute(
      `COPY (SELECT ${selected(leftOut, kept)} FROM ${source}) TO ${literal(path)} (FORMAT parquet)`,
    );
  } catch (error) {
    if (!isContentFault(error)) throw error;
    return { ...file, reason: unreadableReason(error) };
  }
  const types = new Map(kept.map((misfit) => [misfit.column, misfit.landingType]));
  const columns: Column[] = file.columns
    .filter((column) => !leftOut.some((misfit) => misfit.column === column.name))
    .map((column) => ({ name: column.name, type: types.get(column.name) ?? column.type }));
  return { ...file, path, columns };
}

function selected(leftOut: readonly Misfit[], kept: readonly Misfit[]): string {
  const names = leftOut.map((misfit) => identifier(misfit.column));
  const values = kept.map((misfit) => `${convert(misfit)} AS ${identifier(misfit.column)}`);
  return [
    "*",
    ...(names.length > 0 ? [`EXCLUDE (${names.join(", ")})`] : []),
    ...(values.length > 0 ? [`REPLACE (${values.join(", ")})`] : []),
  ].join(" ");
}

/** The first column of which a value would change; undefined when none would. */
async function findLost(
  session: Session,
  source: string,
  misfits: readonly Misfit[],
): Promise<Misfit | undefined> {
  if (misfits.length === 0) return undefined;
  const checks = misfits.map(
    (misfit, index) =>
      `count(*) FILTER (WHERE ${identifier(misfit.column)} IS NOT NULL AND NOT (${convert(misfit)} IS NOT NULL AND ${survives(misfit)})) AS "${index}"`,
  );
  const faults = await session.queryOne(faultsRow, `SELECT ${checks.join(", ")} FROM ${source}`);
  return misfits.find((_, index) => faults[String(index)] !== 0);
}

/** Types that TRY_CAST rounds into, fails over infinity in, and makes NULL of TIMESTAMP_NS in. */
const UNITS: Record<string, string> = { TIMESTAMP_S: "second", TIMESTAMP_MS: "millisecond" };

function convert({ column, fileType, landingType, fit }: Misfit): string {
  const value = identifier(column);
  if (fit === "never") return `NULL::${landingType}`;
  if (landingType === "VARCHAR" && isNestedType(fileType)) return `to_json(${value})::VARCHAR`;
  if (landingType === "VARCHAR" && fileType === "BLOB") return `TRY(decode(${value}))`;
  if (UNITS[landingType]) return `TRY_CAST(${value}::TIMESTAMP AS ${landingType})`;
  if (landingType === "TIMESTAMP_NS") {
    // TRY_CAST fails over what it should give NULL for, and wraps infinity.
    return `CASE WHEN TRY_CAST(${value} AS TIMESTAMP) BETWEEN ${NANOSECONDS} THEN ${value}::${landingType} END`;
  }
  return cast(value, fileType, landingType);
}

function cast(value: string, from: string, to: string): string {
  const kinds = [from, to].map((type) => (/^(FLOAT|DOUBLE)$/.test(type) ? "floating" : parseType(type).kind));
  // Straight, 1.5::FLOAT becomes 1.5000000512::DECIMAL(38,10), and 1.5 again on the way back.
  const throughText = kinds.includes("floating") && kinds.includes("decimal");
  return `TRY_CAST(${throughText ? `${value}::VARCHAR` : value} AS ${to})`;
}

/** The first and the last moment that nanoseconds since 1970 in 64 bits can tell, in microseconds. */
const NANOSECONDS = "TIMESTAMP '1677-09-21 00:12:43.145225' AND TIMESTAMP '2262-04-11 23:47:16.854775'";

/** A condition: the value is the same after its conversion. */
function survives(misfit: Misfit): string {
  const { fileType, landingType, fit } = misfit;
  const value = identifier(misfit.column);
  if (fit === "never") return "FALSE";
  if (landingType === "VARCHAR" && isNestedType(fileType)) return "TRUE";
  if (landingType === "VARCHAR" && fileType === "BLOB") return "TRUE";
  if (landingType === "TIMESTAMP_NS") return "TRUE";
  const unit = UNITS[landingType];
  if (unit) return `isfinite(${value}::TIMESTAMP) AND date_trunc(${literal(unit)}, ${value}) = ${value}`;
  return `${cast(convert(misfit), landingType, fileType)} IS NOT DISTINCT FROM ${value}`;
}

function isNestedType(type: string): boolean {
  return isNested(parseType(type));
}

function ownKey(stream: Stream, file: WaitingFile, purpose: string): string {
  const identity = [file.key, file.etag, ...(file.replaces === undefined ? [] : [file.replaces])].join("\0");
  const digest = createHash("sha256").update(identity).digest("hex").slice(0, 32);
  const [year, month, day] = dayOf(file.place).split("-");
  return `lakehouse/landed/${stream.source}/${stream.stream}/year=${year}/month=${month}/day=${day}/${purpose}-${digest}.parquet`;
}
