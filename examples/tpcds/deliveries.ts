import type { Column } from "../../assets/definitions.ts";
import { identifier, identifiers, literal } from "../../lake/sql.ts";
import type { TpcdsStream } from "./streams.ts";

/** The first day that files lie under. One sync a day follows, each a partition of its own. */
const firstDay = Date.UTC(2026, 0, 1);
const syncCount = 20;
/** No right row comes with the first or last syncs: stale ones come up to so many syncs before and after it. */
const reach = 3;
const dayMs = 86_400_000;
const syncHourMs = 2 * 3_600_000;

/** What a raw file is called after: the sync it belongs to, counted from 0. */
export function syncTime(sync: number): number {
  return firstDay + sync * dayMs + syncHourMs;
}

/**
 * A SELECT of every row as the source's syncs delivered it, in no order, with its place: `sync` and `part`.
 * `table`: the table that dsdgen made of the stream.
 */
export function deliveriesSql(
  stream: TpcdsStream,
  table: { columns: readonly Column[]; rows: number },
  parts: number,
): string {
  const key = identifiers(stream.primaryKey);
  const values = table.columns.map((column) => {
    const name = identifier(column.name);
    return stream.primaryKey.includes(column.name)
      ? name
      : `CASE WHEN stale THEN ${staleValue(column)} ELSE ${name} END AS ${name}`;
  });
  const updatedAt = stream.cursorField === null ? [] : ["updated_at"];
  return `
    WITH keyed AS (SELECT *, hash(${key}) AS key_hash FROM generated.main.${identifier(stream.name)}),
    versions (version, share, stale) AS (VALUES ${versionRows(table.rows)}),
    -- Everything below is drawn from \`dice\`, so that a scale has the same deliveries every time.
    thrown AS (
      SELECT *, hash(key_hash, version) AS dice, ${reach} + key_hash % ${syncCount - 2 * reach} AS right_sync
      FROM keyed CROSS JOIN versions),
    placed AS (
      SELECT * EXCLUDE (right_sync), dice // 1000 % ${parts} AS part, right_sync + CASE version
          WHEN 'before' THEN -1 - (dice // 100 % ${reach})::INTEGER
          WHEN 'after' THEN 1 + (dice // 100 % ${reach})::INTEGER
          WHEN 'again' THEN (dice // 100 % 2)::INTEGER
          ELSE 0 END AS sync,
        ${syncTimeSql("right_sync")} + to_seconds((key_hash % 600)::INTEGER) AS right_extracted_at,
        right_extracted_at - to_minutes(1 + (key_hash // 600 % 1200)::INTEGER) AS right_updated_at
      FROM thrown WHERE dice % 100 < share)
    SELECT sync, part, ${values.join(", ")},
      ${[...updatedAt.map(() => `${updatedAtSql} AS updated_at`), ...airbyteColumnsSql(stream)].join(",\n      ")}
    FROM placed`;
}

/**
 * How a row comes: its share in percent of all rows, and whether its values are out of date. Late files and
 * retries bring old versions after the right one; a source delivers at least once, so that a row comes again as it is.
 */
const versions: [string, number, boolean][] = [
  ["right", 100, false],
  ["before", 30, true],
  ["beside", 5, true],
  ["after", 15, true],
  ["again", 3, false],
];

/** As SQL. Of a handful of rows, a share would be none: they come in all versions. */
function versionRows(tableRows: number): string {
  return versions
    .map(([version, share, stale]) => {
      const all = tableRows < 100 ? 100 : share;
      return `(${literal(version)}, ${all}, ${literal(stale)})`;
    })
    .join(", ");
}

/** Another value of the column's type, never the right one, at times NULL where the right one is not. */
function staleValue({ name, type }: Column): string {
  const value = identifier(name);
  const forget = `hash(dice, ${literal(name)}) % 10 = 0 AND ${value} IS NOT NULL`;
  return `CASE WHEN ${forget} THEN NULL ELSE ${otherValue(value, type)} END`;
}

function otherValue(value: string, type: string): string {
  if (type === "VARCHAR") return `coalesce(${value}, '') || ' (old)'`;
  if (type === "DATE") return `coalesce(${value} - 1, DATE '2000-01-01')`;
  if (type.startsWith("DECIMAL")) return `coalesce(-nullif(${value}, 0), 1)`;
  return `coalesce(${value} + 1, 0)`;
}

/** Of a stream with a cursor: an old version has an older one, none at all, or the same and was extracted earlier. */
const updatedAtSql = `CASE
        WHEN NOT stale THEN right_updated_at
        WHEN version = 'before' AND dice // 7 % 8 = 0 THEN NULL
        WHEN version = 'before' AND dice // 7 % 8 = 1 THEN right_updated_at
        ELSE right_updated_at - to_minutes(1 + (dice // 11 % 3000)::INTEGER) END`;

function airbyteColumnsSql({ name, cursorField, primaryKey }: TpcdsStream): string[] {
  // Without a cursor the time of extraction decides, so that a part which is uploaded late holds earlier times than
  // its name. With one it must not count: there a late version was extracted late.
  const late = cursorField === null ? "version IN ('beside', 'after')" : "FALSE";
  const id = `concat_ws('|', ${literal(name)}, ${identifiers(primaryKey)}, CASE version WHEN 'again' THEN 'right' ELSE version END)`;
  return [
    `md5(${id})::UUID::VARCHAR AS _airbyte_raw_id`,
    `CASE
        WHEN NOT stale THEN right_extracted_at
        WHEN ${late} THEN right_extracted_at - to_seconds(1 + (dice // 13 % 5000)::INTEGER)
        ELSE ${syncTimeSql("sync")} + to_seconds((dice // 13 % 600)::INTEGER) END AS _airbyte_extracted_at`,
    `'{"sync_id":' || sync || ',"changes":[]}' AS _airbyte_meta`,
    "1::BIGINT AS _airbyte_generation_id",
  ];
}

/** TIMESTAMP WITH TIME ZONE of a sync. */
function syncTimeSql(sync: string): string {
  return `to_timestamp(${syncTime(0) / 1000} + ${sync} * ${dayMs / 1000})`;
}
