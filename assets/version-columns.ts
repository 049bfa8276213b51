import { identifier } from "../lake/sql.ts";
import { missingColumns } from "../lake/tables.ts";
import type { Column, Stream } from "./definitions.ts";

/**
 * Which of two versions of a row is later: the stream's cursor field, then `_airbyte_extracted_at`, then
 * `_airbyte_raw_id`, column by column, NULL oldest. Every processed table keeps these, whatever its SELECT passes on.
 */
export function versionColumns(stream: Stream, landing: readonly Column[]): Column[] {
  const names = [stream.cursorField, "_airbyte_extracted_at", "_airbyte_raw_id"];
  return names.flatMap((name) => {
    const column = landing.find((candidate) => candidate.name.toLowerCase() === name?.toLowerCase());
    return column ? [column] : [];
  });
}

/** Set on a row that the source deleted; such a row stays as a tombstone that enriched models do not see. */
export const TOMBSTONE_COLUMN = "_ab_cdc_deleted_at";

/** Columns that ride along beside a model's output: its versions and its tombstone mark. */
export function carriedColumns(stream: Stream, landing: readonly Column[]): Column[] {
  const tombstone = landing.find((column) => column.name.toLowerCase() === TOMBSTONE_COLUMN);
  const versions = versionColumns(stream, landing);
  return tombstone ? [...versions, ...missingColumns([tombstone], versions)] : versions;
}

/** The columns of a processed table: the model's output, then the carried columns that it does not pass on itself. */
export function processedTableColumns(
  stream: Stream,
  output: readonly Column[] = stream.processed.columns,
  landing: readonly Column[] = stream.landing.columns,
): Column[] {
  return [...output, ...missingColumns(carriedColumns(stream, landing), output)];
}

/** `left` is later than `right`: a SQL condition over two aliases, never NULL. */
export function isLater(versions: readonly Column[], left: string, right: string): string {
  let condition = "FALSE";
  for (const { name } of [...versions].reverse()) {
    const [a, b] = [`${left}.${identifier(name)}`, `${right}.${identifier(name)}`];
    const after = `(${a} IS NOT NULL AND (${b} IS NULL OR ${a} > ${b}))`;
    condition = `(${after} OR (${a} IS NOT DISTINCT FROM ${b} AND ${condition}))`;
  }
  return condition;
}

/** An ORDER BY list that puts the latest version first. */
export function latestFirst(versions: readonly Column[]): string {
  return versions.map(({ name }) => `${identifier(name)} DESC NULLS LAST`).join(", ");
}
