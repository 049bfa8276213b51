import { identifier, identifiers, literal, qualified } from "../../lake/sql.ts";
import { grantAgain } from "./grants.ts";
import type { PresentColumn, PresentTable } from "./present.ts";
import { forgetServed } from "./records.ts";
import { REFUSAL } from "./refusal.ts";
import { MOST_COLUMNS, type WantedColumn, type WantedTable } from "./wanted.ts";

/** What brings one table in line. */
export interface TableChange {
  /** `schema.name`, in the lake where it is there. */
  table: string;
  /** Statements, to be run in one transaction. */
  sql: string;
}

/**
 * What has to be done so that the shadow database has the wanted tables and no others. A table that stays is altered,
 * so that its OID, its grants and what clients prepared stay; only one that ran out of attribute numbers (dropped
 * columns keep theirs) is made anew.
 */
export function planChanges(wanted: readonly WantedTable[], present: readonly PresentTable[]): TableChange[] {
  const standing = new Map(present.map((table) => [tableKey(table), table]));
  const names = new Set(wanted.map(tableKey));
  const gone = present.filter((table) => !names.has(tableKey(table)));
  const kept = wanted.flatMap((table) => {
    const before = standing.get(tableKey(table));
    return before === undefined ? [] : [{ table, statements: alterTable(table, before) }];
  });
  const added = wanted.filter((table) => !standing.has(tableKey(table)));
  return [
    ...gone.map((table) => ({ table: `${table.schema}.${table.name}`, sql: dropTable(table) })),
    // Before new ones: an index may have to make room for a table's name.
    ...kept
      .filter(({ statements }) => statements.length > 0)
      .map(({ table, statements }) => ({ table: lakeName(table), sql: `${statements.join(";\n")};\n` })),
    ...added.map((table) => ({ table: lakeName(table), sql: `${createTable(table).join(";\n")};\n` })),
  ];
}

/** Finds a table by its name in Postgres. */
export function tableKey({ schema, name }: { schema: string; name: string }): string {
  return qualified(schema, name);
}

/** Whether a column stands as it should. */
export function isInLine(wanted: WantedColumn, present: PresentColumn): boolean {
  return present.name === wanted.name && present.declaration === wanted.type.declaration;
}

function lakeName({ schema, lakeName }: WantedTable): string {
  return `${schema}.${lakeName}`;
}

function dropTable(table: PresentTable): string {
  return `${forgetServed(table.relid)};\nDROP TABLE ${tableKey(table)} CASCADE;\n`;
}

function createTable(table: WantedTable): string[] {
  const quoted = tableKey(table);
  return [
    `CREATE TABLE ${quoted} (${table.columns.map(declareColumn).join(", ")})`,
    grantAgain(quoted),
    ...addKey(table),
    ...(table.served ? [] : [...guard(quoted), ...addSentinel(table)]),
    ...(table.comment === null ? [] : [commentOnTable(table)]),
    ...table.columns
      .filter(({ comment }) => comment !== null)
      .map((column) => commentOnColumn(quoted, column, column.comment)),
  ];
}

function alterTable(wanted: WantedTable, present: PresentTable): string[] {
  const quoted = tableKey(wanted);
  const { kept, dropped, added } = matchColumns(wanted.columns, present.columns);
  if (present.attributes + added.length > MOST_COLUMNS) return [dropTable(present), ...createTable(wanted)];
  const retyped = kept.filter(([column, before]) => column.type.declaration !== before.declaration);
  const shapeDiffers = dropped.length + added.length + retyped.length > 0;
  const keyDiffers = JSON.stringify(wanted.key) !== JSON.stringify(present.key);
  const guardDiffers = wanted.served === present.guarded;
  const statements: string[] = [];
  if (shapeDiffers || keyDiffers || guardDiffers) {
    const nullable = kept.filter(
      ([column, before]) => before.notNull && !wanted.key?.columns.includes(column.name),
    );
    statements.push(
      ...(present.guarded && !guardDiffers ? [`DELETE FROM ${quoted}`] : emptyServed(quoted, present)),
      ...(present.key ? [`ALTER TABLE ${quoted} DROP CONSTRAINT ${identifier(present.key.name)}`] : []),
      ...alterColumns(quoted, [
        dropped.map((column) => `DROP COLUMN ${identifier(column.name)} CASCADE`),
        nullable.map(([column]) => `ALTER COLUMN ${identifier(column.name)} DROP NOT NULL`),
        retyped.map(
          ([{ name, type }]) => `ALTER COLUMN ${identifier(name)} TYPE ${type.declaration} USING NULL`,
        ),
        added.map((column) => `ADD COLUMN ${declareColumn(column)}`),
      ]),
      ...addKey(wanted),
      ...(guardDiffers ? (wanted.served ? unguard(quoted) : guard(quoted)) : []),
      ...(wanted.served ? [] : addSentinel(wanted)),
    );
  }
  if (wanted.comment !== present.comment) statements.push(commentOnTable(wanted));
  for (const [column, before] of kept)
    if (column.comment !== before.comment) statements.push(commentOnColumn(quoted, column, column.comment));
  for (const column of added)
    if (column.comment !== null) statements.push(commentOnColumn(quoted, column, column.comment));
  return statements;
}

