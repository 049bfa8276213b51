import type { Session } from "../lake/session.ts";
import { identifier, identifiers } from "../lake/sql.ts";
import { addColumns, createTable, lakeTable, type TableName } from "../lake/tables.ts";
import type { Column, ModelHead } from "./definitions.ts";

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
    if (head.partitioned_by) {
      await session.execute(
        `ALTER TABLE ${lakeTable(table)} SET PARTITIONED BY (${identifiers(head.partitioned_by)})`,
      );
    }
    if (head.sorted_by) {
      await session.execute(`ALTER TABLE ${lakeTable(table)} SET SORTED BY (${identifiers(head.sorted_by)})`);
    }
    return;
  }
  const same = (left: Column, right: Column) =>
    left.name.toLowerCase() === right.name.toLowerCase() && left.type === right.type;
  const gone = present.filter((column) => !output.some((wanted) => same(column, wanted)));
  const fresh = output.filter((wanted) => !present.some((column) => same(column, wanted)));
  // A table must keep a column at all times, so that new ones come first where the names allow it.
  const renewed = gone.filter((column) =>
    fresh.some((wanted) => wanted.name.toLowerCase() === column.name.toLowerCase()),
  );
  for (const column of renewed) await dropColumn(session, table, column);
  await addColumns(session, table, [...fresh]);
  for (const column of gone) if (!renewed.includes(column)) await dropColumn(session, table, column);
}

async function dropColumn(session: Session, table: TableName, column: Column): Promise<void> {
  await session.execute(`ALTER TABLE ${lakeTable(table)} DROP COLUMN ${identifier(column.name)}`);
}
