import { z } from "zod";
import { isModelFault } from "../../lake/faults.ts";
import type { Session } from "../../lake/session.ts";
import { identifier } from "../../lake/sql.ts";
import { lakeTable } from "../../lake/tables.ts";
import type { Column, Stream } from "../definitions.ts";
import { modelFault } from "../model-fault.ts";
import { replaceRows } from "../replace-rows.ts";
import { shapeTable } from "../shape-table.ts";
import type { FeederContext } from "./feed-batch.ts";
import { readLandingSql } from "./landing.ts";
import { addOlderRows, checkUniqueKey, freeRows, keepRows, type ModelRows, modelRows } from "./processed.ts";

const GENERATION = "_airbyte_generation_id";
const rowsRow = z.object({ rows: z.coerce.number() });

/**
 * Brings the processed table to what the model makes of landing, inside the caller's transaction; only rows that
 * differ are written. `present` are the columns that the table has, null where there is none.
 * @returns how many rows it has then, and how many were written.
 */
export async function rewriteProcessed(
  session: Session,
  { stream, model }: FeederContext,
  options: { landing: Column[]; present: Column[] | null; keepOlder: boolean },
): Promise<{ rows: number; changedRows: number }> {
  const { landing, present, keepOlder } = options;
  const table = { schema: "main", name: stream.processed.asset } as const;
  let made: ModelRows;
  try {
    const source = rebuildSource(stream, landing);
    const rows = await modelRows(session, stream, model, source, landing);
    made = await keepRows(session, rows);
    if (keepOlder) made = await addOlderRows(session, stream, made, present ?? []);
    if (keepOlder || stream.processed.head.unique_key) await checkUniqueKey(session, stream, made);
  } catch (error) {
    if (!isModelFault(error)) throw error;
    throw modelFault(table.name, stream.processed.file, error);
  }
  await shapeTable(session, table, stream.processed.head, present, made.columns);
  const changedRows = await replaceRows(session, {
    table,
    fresh: made.relation,
    columns: made.columns.map((column) => column.name),
    key: stream.processed.uniqueKey,
  });
  await freeRows(session, stream);
  const { rows } = await session.queryOne(rowsRow, `SELECT count(*) AS rows FROM ${lakeTable(table)}`);
  return { rows, changedRows };
}

function rebuildSource(stream: Stream, landing: { name: string; type: string }[]): string {
  const all = readLandingSql(stream, landing);
  if (stream.destinationSyncMode !== "overwrite") return all;
  const source = lakeTable({ schema: "staging", name: stream.landing.table });
  return `${all} WHERE ${identifier(GENERATION)} IS NOT DISTINCT FROM
    (SELECT max(${identifier(GENERATION)}) FROM ${source})`;
}
