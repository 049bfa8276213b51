import { z } from "zod";
import { LotusError } from "../../common/errors.ts";
import type { Session } from "../../lake/session.ts";
import { identifier, identifiers, literal } from "../../lake/sql.ts";
import { addColumns, createTable, lakeTable, missingColumns, tableColumns } from "../../lake/tables.ts";
import { findColumn, storedColumns, storedItems } from "../columns.ts";
import type { Column, Stream } from "../definitions.ts";
import {
  carriedColumns,
  isLater,
  latestFirst,
  processedTableColumns,
  versionColumns,
} from "../version-columns.ts";
import { hiddenColumn, type RunnableModel } from "./runnable-model.ts";

const KEPT = "lotus_kept";
const MERGED = "lotus_merged";
const countRow = z.object({ Count: z.coerce.number() });

/** Rows that a model makes of landed rows, readable in the session that they were asked for in. */
export interface ModelRows {
  columns: Column[];
  /** A FROM item. */
  relation: string;
}

/**
 * The processed model over `source`, a SELECT of landed rows, one row for each primary key, the latest. Nothing is
 * computed yet: whoever reads the relation runs it, and meets what the model or the source throws.
 * @throws LotusError when the model does not bind.
 */
export async function modelRows(
  session: Session,
  stream: Stream,
  model: RunnableModel,
  source: string,
  landing: readonly Column[],
): Promise<ModelRows> {
  const view = identifier(stream.landing.table);
  const hidden = hiddenColumn(landing.map((column) => column.name));
  const input = inputSql(stream, source, landing, hidden);
  await session.execute(
    `CREATE OR REPLACE TEMP VIEW ${view} AS SELECT * EXCLUDE (${hidden}) FROM (${input})`,
  );
  const selected = await session.describe(model.sql);
  const output = storedColumns(selected);
  const rewritten = await model.withHiddenColumn(landing.map((column) => column.name));
  await session.execute(`CREATE OR REPLACE TEMP VIEW ${view} AS ${input}`);
  const carried = missingColumns(carriedColumns(stream, landing), output);
  const names = output.map((column) => column.name);
  const last = hiddenColumn(names);
  const list = [
    ...storedItems(selected),
    ...carried.map(({ name }) => `${last}.${identifier(name)} AS ${identifier(name)}`),
  ];
  return {
    columns: processedTableColumns(stream, output, landing),
    relation: `(SELECT ${list.join(", ")} FROM (${rewritten}) AS model (${identifiers([...names, last])}))`,
  };
}

/** Computes the rows once, into a temporary table, for those who read them more than once. */
export async function keepRows(session: Session, rows: ModelRows): Promise<ModelRows> {
  await session.execute(`CREATE OR REPLACE TEMP TABLE ${KEPT} AS SELECT * FROM ${rows.relation}`);
  return { columns: rows.columns, relation: KEPT };
}

/**
 * The rows that the processed table should have when `made` are those of landing, which does not hold all that was fed:
 * made rows as they are, unless the table has a later version of one; and the table's rows whose keys are not among
 * them. What older rows do not have, they have NULL in. Computed into a temporary table.
 * @param present the columns of the processed table.
 */
export async function addOlderRows(
  session: Session,
  stream: Stream,
  made: ModelRows,
  present: readonly Column[],
): Promise<ModelRows> {
  const { asset, uniqueKey } = stream.processed;
  const older = made.columns.map(({ name, type }) => {
    const value = findColumn(present, name) ? identifier(name) : "NULL";
    return `${value}::${type} AS ${identifier(name)}`;
  });
  const table = `(SELECT ${older.join(", ")} FROM ${lakeTable({ schema: "main", name: asset })})`;
  const sameKey = uniqueKey
    .map((name) => `t.${identifier(name)} IS NOT DISTINCT FROM n.${identifier(name)}`)
    .join(" AND ");
  const tableIsLater = isLater(versionColumns(stream, made.columns), "t", "n");
  // Joins, since NOT EXISTS took twice as long: of a million rows on either side 2 s, else 5.
  await session.execute(`
    CREATE OR REPLACE TEMP TABLE ${MERGED} AS
    SELECT n.* FROM ${made.relation} AS n
      LEFT JOIN (SELECT *, TRUE AS lotus_other FROM ${table}) AS t ON (${sameKey})
      WHERE lotus_other IS NULL OR NOT ${tableIsLater}
    UNION ALL
    SELECT t.* FROM ${table} AS t
      LEFT JOIN (SELECT *, TRUE AS lotus_other FROM ${made.relation}) AS n ON (${sameKey})
      WHERE lotus_other IS NULL OR ${tableIsLater}`);
  return { columns: made.columns, relation: MERGED };
}

/** Adds further rows of the same model to those kept. */
export async function keepMoreRows(session: Session, rows: ModelRows): Promise<ModelRows> {
  await session.execute(`INSERT INTO ${KEPT} SELECT * FROM ${rows.relation}`);
  return { columns: rows.columns, relation: KEPT };
}

