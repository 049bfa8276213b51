import { z } from "zod";
import { LotusError } from "../../common/errors.ts";
import type { Session } from "../../lake/session.ts";
import { identifier, identifiers } from "../../lake/sql.ts";
import { addColumns, createTable, lakeTable, missingColumns, tableColumns } from "../../lake/tables.ts";
import type { Column, Stream } from "../definitions.ts";
import {
  carriedColumns,
  isLater,
  latestFirst,
  processedTableColumns,
  versionColumns,
} from "../version-columns.ts";
import { HIDDEN_COLUMN, type RunnableModel } from "./runnable-model.ts";

const KEPT = "lotus_kept";
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
  const input = inputSql(stream, source, landing);
  await session.execute(
    `CREATE OR REPLACE TEMP VIEW ${view} AS SELECT * EXCLUDE (${HIDDEN_COLUMN}) FROM (${input})`,
  );
  const output = await session.describe(model.sql);
  const rewritten = await model.withHiddenColumn(landing.map((column) => column.name));
  await session.execute(`CREATE OR REPLACE TEMP VIEW ${view} AS ${input}`);
  const carried = missingColumns(carriedColumns(stream, landing), output);
  const places = identifiers([...output.map((column) => column.name), HIDDEN_COLUMN]);
  const list = [
    ...output.map((column) => identifier(column.name)),
    ...carried.map((column) => `${HIDDEN_COLUMN}.${identifier(column.name)} AS ${identifier(column.name)}`),
  ];
  return {
    columns: processedTableColumns(stream, output, landing),
    relation: `(SELECT ${list.join(", ")} FROM (${rewritten}) AS model (${places}))`,
  };
}

/** Computes the rows once, into a temporary table, for those who read them more than once. */
export async function keepRows(session: Session, rows: ModelRows): Promise<ModelRows> {
  await session.execute(`CREATE OR REPLACE TEMP TABLE ${KEPT} AS SELECT * FROM ${rows.relation}`);
  return { columns: rows.columns, relation: KEPT };
}

/** Frees what modelRows and keepRows left in the session. */
export async function freeRows(session: Session, stream: Stream): Promise<void> {
  await session.execute(
    `DROP VIEW IF EXISTS temp.${identifier(stream.landing.table)}; DROP TABLE IF EXISTS temp.${KEPT}`,
  );
}

/** What the landing table's bare name means to the model: the source's rows, deduplicated, with their versions. */
function inputSql(stream: Stream, source: string, landing: readonly Column[]): string {
  const carried = carriedColumns(stream, landing);
  const hidden = carried.map(({ name }) => `${identifier(name)} := ${identifier(name)}`).join(", ");
  const versions = versionColumns(stream, landing);
  // Not materialised, so that only the columns which the model asks for are read from the files.
  const latest =
    stream.primaryKey.length === 0
      ? ""
      : `QUALIFY row_number() OVER (PARTITION BY ${identifiers(stream.primaryKey)} ORDER BY ${latestFirst(versions)}) = 1`;
  return `SELECT *, struct_pack(${hidden}) AS ${HIDDEN_COLUMN} FROM (${source}) ${latest}`;
}

/**
 * Brings the rows into the processed table: with a key, a row that is there is updated only by a later version;
 * without one, every row is inserted. Creates the table, or adds the columns it lacks.
 * @returns how many rows were inserted or updated.
 */
export async function mergeRows(session: Session, stream: Stream, rows: ModelRows): Promise<number> {
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
  const { Count } = await session.queryOne(
    countRow,
    `MERGE INTO ${target} AS t USING ${rows.relation} AS n ON (${on})
     WHEN MATCHED AND ${isLater(versions, "n", "t")}
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
