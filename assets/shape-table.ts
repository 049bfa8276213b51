import type { Session } from "../lake/session.ts";
import { identifier } from "../lake/sql.ts";
import { addColumns, createTable, lakeTable, type TableName } from "../lake/tables.ts";
import type { Column, ModelHead } from "./definitions.ts";
import { PARTITION, unquoted } from "./model-output.ts";
import { sameName } from "./names.ts";

/**
 * Gives the table the model's columns before a rebuild, in place: creates it, or adds and drops columns. A column
 * whose type changed is dropped and added, and the rebuild fills it.
 */
export async function shapeTable(
  session: Session,
  table: TableName,
  head: ModelHead,
  present: readonly Column[] | null,
  output: readonly Column[],
): Promise<void> {
  if (present === null) {
    await createTable(session, table, [...output]);
    await setLayout(session, table, head);
    return;
  }
  const same = (left: Column, right: Column) => sameName(left.name, right.name) && left.type === right.type;
  const gone = present.filter((column) => !output.some((wanted) => same(column, wanted)));
  const fresh = output.filter((wanted) => !present.some((column) => same(column, wanted)));
  if (gone.length === 0) {
    await addColumns(session, table, fresh);
    // A roll-back to before such a column may have taken the layout off.
    if (fresh.length > 0) await setLayout(session, table, head);
    return;
  }
  await resetLayout(session, table);
  const renewed = fresh.filter((wanted) => gone.some((column) => sameName(column.name, wanted.name)));
  // DuckLake lets no table lose its last column, so that something has to stay until the new ones are there.
  const bare = gone.length === present.length && renewed.length === fresh.length;
  const spare = bare ? [{ name: "lotus_spare", type: "BOOLEAN" }] : [];
  await addColumns(session, table, [...fresh.filter((column) => !renewed.includes(column)), ...spare]);
  await dropColumns(session, table, gone);
  await addColumns(session, table, renewed);
  await dropColumns(session, table, spare);
  await setLayout(session, table, head);
}

async function dropColumns(session: Session, table: TableName, columns: readonly Column[]): Promise<void> {
  for (const column of columns) {
    await session.execute(`ALTER TABLE ${lakeTable(table)} DROP COLUMN ${identifier(column.name)}`);
  }
}

async function setLayout(session: Session, table: TableName, head: ModelHead): Promise<void> {
  if (head.partitioned_by) {
    const partitions = head.partitioned_by.map(partitionSql).join(", ");
    await session.execute(`ALTER TABLE ${lakeTable(table)} SET PARTITIONED BY (${partitions})`);
  }
  if (head.sorted_by) {
    await session.execute(`ALTER TABLE ${lakeTable(table)} SET SORTED BY (${head.sorted_by.join(", ")})`);
  }
}

/** A column that partitions or sorts a table cannot be dropped. */
async function resetLayout(session: Session, table: TableName): Promise<void> {
  await session.execute(`ALTER TABLE ${lakeTable(table)} RESET PARTITIONED BY`);
  await session.execute(`ALTER TABLE ${lakeTable(table)} RESET SORTED BY`);
}

/** `year(order date)` → `year("order date")`; a plain column is quoted. */
function partitionSql(item: string): string {
  const column = PARTITION.exec(item)?.[1];
  if (column === undefined) return identifier(unquoted(item));
  return `${item.slice(0, item.lastIndexOf(column))}${identifier(unquoted(column))})`;
}
