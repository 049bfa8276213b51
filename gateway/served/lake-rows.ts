import type { Lake } from "../../lake/lake.ts";
import { tableAt } from "../../lake/snapshots.ts";
import { identifier, identifiers } from "../../lake/sql.ts";
import { LakeCursor } from "../cursor.ts";
import type { ShadowColumn, ShadowTable } from "../shadow/shadow-table.ts";
import type { OutputColumn } from "../translate/translation.ts";
import { deliverySql } from "../values/delivery.ts";
import { ByteSink, columnEncoder, writeCopyBinaryTrailer, writeCopyTuples } from "../values/encoder.ts";

/** Rows of the lake, for a table of Postgres with these columns. */
export interface LakeRows {
  /** DuckDB's SELECT. */
  sql: string;
  columns: OutputColumn[];
}

/** A table's rows as they were at a snapshot, in its columns in Postgres. */
export function allRows(table: ShadowTable, snapshot: number): LakeRows {
  return select([...table.columns.values()], `FROM ${tableAt(table, snapshot)}`);
}

/** Of these, those whose key is among the changed ones. `feed`: a FROM item of the table's columns. */
export function rowsOfKeys(
  table: ShadowTable,
  snapshot: number,
  key: readonly ShadowColumn[],
  feed: string,
): LakeRows {
  const names = key.map(({ name }, index) => `${identifier(name)} AS ${identifier(`lotus_key_${index}`)}`);
  const equalities = key.map(
    ({ name }, index) =>
      `changed.${identifier(`lotus_key_${index}`)} IS NOT DISTINCT FROM held.${identifier(name)}`,
  );
  return select(
    [...table.columns.values()],
    `FROM (FROM ${tableAt(table, snapshot)}) AS held WHERE EXISTS (
       SELECT 1 FROM (SELECT DISTINCT ${names.join(", ")} FROM ${feed}) AS changed WHERE ${equalities.join(" AND ")})`,
  );
}

/** The keys of changed rows, before and after. */
export function changedKeys(key: readonly ShadowColumn[], feed: string): LakeRows {
  const names = identifiers(key.map(({ name }) => name));
  return select(key, `FROM (SELECT DISTINCT ${names} FROM ${feed})`);
}

function select(columns: readonly ShadowColumn[], from: string): LakeRows {
  const list = columns.map(({ name, typeOid, typmod, read }, index) => {
    const value = deliverySql(read(identifier(name)), typeOid, typmod);
    return `${value} AS ${identifier(`c${index + 1}`)}`;
  });
  return { sql: `SELECT ${list.join(", ")} ${from}`, columns: [...columns] };
}

/** Rows as the messages of a binary COPY: every value as it is, whatever the settings of either side. */
export async function* copyMessages(lake: Lake, rows: LakeRows, signal: AbortSignal): AsyncGenerator<Buffer> {
  const encoders = rows.columns.map(({ typeOid, typmod }) => columnEncoder(typeOid, typmod, 1, SETTINGS));
  const cursor = new LakeCursor({ lake, translation: rows, readsLake: true, timeZone: SETTINGS.timeZone });
  const stop = () => cursor.stop("administrator command");
  signal.addEventListener("abort", stop);
  const sink = new ByteSink();
  let begins = true;
  try {
    await cursor.open();
    for (let next = await cursor.next(ALL); next; next = await cursor.next(ALL)) {
      writeCopyTuples(next.chunk, next.from, next.to, encoders, begins, sink);
      begins = false;
      yield sink.take();
    }
    writeCopyBinaryTrailer(begins, sink);
    yield sink.take();
  } finally {
    signal.removeEventListener("abort", stop);
    cursor.close();
  }
}

const ALL = Number.POSITIVE_INFINITY;
const SETTINGS = { timeZone: "UTC", extraFloatDigits: 1 };