/**
 * Takes the rows out of a table, and what is on record of them. TRUNCATE gives it another file, by which a transaction
 * that still sees the record learns that it counts no more.
 */
function emptyServed(quoted: string, { relid }: PresentTable): string[] {
  return [`TRUNCATE ${quoted}`, forgetServed(relid)];
}

/** Nobody but the owner can read the table from here on. */
function guard(quoted: string): string[] {
  return [
    `ALTER TABLE ${quoted} ENABLE ROW LEVEL SECURITY`,
    `DROP POLICY IF EXISTS ${identifier(REFUSAL.policy)} ON ${quoted}`,
    `CREATE POLICY ${identifier(REFUSAL.policy)} ON ${quoted} FOR SELECT USING (${REFUSAL.call})`,
  ];
}

/** Whoever has the privilege can read the table from here on. */
function unguard(quoted: string): string[] {
  return [
    `DROP POLICY IF EXISTS ${identifier(REFUSAL.policy)} ON ${quoted}`,
    `ALTER TABLE ${quoted} DISABLE ROW LEVEL SECURITY`,
  ];
}

/**
 * Postgres adds columns at the end only: those kept are the longest beginning of the wanted ones that stands in this
 * order already, and what comes after it is added anew.
 */
function matchColumns(
  wanted: readonly WantedColumn[],
  present: readonly PresentColumn[],
): { kept: [WantedColumn, PresentColumn][]; dropped: PresentColumn[]; added: WantedColumn[] } {
  const kept: [WantedColumn, PresentColumn][] = [];
  let from = 0;
  for (const column of wanted) {
    const at = present.findIndex(({ name }, index) => index >= from && name === column.name);
    const before = present[at];
    if (before === undefined) break;
    kept.push([column, before]);
    from = at + 1;
  }
  const stay = new Set(kept.map(([, before]) => before.number));
  return {
    kept,
    dropped: present.filter(({ number }) => !stay.has(number)),
    added: wanted.slice(kept.length),
  };
}

function alterColumns(quoted: string, groups: readonly (readonly string[])[]): string[] {
  return groups
    .filter((actions) => actions.length > 0)
    .map((actions) => `ALTER TABLE ${quoted} ${actions.join(", ")}`);
}

function declareColumn({ name, type }: WantedColumn): string {
  return `${identifier(name)} ${type.declaration}`;
}

function addKey(table: WantedTable): string[] {
  if (table.key === null) return [];
  const { name, columns } = table.key;
  return [
    `ALTER TABLE ${tableKey(table)} ADD CONSTRAINT ${identifier(name)} PRIMARY KEY (${identifiers(columns)})`,
  ];
}

/**
 * The one row of a table: a policy is asked only where there is a row. Postgres is to know that there is no more, or it
 * looks keys up in their index, and finds none to ask for.
 */
function addSentinel(table: WantedTable): string[] {
  return [insertSentinel(table), `ANALYZE ${tableKey(table)}`];
}

function insertSentinel(table: WantedTable): string {
  const key = table.key?.columns ?? [];
  if (key.length === 0) return `INSERT INTO ${tableKey(table)} DEFAULT VALUES`;
  const values = key.map((name) => {
    const declaration = table.columns.find((column) => column.name === name)?.type.declaration ?? "text";
    return `${literal(someValue(declaration))}::${declaration}`;
  });
  return `INSERT INTO ${tableKey(table)} (${identifiers(key)}) VALUES (${values.join(", ")})`;
}

/** A text that Postgres reads as a value of the type. */
function someValue(declaration: string): string {
  if (declaration.endsWith("[]")) return "{}";
  if (/^(date|timestamp)/.test(declaration)) return "2000-01-01";
  if (declaration.startsWith("time")) return "00:00+00";
  if (declaration === "uuid") return "00000000-0000-0000-0000-000000000000";
  if (declaration === "boolean") return "false";
  return /^(text|bytea)$/.test(declaration) ? "" : "0";
}

function commentOnTable(table: WantedTable): string {
  return `COMMENT ON TABLE ${tableKey(table)} IS ${literal(table.comment)}`;
}

function commentOnColumn(quoted: string, column: WantedColumn, comment: string | null): string {
  return `COMMENT ON COLUMN ${quoted}.${identifier(column.name)} IS ${literal(comment)}`;
}
