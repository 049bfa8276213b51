import type pg from "pg";
import { z } from "zod";
import type { Lake } from "../../lake/lake.ts";
import { identifier, identifiers, literal } from "../../lake/sql.ts";
import type { ShadowColumn, ShadowTable } from "../shadow/shadow-table.ts";
import type { PinnedSnapshot } from "../snapshots.ts";
import { changesSince } from "./changes.ts";
import { copyIn } from "./copy-in.ts";
import { allRows, changedKeys, copyMessages, type LakeRows, rowsOfKeys } from "./lake-rows.ts";
import { isCurrent, type KnownRecords, readRecord, type ServedRecord, writeRecord } from "./records.ts";

/** Any number will do, as long as it is nobody else's. */
const SERVED_LOCK = 7_201_407;

/** What there is to update tables with. */
export interface Update {
  client: pg.ClientBase;
  lake: Lake;
  known: KnownRecords;
  /** Aborted when the gateway is to end. */
  signal: AbortSignal;
}

/**
 * Brings the rows that Postgres has of a table to those of a snapshot, and puts that on record, in one transaction: by
 * what the change feed tells, or all of them anew.
 * @returns false when that is for later: another gateway is at work, or the table does not stand as it is shown.
 * @throws LotusError, PgError or what Postgres says; nothing is changed then.
 */
export async function updateTable(
  update: Update,
  table: ShadowTable,
  snapshot: PinnedSnapshot,
): Promise<boolean> {
  const record = await readRecord(update.client, table.relid);
  if (record && update.known.isFresh(record) && isCurrent(record, table, snapshot)) return true;
  const attempt = (whole: boolean) =>
    inTransaction(update.client, () => bringUpToDate(update, table, snapshot, whole));
  const done = await attempt(false).catch((error) => {
    if (update.signal.aborted) throw error;
    // What the feed cannot tell, or tells wrong, all rows do.
    return attempt(true);
  });
  if (done) update.known.add(done);
  return done !== null;
}

/** Gives what is on record then; null for later. */
async function bringUpToDate(
  update: Update,
  table: ShadowTable,
  snapshot: PinnedSnapshot,
  whole: boolean,
): Promise<ServedRecord | null> {
  const { client, lake } = update;
  const change = snapshot.lastChangeOf(table);
  const held = (await isMyTurn(client)) ? await holdTable(client, table) : null;
  if (change === null || held === null) return null;
  const target = { table: change.table, snapshot: snapshot.id };
  const record = await readRecord(client, table.relid);
  const { snapshotTime, changes } = await changesSince(lake, table, record, target);
  if (changes.kind === "none" && record && record.snapshot >= target.snapshot) return record;
  if (whole || changes.kind === "unknown" || (changes.kind === "rows" && held.key.length === 0))
    await replaceRows(update, held, allRows(table, snapshot.id));
  else if (changes.kind === "rows") await redoKeys(update, held, table, snapshot.id, changes.feed);
  const written = { relid: table.relid, ...target, snapshotTime };
  await writeRecord(client, written);
  return written;
}

/** Not by TRUNCATE: it waits for whoever reads, and shows an empty table to transactions that began before. */
async function replaceRows(
  { client, lake, signal }: Update,
  { quoted }: HeldTable,
  rows: LakeRows,
): Promise<void> {
  await client.query(`DELETE FROM ${quoted}`);
  await copyIn(client, copySql(quoted), copyMessages(lake, rows, signal));
  await client.query(`ANALYZE ${quoted}`);
}

async function redoKeys(
  { client, lake, signal }: Update,
  { quoted, key }: HeldTable,
  table: ShadowTable,
  snapshot: number,
  feed: string,
): Promise<void> {
  const columns = key.map(({ column }) => column);
  const names = identifiers(key.map((part) => part.name));
  const equalities = key.map((part) => `held.${identifier(part.name)} = changed.${identifier(part.name)}`);
  await client.query(
    `CREATE TEMP TABLE lotus_changed ON COMMIT DROP AS SELECT ${names} FROM ${quoted} LIMIT 0`,
  );
  const keys = copyMessages(lake, changedKeys(columns, feed), signal);
  await copyIn(client, copySql("pg_temp.lotus_changed"), keys);
  await client.query(`
    ANALYZE pg_temp.lotus_changed;
    DELETE FROM ${quoted} AS held USING pg_temp.lotus_changed AS changed WHERE ${equalities.join(" AND ")}`);
  const rows = copyMessages(lake, rowsOfKeys(table, snapshot, columns, feed), signal);
  await copyIn(client, copySql(quoted), rows);
}

function copySql(quoted: string): string {
  return `COPY ${quoted} FROM STDIN (FORMAT binary)`;
}

/** One gateway at a time. */
async function isMyTurn(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query(`SELECT pg_try_advisory_xact_lock(${literal(SERVED_LOCK)}) AS mine`);
  return rows[0]?.mine === true;
}

/** A table whose columns stay as they are until the transaction ends. */
interface HeldTable {
  /** Its name in Postgres's SQL. */
  quoted: string;
  /** Its primary key; empty without one. `name`: in Postgres. */
  key: { name: string; column: ShadowColumn }[];
}

const shape = z.object({
  guarded: z.boolean(),
  columns: z.array(
    z.object({ number: z.number(), name: z.string(), typeOid: z.number(), typmod: z.number() }),
  ),
  key: z.array(z.number()).nullable(),
});

/** Null where it does not stand as it was shown to this gateway. */
async function holdTable(client: pg.ClientBase, table: ShadowTable): Promise<HeldTable | null> {
  const { rows: names } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1`,
    [table.relid],
  );
  const quoted = names[0]?.name;
  if (quoted === undefined) return null;
  await client.query(`LOCK TABLE ${quoted} IN ROW EXCLUSIVE MODE`);
  const { rows } = await client.query(SHAPE, [table.relid]);
  if (!rows[0]) return null;
  const { guarded, columns, key } = shape.parse(rows[0]);
  const asShown =
    columns.length === table.columns.size &&
    columns.every(({ number, typeOid, typmod }) => {
      const shown = table.columns.get(number);
      return shown?.typeOid === typeOid && shown.typmod === typmod;
    });
  if (guarded || !asShown) return null;
  const parts = (key ?? []).flatMap((number) => {
    const column = table.columns.get(number);
    const standing = columns.find((candidate) => candidate.number === number);
    return column && standing ? [{ name: standing.name, column }] : [];
  });
  return { quoted, key: parts };
}

const SHAPE = `
  SELECT c.relrowsecurity AS guarded,
    (SELECT json_agg(json_build_object('number', a.attnum, 'name', a.attname, 'typeOid', a.atttypid::bigint,
        'typmod', a.atttypmod) ORDER BY a.attnum)
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
    (SELECT to_json(k.conkey) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p') AS key
  FROM pg_class c WHERE c.oid = $1`;

async function inTransaction<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query(
    "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0",
  );
  try {
    const result = await work();
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}
