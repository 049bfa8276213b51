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

const STAGED = "lotus_staged";
const countRow = z.object({ Count: z.coerce.number() });
const rowsRow = z.object({ rows: z.coerce.number() });

/** Rows that a model made of landed rows, in a temporary table of the session. */
export interface StagedRows {
  columns: Column[];
  rows: number;
}

/**
 * Runs the processed model over `source`, a SELECT of landed rows, one row for each primary key, the latest; the
 * result is kept in a temporary table.
 * @throws LotusError MODEL_FAILED, or what reading the source throws: the caller tells them apart.
 */
export async function stageRows(
  session: Session,
  stream: Stream,
  model: RunnableModel,
  source: string,
  landing: readonly Column[],
): Promise<StagedRows> {
  const view = identifier(stream.landing.table);
  const input = inputSql(stream, source, landing);
  await session.execute(
    `CREATE OR REPLACE TEMP VIEW ${view} AS SELECT * EXCLUDE (${HIDDEN_COLUMN}) FROM (${input})`,
  );
  const output = await session.describe(model.sql);
  const rewritten = await model.withHiddenColumn(landing.map((column) => column.name));
  await session.execute(`CREATE OR REPLACE TEMP VIEW ${view} AS ${input}`);
  const columns = processedTableColumns(stream, output, landing);
  const carried = missingColumns(carriedColumns(stream, landing), output);
  const places = identifiers([...output.map((column) => column.name), HIDDEN_COLUMN]);
  const list = [
    ...output.map((column) => identifier(column.name)),
    ...carried.map((column) => `${HIDDEN_COLUMN}.${identifier(column.name)} AS ${identifier(column.name)}`),
  ];
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE ${STAGED} AS SELECT ${list.join(", ")} FROM (${rewritten}) AS model (${places})`,
  );
  await session.execute(`DROP VIEW temp.${view}`);
  const { rows } = await session.queryOne(rowsRow, `SELECT count(*) AS rows FROM ${STAGED}`);
  return { columns, rows };
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
 * Brings the staged rows into the processed table: with a key, a row that is there is updated only by a later
 * version; without one, every row is inserted. Creates the table, or adds the columns it lacks.
 * @returns how many rows were inserted or updated.
 */
export async function mergeStaged(session: Session, stream: Stream, staged: StagedRows): Promise<number> {
  const present = await reconcileProcessed(session, stream, staged.columns);
  if (staged.rows === 0) return 0;
  const names = staged.columns.map((column) => column.name);
  const target = lakeTable({ schema: "main", name: stream.processed.asset });
  const key = stream.processed.uniqueKey;
  if (key.length === 0 || present === null) {
    const { Count } = await session.queryOne(
      countRow,
      `INSERT INTO ${target} (${identifiers(names)}) SELECT ${identifiers(names)} FROM ${STAGED}`,
    );
    return Count;
  }
  const on = key
    .map((name) => `t.${identifier(name)} IS NOT DISTINCT FROM n.${identifier(name)}`)
    .join(" AND ");
  const versions = versionColumns(stream, staged.columns);
  const { Count } = await session.queryOne(
    countRow,
    `MERGE INTO ${target} AS t USING ${STAGED} AS n ON (${on})
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
export async function checkUniqueKey(session: Session, stream: Stream): Promise<void> {
  const key = stream.processed.uniqueKey;
  if (key.length === 0) return;
  const [duplicate] = await session.queryRaw(
    `SELECT ${identifiers(key)} FROM ${STAGED} GROUP BY ALL HAVING count(*) > 1 LIMIT 1`,
  );
  if (!duplicate) return;
  throw new LotusError(
    "MODEL_FAILED",
    `${stream.processed.asset}: unique_key (${key.join(", ")}) is not unique: ${JSON.stringify(duplicate)} comes from several rows of ` +
      "different primary keys. Correct unique_key in the model's head.",
  );
}

/** Frees what stageRows kept. */
export async function dropStaged(session: Session): Promise<void> {
  await session.execute(`DROP TABLE IF EXISTS ${STAGED}`);
}

/** The name of the temporary table that stageRows fills. */
export const stagedTable = STAGED;

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