/**
 * A SELECT of one of `parts` parts, from 0, of the rows of `relation`: those whose key's hash falls in it. The bits are
 * none that DuckDB's own hash tables and partitions of a part's rows go by.
 */
export function partSql(relation: string, key: readonly string[], part: number, parts: number): string {
  return `SELECT * FROM ${relation} WHERE (hash(${identifiers(key)}) >> 24) % ${literal(parts)} = ${literal(part)}`;
}

/** Frees what modelRows, keepRows and addOlderRows left in the session. */
export async function freeRows(session: Session, stream: Stream): Promise<void> {
  await session.execute(
    `DROP VIEW IF EXISTS temp.${identifier(stream.landing.table)}; DROP TABLE IF EXISTS temp.${KEPT};
     DROP TABLE IF EXISTS temp.${MERGED}`,
  );
}

/** What the landing table's bare name means to the model: the source's rows, deduplicated, with their versions. */
function inputSql(stream: Stream, source: string, landing: readonly Column[], hidden: string): string {
  const carried = carriedColumns(stream, landing);
  const version = carried.map(({ name }) => `${identifier(name)} := ${identifier(name)}`).join(", ");
  const versions = versionColumns(stream, landing);
  // Not materialised, so that only the columns which the model asks for are read from the files.
  const latest =
    stream.primaryKey.length === 0
      ? ""
      : `QUALIFY row_number() OVER (PARTITION BY ${identifiers(stream.primaryKey)} ORDER BY ${latestFirst(versions)}) = 1`;
  return `SELECT *, struct_pack(${version}) AS ${hidden} FROM (${source}) ${latest}`;
}

/**
 * Which of two rows of one key and equal versions stays: the one that the table has, or the one that comes in;
 * `different`: the one that comes in, where it differs.
 */
export type Ties = "present" | "new" | "different";

/**
 * Brings the rows into the processed table: with a key, a row that is there is updated only by a later version, or
 * by an equal one where `ties` says so; without one, every row is inserted. Creates the table, or adds the columns it lacks.
 * @returns how many rows were inserted or updated.
 */
export async function mergeRows(
  session: Session,
  stream: Stream,
  rows: ModelRows,
  ties: Ties = "present",
): Promise<number> {
  const present = await reconcileProcessed(session, stream, rows.columns);
  const names = rows.columns.map((column) => column.name);
  const target = lakeTable({ schema: "main", name: stream.processed.asset });
  const key = stream.processed.uniqueKey;
  if (key.length === 0 || present === null) {
    const { Count } = await session.queryOne(
      countRow,
      `INSERT INTO ${target} (${identifiers(names)}) SELECT ${identifiers(names)} FROM ${rows.relation} AS n`,
    );
    return Count;
  }
  const on = key
    .map((name) => `t.${identifier(name)} IS NOT DISTINCT FROM n.${identifier(name)}`)
    .join(" AND ");
  const versions = versionColumns(stream, rows.columns);
  const wins = ties === "present" ? isLater(versions, "n", "t") : `NOT ${isLater(versions, "t", "n")}`;
  const differs = names.map((name) => `t.${identifier(name)} IS DISTINCT FROM n.${identifier(name)}`);
  const applies = ties === "different" ? `${wins} AND (${differs.join(" OR ")})` : wins;
  const { Count } = await session.queryOne(
    countRow,
    `MERGE INTO ${target} AS t USING ${rows.relation} AS n ON (${on})
     WHEN MATCHED AND ${applies}
       THEN UPDATE SET ${names.map((name) => `${identifier(name)} = n.${identifier(name)}`).join(", ")}
     WHEN NOT MATCHED THEN INSERT (${identifiers(names)}) VALUES (${identifiers(names, "n")})`,
  );
  return Count;
}

/**
 * A key that the model's `unique_key` renames or coarsens must still be unique among rows that differ by primary key.
 * @throws LotusError MODEL_FAILED
 */
export async function checkUniqueKey(session: Session, stream: Stream, rows: ModelRows): Promise<void> {
  const key = stream.processed.uniqueKey;
  if (key.length === 0) return;
  const [duplicate] = await session.queryRaw(
    `SELECT ${identifiers(key)} FROM ${rows.relation} GROUP BY ALL HAVING count(*) > 1 LIMIT 1`,
  );
  if (!duplicate) return;
  throw new LotusError(
    "MODEL_FAILED",
    `${stream.processed.asset}: unique_key (${key.join(", ")}) is not unique: ${JSON.stringify(duplicate)} comes from several rows of ` +
      "different primary keys. Correct unique_key in the model's head.",
  );
}

async function reconcileProcessed(
  session: Session,
  stream: Stream,
  columns: Column[],
): Promise<Column[] | null> {
  const table = { schema: "main", name: stream.processed.asset } as const;
  const present = await tableColumns(session, table);
  if (present === null) await createTable(session, table, columns);
  else await addColumns(session, table, missingColumns(columns, present));
  return present;
}
